import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** One value of one epoch. */
export interface LearningCurveRow {
  /** Counted from 1. */
  readonly epoch: number;
  /** Name of the quantity, with unit if it has one, e.g. "loss"; each is a panel. */
  readonly metric: string;
  readonly split: 'train' | 'validation';
  readonly value: number;
  /** Seed or fold: several runs are thin lines of the same colour. Default: one run. */
  readonly run?: string | number | undefined;
}

/** Input of `learningCurvesFigure`. */
export interface LearningCurvesInput extends FigureText {
  readonly rows: readonly LearningCurveRow[];
  /** Epoch whose weights were kept; marked by a line. */
  readonly bestEpoch?: number | undefined;
}

/**
 * Training and validation curves over epochs, one panel per metric, one line per run.
 *
 * @throws UserError (`input`) when there is no row.
 */
export function learningCurvesFigure(input: LearningCurvesInput): FigureSpec {
  if (input.rows.length === 0) throw inputError('learning curves: no values; give at least one epoch');
  const metrics = [...new Set(input.rows.map((row) => row.metric))];
  const runs = new Set(input.rows.map((row) => row.run ?? 0)).size;
  const lastEpoch = Math.max(...input.rows.map((row) => row.epoch));
  const perRow = Math.min(metrics.length, 2);
  const width = perRow === 1 ? 400 : 250;
  const panels = metrics.map((metric, i) => {
    const own = input.rows.filter((row) => row.metric === metric);
    const legend = i === 0 ? { title: null, orient: 'top', direction: 'horizontal', offset: 6 } : null;
    const colour = {
      field: 'split',
      type: 'nominal',
      scale: { domain: ['train', 'validation'], range: [CLASS_COLOURS[0], CLASS_COLOURS[2]] },
      legend,
    };
    return {
      width,
      height: 180,
      layer: [
        {
          data: {
            values: own.map(({ epoch, split, value, run }) => ({
              epoch,
              split,
              value: compact(value),
              run: String(run ?? 0),
            })),
          },
          mark: {
            type: 'line',
            strokeWidth: runs > 1 ? 1 : 1.6,
            opacity: runs > 1 ? 0.75 : 1,
            tooltip: true,
            point: lastEpoch <= 12 ? { size: 18, filled: true, opacity: 1 } : false,
          },
          encoding: {
            x: {
              field: 'epoch',
              type: 'quantitative',
              scale: { domain: [Math.min(1, lastEpoch - 1), lastEpoch], nice: false },
              axis: {
                title: 'Epoch',
                grid: false,
                tickMinStep: 1,
                tickCount: Math.min(lastEpoch, 8),
                format: 'd',
              },
            },
            y: {
              field: 'value',
              type: 'quantitative',
              scale: { zero: false, nice: true },
              axis: { title: metric, tickCount: 5 },
            },
            color: colour,
            strokeDash: {
              field: 'split',
              type: 'nominal',
              scale: {
                domain: ['train', 'validation'],
                range: [
                  [1, 0],
                  [5, 2],
                ],
              },
              legend,
            },
            detail: { field: 'run', type: 'nominal' },
          },
        },
        ...(input.bestEpoch === undefined
          ? []
          : [
              {
                data: { values: [{ epoch: input.bestEpoch }] },
                mark: { type: 'rule', strokeDash: [3, 3] },
                encoding: { x: { field: 'epoch', type: 'quantitative' } },
              },
            ]),
      ],
    };
  });
  return composeFigure(
    {
      concat: panels,
      columns: perRow,
      spacing: 22,
      resolve: { scale: { color: 'independent', strokeDash: 'independent' } },
    },
    {
      ...input,
      defaultTitle: 'Learning curves',
      widthPx: perRow === 1 ? 460 : 620,
      remarks:
        input.bestEpoch === undefined
          ? []
          : [`Dashed line: epoch ${input.bestEpoch}, whose weights were kept.`],
    },
  );
}
