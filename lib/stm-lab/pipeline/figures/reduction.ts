import { inputError } from 'research-basics/errors';
import { explainedVarianceFigure, splitBalanceFigure, stmGridFigure, type FigureSpec } from '../../figures';
import { componentImage } from '../../reduction';
import { planeAxes, openFeatureFolder } from '../featureFolder';
import type { ExperimentStages } from '../experimentStages';

/** Recordings and groups per fold and class. */
export async function balanceFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { balance } = await lab.split();
  return splitBalanceFigure({
    rows: balance.cells.map(({ fold, label, rows, groups }) => ({ fold, label, recordings: rows, groups })),
    note: lab.note,
  });
}

/**
 * Variance explained by the components.
 *
 * @throws UserError (`input`) for an experiment without components.
 */
export async function varianceFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { reduction } = await lab.reduce();
  const { components } = reduction;
  if (components === undefined)
    throw inputError('explained variance: this experiment reduces nothing (method "none")');
  return explainedVarianceFigure({
    ratio: components.explainedVarianceRatio,
    marks: [components.count],
    note: lab.note,
  });
}

/** The first components as patterns in the modulation plane. */
export async function componentsFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { reduction } = await lab.reduce();
  const folder = openFeatureFolder(lab.folders.features);
  folder.matrix.close();
  const shown = Math.min(6, reduction.components?.count ?? 0);
  return stmGridFigure({
    panels: Array.from({ length: shown }, (_, k) => ({
      title: `component ${k + 1}: ${(100 * reduction.components!.explainedVarianceRatio[k]!).toFixed(1)} %`,
      values: componentImage(reduction, k),
    })),
    axes: planeAxes(folder),
    colourTitle: 'Weight',
    title: 'Principal components as modulation patterns',
    note: lab.note,
  });
}
