import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `importancesFigure`. */
export interface ImportancesInput extends FigureText {
  readonly importances: readonly { readonly name: string; readonly importance: number }[];
  /** How they were computed, e.g. "fANOVA"; named on the axis. */
  readonly method: string;
}

/**
 * Importance of each parameter for the objective, largest first.
 *
 * @throws UserError (`input`) when there is none.
 */
export function importancesFigure(input: ImportancesInput): FigureSpec {
  if (input.importances.length === 0)
    throw inputError('importances figure: no parameters; give at least one');
  const sorted = [...input.importances].sort((a, b) => b.importance - a.importance);
  const y = {
    field: 'name',
    type: 'nominal',
    sort: null,
    axis: { title: null, ticks: false, domain: false, labelPadding: 6 },
  };
  const x = {
    field: 'importance',
    type: 'quantitative',
    scale: { domain: [0, Math.max(...sorted.map((entry) => entry.importance), 1e-9)], nice: true },
    axis: { title: `Importance (${input.method})`, tickCount: 6 },
  };
  return composeFigure(
    {
      width: 380,
      height: { step: 22 },
      data: {
        values: sorted.map(({ name, importance }) => ({
          name,
          importance: compact(importance),
          text: importance.toFixed(2),
        })),
      },
      encoding: { y },
      layer: [
        { mark: { type: 'bar', color: CLASS_COLOURS[0], tooltip: true }, encoding: { x } },
        { mark: { type: 'text', align: 'left', dx: 4 }, encoding: { x, text: { field: 'text' } } },
      ],
    },
    { ...input, defaultTitle: 'Which parameters matter', widthPx: 480 },
  );
}
