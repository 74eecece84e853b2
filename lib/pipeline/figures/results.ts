import { confusionFigure, learningCurvesFigure, reliabilityFigure, type FigureSpec } from '../../figures';
import { readHistory } from '../train';
import type { Workbench } from '../workbench';

/** Loss and scores by epoch. */
export async function curvesFigure(lab: Workbench): Promise<FigureSpec> {
  const { bestEpoch } = await lab.train();
  const names: Record<string, string> = { loss: 'loss', accuracy: 'accuracy', macroF1: 'macro-F1' };
  const rows = readHistory(lab.folders.model).flatMap((record) =>
    Object.entries(names).flatMap(([key, metric]) => [
      ...(record[key] === undefined
        ? []
        : [{ epoch: record['epoch']!, metric, split: 'train' as const, value: record[key] }]),
      ...(record[`val_${key}`] === undefined
        ? []
        : [{ epoch: record['epoch']!, metric, split: 'validation' as const, value: record[`val_${key}`]! }]),
    ]),
  );
  return learningCurvesFigure({ rows, bestEpoch, note: lab.note });
}

/** Confusion over the folds of the cross-validation. */
export async function confusionOfFolds(lab: Workbench): Promise<FigureSpec> {
  const { averaged, folds, repeats } = await lab.crossValidate();
  return confusionFigure({
    matrix: averaged.confusion,
    classes: averaged.classNames,
    title: `Confusion over ${folds} group-wise folds`,
    note:
      [lab.note, repeats.length > 1 ? `probabilities averaged over ${repeats.length} repeats` : undefined]
        .filter((part) => part !== undefined)
        .join('; ') || undefined,
  });
}

/** Confidence against accuracy over those folds. */
export async function reliabilityOfFolds(lab: Workbench): Promise<FigureSpec> {
  const { calibration } = (await lab.crossValidate()).averaged;
  return reliabilityFigure({ bins: calibration.bins, ece: calibration.ece, note: lab.note });
}
