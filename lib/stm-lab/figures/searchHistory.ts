import { CLASS_COLOURS, MUTED, PLOT_HEIGHT } from './theme';
import { valuedTrials, type SearchDirection, type SearchTrial } from './searchTrial';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `searchHistoryFigure`. */
export interface SearchHistoryInput extends FigureText {
  readonly trials: readonly SearchTrial[];
  readonly direction: SearchDirection;
  /** Name of the objective, with unit. Default "Objective". */
  readonly objective?: string | undefined;
}

/**
 * Objective of every trial in order, and the best so far as a stair.
 *
 * @throws UserError (`input`) when no trial has a value.
 */
export function searchHistoryFigure(input: SearchHistoryInput): FigureSpec {
  const trials = valuedTrials(input.trials, 'search history').sort((a, b) => a.number - b.number);
  const better = (a: number, b: number): number =>
    input.direction === 'maximize' ? Math.max(a, b) : Math.min(a, b);
  let best = trials[0].value;
  const values = trials.map(({ number, value }) => {
    best = better(best, value);
    return { trial: number, value: compact(value), best: compact(best) };
  });
  const lost = input.trials.filter((trial) => trial.state === 'failed' || trial.state === 'pruned');
  const x = {
    field: 'trial',
    type: 'quantitative',
    scale: { nice: false, padding: 6 },
    axis: { title: 'Trial', grid: false, tickMinStep: 1, format: 'd' },
  };
  const y = (field: string): Record<string, unknown> => ({
    field,
    type: 'quantitative',
    scale: { zero: false, nice: true },
    axis: { title: input.objective ?? 'Objective' },
  });
  const kinds = ['trial', 'best so far'];
  const color = (kind: string): Record<string, unknown> => ({
    datum: kind,
    type: 'nominal',
    scale: { domain: kinds, range: [CLASS_COLOURS[1], CLASS_COLOURS[2]] },
    legend: { title: null, orient: 'top', direction: 'horizontal', offset: 4 },
  });
  return composeFigure(
    {
      width: 440,
      height: PLOT_HEIGHT - 40,
      data: { values },
      layer: [
        {
          mark: { type: 'point', filled: true, size: 32, opacity: 1, tooltip: { content: 'data' } },
          encoding: { x, y: y('value'), color: color('trial') },
        },
        {
          mark: { type: 'line', interpolate: 'step-after' },
          encoding: { x, y: y('best'), color: color('best so far') },
        },
        ...(lost.length === 0
          ? []
          : [
              {
                data: { values: lost.map(({ number, state }) => ({ trial: number, state })) },
                mark: {
                  type: 'tick',
                  orient: 'vertical',
                  thickness: 1.5,
                  size: 8,
                  color: MUTED,
                  tooltip: { content: 'data' },
                },
                encoding: { x, y: { value: PLOT_HEIGHT - 44 } },
              },
            ]),
      ],
    },
    {
      ...input,
      defaultTitle: 'Search history',
      remarks: lost.length === 0 ? [] : [`Grey ticks: ${lost.length} trials that failed or were pruned.`],
      widthPx: 500,
    },
  );
}
