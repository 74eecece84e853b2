import { inputError } from 'research-basics/errors';
import { classScale, CLASS_COLOURS, CLASS_DASHES, STROKE_LEGEND } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Where the filters of a task stand at one step of training. */
export interface DriftRow {
  readonly task: string;
  readonly step: number;
  /** What is followed, with unit, e.g. "|rate| (Hz)"; each is a panel. */
  readonly measure: string;
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/** Input of `strfDriftFigure`. */
export interface StrfDriftInput extends FigureText {
  readonly rows: readonly DriftRow[];
}

/**
 * Median tuning of the filters during training, with quartiles, one line per task.
 *
 * @throws UserError (`input`) when there is no row.
 */
export function strfDriftFigure({ rows, ...text }: StrfDriftInput): FigureSpec {
  if (rows.length === 0) throw inputError('filter drift: no records; train a layer that learns');
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const measures = [...new Set(rows.map(({ measure }) => measure))];
  // Three panels fit an output of JupyterLab beside its side bar, about 850 px.
  const width = [400, 400, 260][measures.length] ?? 196;
  const views = measures.map((measure, i) => ({
    width,
    height: 180,
    data: {
      values: rows
        .filter((row) => row.measure === measure)
        .map((row) => ({
          task: row.task,
          step: row.step,
          median: compact(row.median, 4),
          low: compact(row.lowerQuartile, 4),
          high: compact(row.upperQuartile, 4),
        })),
    },
    encoding: {
      x: { field: 'step', type: 'quantitative', axis: { title: 'Update', tickCount: 6, grid: false } },
      color: {
        field: 'task',
        type: 'nominal',
        scale: classScale(tasks, CLASS_COLOURS),
        legend: i === 0 ? STROKE_LEGEND : null,
      },
    },
    layer: [
      {
        mark: { type: 'area', opacity: 0.13 },
        encoding: {
          y: { field: 'low', type: 'quantitative', axis: { title: measure, tickCount: 5 } },
          y2: { field: 'high' },
        },
      },
      {
        mark: { type: 'line' },
        encoding: {
          y: { field: 'median', type: 'quantitative' },
          strokeDash: {
            field: 'task',
            type: 'nominal',
            scale: classScale(tasks, CLASS_DASHES),
            legend: i === 0 ? STROKE_LEGEND : null,
          },
        },
      },
    ],
  }));
  return composeFigure(
    { hconcat: views, spacing: 26 },
    {
      ...text,
      defaultTitle: 'Filter tuning during training',
      remarks: ['Lines: medians. Bands: quartiles.'],
    },
  );
}
