import {
  confusionFigure,
  learningCurvesFigure,
  reliabilityFigure,
  stmGridFigure,
  type FigureSpec,
} from '../../figures';
import { readHistory } from '../train';
import { metricsNamed } from './metric';
import type { ExperimentStages } from '../experimentStages';

/** Loss and scores by epoch. */
export async function curvesFigure(lab: ExperimentStages, wanted?: string): Promise<FigureSpec> {
  const { bestEpoch } = await lab.train();
  const names = { loss: 'loss', accuracy: 'accuracy', macroF1: 'macro-F1' };
  const metrics = metricsNamed(names, wanted, 'a training');
  const rows = readHistory(lab.folders.model).flatMap((record) =>
    Object.entries(names)
      .filter(([, metric]) => metrics.includes(metric))
      .flatMap(([key, metric]) => [
        ...(record[key] === undefined
          ? []
          : [{ epoch: record['epoch']!, metric, split: 'train' as const, value: record[key] }]),
        ...(record[`val_${key}`] === undefined
          ? []
          : [
              { epoch: record['epoch']!, metric, split: 'validation' as const, value: record[`val_${key}`]! },
            ]),
      ]),
  );
  return learningCurvesFigure({ rows, bestEpoch, note: lab.note });
}

/** Confusion over the folds of the cross-validation. */
export async function confusionOfFolds(lab: ExperimentStages): Promise<FigureSpec> {
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
export async function reliabilityOfFolds(lab: ExperimentStages): Promise<FigureSpec> {
  const { calibration } = (await lab.crossValidate()).averaged;
  return reliabilityFigure({ bins: calibration.bins, ece: calibration.ece, note: lab.note });
}

/** Which cells the trained network relies on, class by class. */
export async function occlusionFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { classes, rows, patch, drops, axes } = await lab.occlude();
  const shown = classes.flatMap((name, c) =>
    rows[c] === 0 ? [] : [{ name, count: rows[c]!, drop: drops[c]! }],
  );
  const largest = Math.max(...shown.flatMap(({ drop }) => Array.from(drop, Math.abs)));
  return stmGridFigure({
    panels: shown.map(({ name, count, drop }) => ({ title: `${name} (n = ${count})`, values: drop })),
    axes,
    colour: { palette: 'diverging', domain: [-largest, largest] },
    colourTitle: 'Fall in probability',
    title: 'What the network relies on: drop in the true class’ probability when cells are hidden',
    note: [lab.note, `patches of ${patch.rateHz} Hz x ${patch.scaleCycPerOct} cyc/oct, test recordings`]
      .filter((part) => part !== undefined)
      .join('; '),
  });
}
