import { inputError } from 'research-basics/errors';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';
import { CLASS_COLOURS, MUTED } from './theme';

/** Score of one system. */
export interface SystemScore {
  readonly system: string;
  /** e.g. "accuracy"; each is a panel. */
  readonly metric: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Scores of single seeds. */
  readonly seeds: readonly number[];
}

/** Input of `systemScoresFigure`. */
export interface SystemScoresInput extends FigureText {
  readonly scores: readonly SystemScore[];
}

/**
 * Scores of systems side by side: mean with its interval, and single seeds as small circles.
 *
 * @throws UserError (`input`) when there is no score.
 */
export function systemScoresFigure(input: SystemScoresInput): FigureSpec {
  const { scores } = input;
  if (scores.length === 0) throw inputError('system scores: no values; give at least one system');
  const metrics = [...new Set(scores.map(({ metric }) => metric))];
  const systems = [...new Set(scores.map(({ system }) => system))];
  const width = metrics.length === 1 ? 360 : 220;
  const panels = metrics.map((metric, i) => {
    const own = scores.filter((score) => score.metric === metric);
    const y = {
      field: 'system',
      type: 'nominal',
      sort: null,
      scale: { domain: systems },
      axis: { title: null, labels: i === 0, ticks: false, domain: false },
    };
    const x = (field: string): object => ({
      field,
      type: 'quantitative',
      scale: { zero: false, nice: true },
      axis: { title: metric, tickCount: 5 },
    });
    const values = own.map(({ system, value, low, high }) => ({
      system,
      value: compact(value, 4),
      low: compact(low, 4),
      high: compact(high, 4),
    }));
    return {
      width,
      height: { step: 24 },
      layer: [
        {
          data: { values },
          mark: { type: 'rule', strokeWidth: 1.6, color: CLASS_COLOURS[0] },
          encoding: { y, x: x('low'), x2: { field: 'high' } },
        },
        {
          data: {
            values: own.flatMap(({ system, seeds }) =>
              seeds.map((value, s) => ({ system, value: compact(value, 4), seed: s + 1 })),
            ),
          },
          mark: { type: 'point', size: 26, color: MUTED, tooltip: true },
          encoding: { y, x: x('value') },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, opacity: 1, size: 55, color: CLASS_COLOURS[0], tooltip: true },
          encoding: { y, x: x('value') },
        },
      ],
    };
  });
  return composeFigure(
    { concat: panels, columns: 2, spacing: 20 },
    {
      ...input,
      defaultTitle: 'Front ends with and without modulation filters',
      remarks: ['Filled: mean with 95 % interval from resampling groups; open circles: single seeds.'],
    },
  );
}
