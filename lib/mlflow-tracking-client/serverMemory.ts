import type { MlflowClient } from './clientTypes';
import { monotonicMs } from './retry';
import type { SentState } from './sentState';
import { isAbsent } from './serverError';

/** A server's recent answers, shared by all callers: thousands of runs share a few experiments and parents. */
export interface ServerMemory {
  /** The answer to `ask`, at most two seconds old. Failures are not remembered; `fresh` asks in any case. */
  ask<T>(key: string, ask: () => Promise<T>, fresh?: boolean): Promise<T>;
  /** Whether the server holds this run. */
  holdsRun(runId: string): Promise<boolean>;
  /** Whether the server still is the one that was given this: its experiment was made at the noted time. */
  holds(sent: SentState): Promise<boolean>;
  /** After a failure nothing is believed: the server may have come back with another database. */
  clear(): void;
}

const REMEMBER_MS = 2000;

/** Remembers a server's answers for a while: experiments and abilities that many runs ask for. */
export function createServerMemory(client: MlflowClient): ServerMemory {
  const answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  function ask<T>(key: string, request: () => Promise<T>, fresh = false): Promise<T> {
    const known = answers.get(key);
    if (known !== undefined && !fresh && monotonicMs() - known.at < REMEMBER_MS)
      return known.answer as Promise<T>;
    const answer = request();
    answers.set(key, { at: monotonicMs(), answer });
    answer.catch(() => answers.delete(key));
    return answer;
  }

  const holdsRun = async (runId: string): Promise<boolean> =>
    (await ask(`run/${runId}`, () => unlessAbsent(client.getRun(runId)))) !== undefined;

  return {
    ask,
    holdsRun,
    async holds({ experimentId, experimentCreated, runId }) {
      if (experimentCreated === undefined) return holdsRun(runId);
      const experiment = await ask(`id/${experimentId}`, () =>
        unlessAbsent(client.getExperimentById(experimentId)),
      );
      return experiment?.creationTime === experimentCreated;
    },
    clear: () => answers.clear(),
  };
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
