import type { PlaneAxes } from '../features';
import { stmGridFigure } from './stm';
import type { FigureSpec, FigureText } from './spec';

/** Input of `effectSizeFigure`. */
export interface EffectSizeInput extends FigureText {
  /** Per comparison its name ("speech − music") and d of every feature, row-major (see `cohensD`). */
  readonly comparisons: readonly { readonly title: string; readonly d: ArrayLike<number> }[];
  readonly axes: PlaneAxes;
  /** Colours end at ± this. Default 5, as published. */
  readonly limit?: number | undefined;
  /** Default `asinh`, linear up to about 2 and logarithmic beyond, as published. */
  readonly colours?: 'asinh' | 'linear' | undefined;
  /** Which standard deviation `d` was computed with; named in the figure. Default `pooled`. */
  readonly deviation?: 'pooled' | 'published' | undefined;
}

/**
 * Maps of Cohen's d between pairs of classes: red where the first has more modulation, blue where the second.
 *
 * Source: arXiv 2505.23509, effect-size figure (asinh colours, width 2, ±5).
 *
 * @throws UserError (`input`) when there is no comparison or one does not match the axes.
 */
export function effectSizeFigure(input: EffectSizeInput): FigureSpec {
  const limit = input.limit ?? 5;
  return stmGridFigure({
    ...input,
    panels: input.comparisons.map(({ title, d }) => ({ title, values: d })),
    colour: {
      palette: 'diverging',
      domain: [-limit, limit],
      transform: input.colours ?? 'asinh',
      linearWidth: 2,
    },
    colourTitle: 'Cohen’s d',
    defaultTitle: 'Effect size between classes',
    remarks:
      input.deviation === 'published'
        ? ['Published formula: divided by the standard deviation of the first class alone.']
        : [],
  });
}
