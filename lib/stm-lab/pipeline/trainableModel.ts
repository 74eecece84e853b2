import { divergedError, inputError, UserError } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import type { Study } from 'bayesian-optimizer';
import type { Experiment } from './experiment';
import type { ModelChoice } from './modelChoice';
import type { TrialRecipe } from './hyperparameters';

/** What to throw when no trial of a study can be used: its reason is the last failure's. */
export function withoutTrials(what: string, study: Pick<Study, 'trials'>): UserError {
  const failures = study
    .trials()
    .flatMap(({ state, failure }) => (state === 'failed' ? [failure ?? ''] : []));
  const sentence = `${what} (${failures.at(-1) || 'no reason given'}); correct the space or the data and run it again`;
  const diverged = failures.length > 0 && failures.every((text) => /diverged|not a number/.test(text));
  return diverged ? divergedError(sentence) : inputError(sentence);
}

/** What a search found; results of earlier versions have no recipe. */
interface BestModel {
  readonly recipe?: TrialRecipe | undefined;
  readonly model?: ModelChoice | undefined;
}

/** Why the best trial has no single network that `trainStage` could train on its own; undefined when it has one. */
export function reasonOfNoNetwork(
  { recipe, model }: BestModel,
  features: Experiment['features'],
): string | undefined {
  // Results of earlier versions have no recipe: they searched the network alone.
  const plain =
    recipe === undefined ||
    (recipe.ensemble === 1 &&
      recipe.rateSmoothing === 0 &&
      !recipe.foldRates &&
      canonicalJson(recipe.features) === canonicalJson(features));
  if (model !== undefined && plain) return undefined;
  return `the best trial is ${model === undefined ? `of family ${recipe!.model.kind}` : 'of an ensemble or of other features'}, which has no single network to train; score it with "stm-lab compare" on best.json of the search`;
}

/**
 * The network of a search's best trial.
 *
 * @throws UserError (`input`) when there is no single one; see `reasonOfNoNetwork`.
 */
export function trainableModel(best: BestModel, features: Experiment['features']): ModelChoice {
  const reason = reasonOfNoNetwork(best, features);
  if (reason !== undefined) throw inputError(`train: ${reason}`);
  return best.model!;
}
