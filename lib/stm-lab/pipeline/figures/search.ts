import { inputError } from 'research-basics/errors';
import {
  importancesFigure,
  parallelCoordinatesFigure,
  searchHistoryFigure,
  slicesFigure,
  type FigureSpec,
  type SearchTrial,
} from '../../figures';
import { importances } from 'bayesian-optimizer';
import { metricOf, objectiveOf, objectiveTitle } from '../searchObjective';
import type { ExperimentStages } from '../experimentStages';

async function searchTrials(lab: ExperimentStages): Promise<SearchTrial[]> {
  const { trials } = await lab.search();
  return trials.flatMap(({ number, state, value, values, startedAt, finishedAt, worker }) =>
    state === 'waiting'
      ? []
      : [{ number, state, value, params: values, startMs: startedAt, endMs: finishedAt, worker }],
  );
}

/** Objective of each trial and the best so far. */
export async function historyFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const trials = await searchTrials(lab);
  return searchHistoryFigure({
    trials,
    direction: metricOf(objectiveOf(lab.experiment.search.objective).metric).direction,
    objective: objectiveName(lab),
    note: lab.note,
  });
}

/** Objective against each hyperparameter. */
export async function searchSlicesFigure(lab: ExperimentStages): Promise<FigureSpec> {
  return slicesFigure({ trials: await searchTrials(lab), objective: objectiveName(lab), note: lab.note });
}

/** Trials as lines over all hyperparameters. */
export async function searchParallelFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const trials = await searchTrials(lab);
  return parallelCoordinatesFigure({
    trials,
    direction: metricOf(objectiveOf(lab.experiment.search.objective).metric).direction,
    objective: objectiveName(lab),
    note: lab.note,
  });
}

/**
 * How much of the objective each hyperparameter accounts for.
 *
 * @throws UserError (`input`) for fewer than 4 complete trials.
 */
export async function importancesOfSearch(lab: ExperimentStages): Promise<FigureSpec> {
  const { trials } = await lab.search();
  const rows = importances(trials, lab.experiment.search.space);
  if (rows.length === 0)
    throw inputError(`importances need at least 4 complete trials, and there are ${trials.length}`);
  return importancesFigure({
    importances: rows.map(({ parameter, importance }) => ({ name: parameter, importance })),
    method: 'functional ANOVA of a random forest',
    note: lab.note,
  });
}

function objectiveName(lab: ExperimentStages): string {
  return objectiveTitle(lab.experiment.search.objective);
}
