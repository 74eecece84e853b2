import { inputError } from 'research-basics/errors';
import type { SearchTrial } from './searchTrial';
import { CLASS_COLOURS } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `timelineFigure`. */
export interface TimelineInput extends FigureText {
  /** Those without a start are left out; a running trial lasts until `nowMs`. */
  readonly trials: readonly SearchTrial[];
  /** Milliseconds since 1970. Default: the latest time of any trial. */
  readonly nowMs?: number | undefined;
}

const STATES = ['complete', 'pruned', 'failed', 'running'] as const;

/**
 * When each trial ran and on which worker, coloured by how it ended.
 *
 * @throws UserError (`input`) when no trial has a start.
 */
export function timelineFigure(input: TimelineInput): FigureSpec {
  const started = input.trials.filter(
    (trial): trial is SearchTrial & { startMs: number } => trial.startMs !== undefined,
  );
  if (started.length === 0) throw inputError('timeline: no trial has a start; give at least one');
  const times = started.flatMap((trial) => [trial.startMs, trial.endMs ?? trial.startMs]);
  const begin = times.reduce((a, b) => Math.min(a, b));
  const end = input.nowMs ?? times.reduce((a, b) => Math.max(a, b));
  const span = (end - begin) / 1000;
  const [unit, seconds] =
    span > 7200 ? (['h', 3600] as const) : span > 300 ? (['min', 60] as const) : (['s', 1] as const);
  const values = started.map((trial) => ({
    worker: String(trial.worker ?? 'worker'),
    trial: trial.number,
    state: trial.state,
    from: compact((trial.startMs - begin) / 1000 / seconds),
    to: compact(((trial.endMs ?? end) - begin) / 1000 / seconds),
  }));
  const workers = [...new Set(values.map((entry) => entry.worker))].sort();
  const states = STATES.filter((state) => values.some((entry) => entry.state === state));
  const ranges = {
    complete: CLASS_COLOURS[0],
    pruned: CLASS_COLOURS[1],
    failed: CLASS_COLOURS[2],
    running: '#b0b0b0',
  };
  return composeFigure(
    {
      width: 540,
      height: { step: 26 },
      data: { values },
      mark: { type: 'bar', stroke: 'white', strokeWidth: 0.6, tooltip: { content: 'data' } },
      encoding: {
        x: {
          field: 'from',
          type: 'quantitative',
          scale: { nice: false, domainMin: 0 },
          axis: { title: `Time since the first trial (${unit})`, grid: false },
        },
        x2: { field: 'to' },
        y: {
          field: 'worker',
          type: 'nominal',
          sort: null,
          scale: { domain: workers },
          axis: { title: 'Worker', ticks: false, domain: false },
        },
        color: {
          field: 'state',
          type: 'nominal',
          scale: { domain: [...states], range: states.map((state) => ranges[state]) },
          legend: { title: null, orient: 'top', direction: 'horizontal', offset: 4 },
        },
      },
    },
    { ...input, defaultTitle: 'Timeline of the search', widthPx: 600 },
  );
}
