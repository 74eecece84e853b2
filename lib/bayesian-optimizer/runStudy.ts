import { inputError, messageOf, UserError } from 'research-basics/errors';
import type { TrialRecord } from './sampler';
import type { Space } from './space';
import type { Outcome, Study, Trial } from './studyTypes';

/**
 * What a search minimises or maximises: the value of a configuration (or one per objective), or `pruned` when it
 * stopped early.
 */
export type Objective<S extends Space = Space> = (trial: Trial<S>) => Result | Promise<Result>;
type Result = Exclude<Outcome, 'failed'>;

export interface OptimizeOptions {
  /** Trials the study is to hold in the end, with those it holds already. */
  readonly trials: number;
  /** Stop after this many failures in a row since the start of this call. Default 3. */
  readonly maxConsecutiveFailures?: number;
  /** Called with each trial of this process as it ends. */
  readonly onTrial?: (trial: TrialRecord) => void;
  /** Asked with all trials before each new one: stop when it says so (other processes continue). */
  readonly stopWhen?: (trials: readonly TrialRecord[]) => boolean;
  /** Finish the present trial, then stop. */
  readonly signal?: AbortSignal;
}

export interface OptimizeResult {
  /** Why it stopped: the trials are done, a finite space is used up, failures in a row, `stopWhen`, or the signal. */
  readonly reason: 'trials' | 'exhausted' | 'failures' | 'stopped' | 'aborted';
  /** The last failure's sentence, after failures in a row. */
  readonly failure?: string;
}

const finished = (trial: TrialRecord): boolean =>
  trial.state === 'complete' || trial.state === 'pruned' || trial.state === 'failed';

/** The sentence of the latest failure when the last `limit` trials to finish, `earlier` ones apart, all failed. */
function failuresInARow(
  trials: readonly TrialRecord[],
  limit: number,
  earlier: ReadonlySet<number>,
): string | undefined {
  if (!Number.isFinite(limit)) return undefined;
  const last = trials
    .filter((trial) => finished(trial) && !earlier.has(trial.number))
    .sort((a, b) => a.finishedAt! - b.finishedAt!)
    .slice(-limit);
  return last.length >= limit && last.every((trial) => trial.state === 'failed')
    ? last.at(-1)!.failure
    : undefined;
}

/**
 * Runs trials until the study holds `trials` of them; see `optimize`.
 *
 * @throws UserError (`input`) for a number of trials below 0.
 */
export async function runStudy<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  { trials: limit, maxConsecutiveFailures = 3, onTrial, stopWhen, signal }: OptimizeOptions,
): Promise<OptimizeResult> {
  if (!(limit >= 0)) throw inputError(`study ${study.name}: ${limit} trials; ask for a number from 0`);
  const earlier = new Set(
    study
      .trials()
      .filter(finished)
      .map((trial) => trial.number),
  );
  for (let wait = 20; ;) {
    if (signal?.aborted) return { reason: 'aborted' };
    const records = study.trials();
    const failure = failuresInARow(records, maxConsecutiveFailures, earlier);
    if (failure !== undefined) return { reason: 'failures', failure };
    if (records.filter(finished).length >= limit) return { reason: 'trials' };
    if (stopWhen?.(records) === true) return { reason: 'stopped' };
    const trial = study.ask({ limit });
    if (!trial) {
      const now = study.trials();
      // Others' trials may still come back when their worker dies, so they are waited for.
      if (!now.some((t) => t.state === 'running' || t.state === 'waiting')) {
        return { reason: now.length >= limit ? 'trials' : 'exhausted' };
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(500, wait * 2);
      continue;
    }
    wait = 20;
    await runTrial(study, objective, trial);
    if (onTrial) onTrial(study.trials()[trial.number]!);
  }
}

async function runTrial<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  trial: Trial<S>,
): Promise<void> {
  let outcome: Outcome;
  let failure: string | undefined;
  try {
    outcome = await objective(trial);
    if (typeof outcome !== 'number' && !Array.isArray(outcome) && outcome !== 'pruned') {
      failure = `the objective returned ${typeof outcome === 'string' ? outcome : typeof outcome}, not a number`;
      outcome = 'failed';
    }
  } catch (error) {
    if (error instanceof UserError && error.kind === 'interrupted') {
      study.release(trial);
      throw error;
    }
    outcome = 'failed';
    failure = `the objective threw: ${messageOf(error)}`;
  }
  study.tell(trial, outcome, failure);
}
