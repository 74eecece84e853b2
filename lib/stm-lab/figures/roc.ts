import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, CLASS_DASHES, classScale, MUTED } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** ROC curve of one class against all others. */
export interface RocCurve {
  readonly label: string;
  /** False positive rate, 0 .. 1, ascending. */
  readonly fpr: ArrayLike<number>;
  /** True positive rate at the same thresholds. */
  readonly tpr: ArrayLike<number>;
  /** Area under the whole curve; printed in the legend. */
  readonly auc?: number | undefined;
}

/** Input of `rocFigure`. */
export interface RocInput extends FigureText {
  readonly curves: readonly RocCurve[];
}

const MAX_POINTS = 300;

/** Corners of the curve at the drawing's resolution: a point is kept when it moved by half a pixel. */
function thinned(curve: RocCurve): number[] {
  const kept: number[] = [];
  for (let i = 0; i < curve.fpr.length; i++) {
    const before = kept.at(-1);
    const moved =
      before === undefined ||
      Math.abs(curve.fpr[i] - curve.fpr[before]) + Math.abs(curve.tpr[i] - curve.tpr[before]) >=
        2 / MAX_POINTS;
    if (moved || i === curve.fpr.length - 1) kept.push(i);
  }
  return kept;
}

/**
 * ROC curves of the classes, each against the rest, with their areas in the legend.
 *
 * @throws UserError (`input`) when there is no curve or its two lists differ in length.
 */
export function rocFigure(input: RocInput): FigureSpec {
  if (input.curves.length === 0) throw inputError('ROC figure: no curve; give at least one');
  const names = input.curves.map(({ label, auc }) =>
    auc === undefined ? label : `${label} (${auc.toFixed(3)})`,
  );
  const values = input.curves.flatMap((curve, i) => {
    if (curve.fpr.length !== curve.tpr.length || curve.fpr.length < 2) {
      throw inputError(
        `ROC figure: ${curve.label} has ${curve.fpr.length} false and ${curve.tpr.length} true positive rates`,
      );
    }
    return thinned(curve).map((at, order) => ({
      class: names[i],
      order,
      fpr: compact(curve.fpr[at], 4),
      tpr: compact(curve.tpr[at], 4),
    }));
  });
  const withArea = input.curves.some((curve) => curve.auc !== undefined);
  const unit = (field: string, title: string): Record<string, unknown> => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title, values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  });
  const legend = {
    title: withArea ? 'Class (area under curve)' : 'Class',
    symbolType: 'stroke',
    symbolSize: 300,
  };
  return composeFigure(
    {
      width: 320,
      height: 320,
      layer: [
        {
          data: { values: [{ x: 0, y: 0, x2: 1, y2: 1 }] },
          mark: { type: 'rule', strokeDash: [4, 3], color: MUTED },
          encoding: {
            x: unit('x', 'False positive rate'),
            y: unit('y', 'True positive rate'),
            x2: { field: 'x2' },
            y2: { field: 'y2' },
          },
        },
        {
          data: { values },
          mark: { type: 'line', clip: true },
          encoding: {
            x: unit('fpr', 'False positive rate'),
            y: unit('tpr', 'True positive rate'),
            order: { field: 'order', type: 'quantitative' },
            color: { field: 'class', type: 'nominal', scale: classScale(names, CLASS_COLOURS), legend },
            strokeDash: { field: 'class', type: 'nominal', scale: classScale(names, CLASS_DASHES), legend },
          },
        },
      ],
    },
    { ...input, defaultTitle: 'ROC by class, one against the rest', widthPx: 520 },
  );
}
