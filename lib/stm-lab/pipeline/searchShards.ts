import * as fs from 'node:fs';
import { inputError } from 'research-basics/errors';
import { createStudy } from 'bayesian-optimizer';
import { loadEngine } from '../engine';
import { sharedRun, stageRun, type StageContext } from '../stages/context';
import { openStudy, searchStage, type SearchSummary } from './search';
import { planSearch, type SearchPlan, type SearchStageOptions } from './searchPlan';
import { runTrials } from './searchTrials';

/** How far a search is that several processes share. */
export interface SearchProgress {
  readonly finished: number;
  readonly trials: number;
}

/**
 * Works on a search that other processes work on too, here or on machines that share the folder, until the study holds
 * all its trials: each is run once, and started again when its process dies. `mergeSearch` writes the result.
 */
export async function joinSearch(
  options: SearchStageOptions,
  context: StageContext = {},
): Promise<SearchProgress> {
  const plan = planSearch(options);
  await runTrials(
    options,
    plan,
    openStudy(plan, options.out, options.search),
    context,
    sharedRun(
      context,
      stageRun({ ...plan.request, engine: (await loadEngine({ signal: context.signal })).description }),
    ),
  );
  return progressOf(plan, options);
}

/** How far a shared search is; nothing is written. */
export function searchProgress(options: SearchStageOptions): SearchProgress {
  return progressOf(planSearch(options), options);
}

function progressOf({ study }: SearchPlan, { search }: SearchStageOptions): SearchProgress {
  const trials = fs.existsSync(study.journal) ? createStudy(study).trials() : [];
  const finished = trials.filter(({ state }) => state !== 'running' && state !== 'waiting').length;
  return { finished, trials: search.trials };
}

/**
 * Writes the result of a search whose trials are all there: the files of `searchStage`.
 *
 * @throws UserError (`input`) while trials are missing.
 */
export function mergeSearch(options: SearchStageOptions, context: StageContext = {}): Promise<SearchSummary> {
  const { finished, trials } = searchProgress(options);
  if (finished < trials)
    throw inputError(
      `${options.out}: ${trials - finished} of ${trials} trials are missing; run "stm-lab search" without --merge, or with --shard, to run them`,
    );
  return searchStage(options, context);
}
