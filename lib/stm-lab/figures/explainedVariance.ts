import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, MUTED, PLOT_HEIGHT, PLOT_WIDTH } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `explainedVarianceFigure`. */
export interface ExplainedVarianceInput extends FigureText {
  /** Share of the variance of each component, 0 .. 1, largest first. */
  readonly ratio: ArrayLike<number>;
  /** Numbers of components to mark, e.g. the one that is used. Default: none. */
  readonly marks?: readonly number[] | undefined;
}

/**
 * Variance explained by the first 1, 2, 3 … components of a PCA, with marked numbers of components.
 *
 * @throws UserError (`input`) when there is no component or a mark lies beyond the last.
 */
export function explainedVarianceFigure(input: ExplainedVarianceInput): FigureSpec {
  const { ratio } = input;
  if (ratio.length === 0) throw inputError('explained-variance figure: no components; give at least one');
  const cumulative: number[] = [];
  for (let i = 0, sum = 0; i < ratio.length; i++) cumulative.push((sum += ratio[i]));
  const marks = (input.marks ?? []).map((components) => {
    if (!(Number.isInteger(components) && components >= 1 && components <= ratio.length)) {
      throw inputError(`explained-variance figure: mark at ${components} of ${ratio.length} components`);
    }
    const percent = 100 * cumulative[components - 1];
    return { components, percent, label: `${components}: ${percent.toFixed(1)} %` };
  });
  // log steps beyond the first hundred: a thousand points would show nothing more
  const shown = new Set<number>();
  for (let i = 1; i <= ratio.length; i = Math.max(i + 1, Math.floor(i * 1.02))) shown.add(i);
  shown.add(ratio.length);
  const values = [...shown].map((components) => ({
    components,
    percent: compact(100 * cumulative[components - 1]),
  }));
  const x = {
    field: 'components',
    type: 'quantitative',
    scale: { type: 'log', domain: [1, Math.max(2, ratio.length)], nice: false },
    axis: {
      title: 'Components',
      values: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      format: 'd',
    },
  };
  const y = {
    field: 'percent',
    type: 'quantitative',
    scale: { domain: [0, 100] },
    axis: { title: 'Explained variance, cumulative (%)' },
  };
  return composeFigure(
    {
      width: PLOT_WIDTH,
      height: PLOT_HEIGHT,
      layer: [
        {
          data: { values },
          mark: { type: 'line', color: CLASS_COLOURS[0], tooltip: true },
          encoding: { x, y },
        },
        ...(marks.length === 0
          ? []
          : [
              {
                data: { values: marks },
                mark: { type: 'rule', color: MUTED, strokeDash: [3, 3] },
                encoding: { x, y, y2: { datum: 0 } },
              },
              {
                data: { values: marks },
                mark: { type: 'point', color: CLASS_COLOURS[2], filled: true, size: 50, opacity: 1 },
                encoding: { x, y },
              },
              {
                data: { values: marks },
                mark: { type: 'text', align: 'right', dx: -7, dy: -7 },
                encoding: { x, y, text: { field: 'label' } },
              },
            ]),
      ],
    },
    { ...input, defaultTitle: 'Variance explained by principal components', widthPx: PLOT_WIDTH + 50 },
  );
}
