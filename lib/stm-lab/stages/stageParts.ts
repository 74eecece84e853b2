import { divergedError, isDivergence } from 'research-basics/errors';
import type { StageContext } from './context';
import type { StageFailure } from './stageRecord';

/** Runs the parts of a stage: one that diverges is reported and left out; the others continue. */
export interface StageParts {
  /** Those without a result so far. */
  readonly failed: readonly StageFailure[];
  /** @returns the part's result, or undefined when it diverged; whatever else it throws is thrown. */
  attempt<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** The parts of one run of a stage. */
export function stageParts({ warn }: Pick<StageContext, 'warn'>): StageParts {
  const failed: StageFailure[] = [];
  return {
    failed,
    async attempt(name, work) {
      try {
        return await work();
      } catch (error) {
        if (!isDivergence(error)) throw error;
        warn?.(`${name}: ${error.message}`);
        failed.push({ name, reason: error.message });
        return undefined;
      }
    },
  };
}

/**
 * Scores of one training, as they are.
 *
 * @throws UserError (`diverged`) naming the first that is not a number: JSON and reports have none.
 */
export function finiteScores<T extends Readonly<Record<string, number>>>(scores: T): T {
  const wrong = Object.entries(scores).find(([, value]) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw divergedError(
      `its score ${wrong[0]} is ${wrong[1]}, and nothing of it is stored; check that the recordings tested hold what is scored`,
    );
  return scores;
}
