import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, CLASS_SHAPES, MUTED, PLOT_HEIGHT } from './theme';
import type { SearchDirection } from './searchTrial';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** One of two objectives of a search, as an axis. */
export interface ParetoObjective {
  /** Title of its axis, with unit. */
  readonly title: string;
  readonly direction: SearchDirection;
}

/** A complete trial. */
export interface ParetoTrial {
  readonly number: number;
  /** Both objectives. */
  readonly values: readonly number[];
  /** Whether no other trial is better in one objective without being worse in the other. */
  readonly front: boolean;
}

/** Input of `paretoFigure`. */
export interface ParetoInput extends FigureText {
  readonly trials: readonly ParetoTrial[];
  /** The first is drawn upwards, the second to the right. */
  readonly objectives: readonly [ParetoObjective, ParetoObjective];
}

/**
 * Both objectives of every trial, and the Pareto front as a stair.
 *
 * @throws UserError (`input`) when no trial has both objectives.
 */
export function paretoFigure(input: ParetoInput): FigureSpec {
  const trials = input.trials.filter(({ values }) => values.length === 2 && values.every(Number.isFinite));
  if (trials.length === 0)
    throw inputError('Pareto front: no trial has both objectives yet; give at least one');
  const [first, second] = input.objectives;
  const kinds = ['Pareto front', 'dominated'];
  const values = trials.map(({ number, values: [y, x], front }) => ({
    trial: number,
    first: compact(y!),
    second: compact(x!),
    kind: kinds[front ? 0 : 1],
  }));
  // Counts and rates of several orders of magnitude.
  const across = trials.map(({ values: [, x] }) => x!);
  const log = Math.min(...across) > 0 && Math.max(...across) / Math.min(...across) >= 20;
  const x = {
    field: 'second',
    type: 'quantitative',
    axis: { title: second.title, grid: !log, labelOverlap: 'greedy', labelSeparation: 8 },
    scale: { type: log ? 'log' : 'linear', ...(log ? {} : { zero: false }), nice: true },
  };
  const y = {
    field: 'first',
    type: 'quantitative',
    axis: { title: first.title },
    scale: { zero: false, nice: true },
  };
  const colours = [CLASS_COLOURS[2], MUTED];
  return composeFigure(
    {
      width: 440,
      height: PLOT_HEIGHT - 40,
      data: { values },
      layer: [
        {
          transform: [{ filter: { field: 'kind', equal: kinds[0] } }],
          // Between two trials of the front only the worse of both is known to be reached.
          mark: {
            type: 'line',
            interpolate: second.direction === 'minimize' ? 'step-after' : 'step-before',
            color: colours[0],
          },
          encoding: { x, y, order: { field: 'second' } },
        },
        {
          mark: { type: 'point', filled: true, size: 36, opacity: 1, tooltip: { content: 'data' } },
          encoding: {
            x,
            y,
            color: {
              field: 'kind',
              type: 'nominal',
              scale: { domain: kinds, range: colours },
              legend: { title: null, orient: 'top', direction: 'horizontal', offset: 4 },
            },
            shape: {
              field: 'kind',
              type: 'nominal',
              scale: { domain: kinds, range: [CLASS_SHAPES[0], CLASS_SHAPES[3]] },
            },
          },
        },
      ],
    },
    { ...input, defaultTitle: 'Two objectives of each trial', widthPx: 500 },
  );
}
