import { inputError } from 'research-basics/errors';
import {
  importancesFigure,
  parallelCoordinatesFigure,
  slicesFigure,
  timelineFigure,
  type FigureSpec,
} from '../../figures';
import { importances, trialsByObjective } from 'bayesian-optimizer';
import { figureTrials, historyOf, paretoOf } from '../searchFigures';
import { objectivesOf } from '../searchObjective';
import { metricsNamed } from './metric';
import type { ExperimentStages } from '../experimentStages';

/** The objective that a figure shows: the first, or the one of two that is named. */
function shownObjective(lab: ExperimentStages, metric: string | undefined): number {
  const names = objectivesOf(lab.experiment.search.objective).map(({ name }) => name);
  const [shown] = metricsNamed(Object.fromEntries(names.map((name) => [name, name])), metric, 'this search');
  return names.indexOf(shown!);
}

/** Objective of each trial and the best so far. */
export async function historyFigure(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  const objective = shownObjective(lab, metric);
  const { trials } = await lab.search();
  return historyOf(trials, lab.experiment.search.objective, { objective, note: lab.note });
}

/** Objective against each hyperparameter. */
export async function searchSlicesFigure(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  return slicesFigure(await shownTrials(lab, metric));
}

/** Trials as lines over all hyperparameters. */
export async function searchParallelFigure(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  return parallelCoordinatesFigure(await shownTrials(lab, metric));
}

async function shownTrials(
  lab: ExperimentStages,
  metric: string | undefined,
): Promise<Parameters<typeof parallelCoordinatesFigure>[0]> {
  const shown = shownObjective(lab, metric);
  const { title, direction } = objectivesOf(lab.experiment.search.objective)[shown]!;
  const { trials } = await lab.search();
  return { trials: figureTrials(trials, shown), direction, objective: title, note: lab.note };
}

/** When each trial ran, and on which worker. */
export async function searchTimelineFigure(lab: ExperimentStages): Promise<FigureSpec> {
  return timelineFigure({ trials: figureTrials((await lab.search()).trials), note: lab.note });
}

/** Both objectives of each trial, and the Pareto front. */
export async function searchParetoFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { trials } = await lab.search();
  return paretoOf(trials, lab.experiment.search.objective, lab.note);
}

/**
 * How much of the objective each hyperparameter accounts for.
 *
 * @throws UserError (`input`) for fewer than 4 complete trials.
 */
export async function importancesOfSearch(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  const shown = shownObjective(lab, metric);
  const { trials } = await lab.search();
  const rows = importances(trialsByObjective(trials, shown), lab.experiment.search.space);
  if (rows.length === 0)
    throw inputError(`importances need at least 4 complete trials, and there are ${trials.length}`);
  return importancesFigure({
    importances: rows.map(({ parameter, importance }) => ({ name: parameter, importance })),
    method: 'functional ANOVA of a random forest',
    note: lab.note,
  });
}
