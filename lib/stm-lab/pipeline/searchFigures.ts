import { paretoFront, type TrialRecord } from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { paretoFigure, searchHistoryFigure, type FigureSpec, type SearchTrial } from '../figures';
import { objectivesOf, type ObjectiveSetting } from './searchObjective';

/** The trials of a study as figures take them, with the value of one of its objectives. */
export const figureTrials = (trials: readonly TrialRecord[], objective = 0): SearchTrial[] =>
  trials.flatMap(({ number, state, value, objectives, values, startedAt, finishedAt, worker }) =>
    state === 'waiting'
      ? []
      : [
          {
            ...{ number, state, value: objectives[objective] ?? value, params: values },
            ...{ startMs: startedAt, endMs: finishedAt, worker },
          },
        ],
  );

/** Course of an objective over the trials. */
export function historyOf(
  trials: readonly TrialRecord[],
  setting: ObjectiveSetting,
  { objective = 0, note }: { readonly objective?: number; readonly note?: string | undefined } = {},
): FigureSpec {
  const { title, direction } = objectivesOf(setting)[objective]!;
  return searchHistoryFigure({ trials: figureTrials(trials, objective), direction, objective: title, note });
}

/**
 * Both objectives of every trial.
 *
 * @throws UserError (`input`) for a search of one objective.
 */
export function paretoOf(
  trials: readonly TrialRecord[],
  setting: ObjectiveSetting,
  note?: string,
): FigureSpec {
  const objectives = objectivesOf(setting);
  if (objectives.length < 2)
    throw inputError('search-pareto: the search has one objective; give search.objective a list of two');
  const front = paretoFront(
    trials,
    objectives.map(({ direction }) => direction),
  ).map(({ number }) => number);
  return paretoFigure({
    trials: trials.flatMap(({ number, objectives: values }) =>
      values.length < 2 ? [] : [{ number, values, front: front.includes(number) }],
    ),
    objectives: objectives as [(typeof objectives)[number], (typeof objectives)[number]],
    note,
  });
}
