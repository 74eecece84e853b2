import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, MUTED } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Predictions whose confidence falls in one bin. */
export interface ReliabilityBin {
  /** Edges of the bin, 0 .. 1. */
  readonly from: number;
  readonly to: number;
  /** Predictions in it. */
  readonly rows: number;
  /** Their mean confidence, 0 .. 1; not read where there are none. */
  readonly confidence: number | null;
  /** Share of them that are right, 0 .. 1; not read where there are none. */
  readonly accuracy: number | null;
}

/** Input of `reliabilityFigure`. */
export interface ReliabilityInput extends FigureText {
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error, 0 .. 1; printed. */
  readonly ece?: number | undefined;
}

/**
 * Reliability diagram: accuracy over confidence (on the diagonal = calibrated), and under it how many
 * predictions each bin holds.
 *
 * Source: Guo et al. 2017, "On calibration of modern neural networks".
 *
 * @throws UserError (`input`) when no bin holds a prediction.
 */
export function reliabilityFigure(input: ReliabilityInput): FigureSpec {
  const filled = input.bins.filter((bin) => bin.rows > 0);
  if (filled.length === 0)
    throw inputError('reliability figure: every bin is empty; give at least one prediction');
  const unit = (field: string, title: string | null): Record<string, unknown> => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title, values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  });
  const curve = {
    width: 300,
    height: 300,
    layer: [
      {
        data: { values: [{ x: 0, y: 0, x2: 1, y2: 1 }] },
        mark: { type: 'rule', strokeDash: [4, 3], color: MUTED },
        encoding: {
          x: unit('x', null),
          y: unit('y', 'Accuracy (share correct)'),
          x2: { field: 'x2' },
          y2: { field: 'y2' },
        },
      },
      {
        data: {
          values: filled.map((bin) => ({
            confidence: compact(bin.confidence ?? NaN),
            accuracy: compact(bin.accuracy ?? NaN),
            predictions: bin.rows,
          })),
        },
        mark: {
          type: 'line',
          color: CLASS_COLOURS[0],
          point: { filled: true, size: 45, color: CLASS_COLOURS[0], opacity: 1 },
          tooltip: true,
        },
        encoding: { x: unit('confidence', null), y: unit('accuracy', 'Accuracy (share correct)') },
      },
    ],
  };
  const histogram = {
    width: 300,
    height: 70,
    data: { values: input.bins.map(({ from, to, rows }) => ({ from, to, predictions: rows })) },
    mark: { type: 'bar', color: CLASS_COLOURS[1], tooltip: true, binSpacing: 1 },
    encoding: {
      x: { ...unit('from', 'Confidence (probability of the predicted class)'), bin: { binned: true } },
      x2: { field: 'to' },
      y: {
        field: 'predictions',
        type: 'quantitative',
        axis: { title: 'Predictions', tickCount: 3, format: 'd' },
      },
    },
  };
  return composeFigure(
    { vconcat: [curve, histogram], spacing: 14 },
    {
      ...input,
      defaultTitle: 'Reliability of the predicted probabilities',
      remarks: input.ece === undefined ? [] : [`Expected calibration error: ${input.ece.toFixed(3)}`],
      widthPx: 350,
    },
  );
}
