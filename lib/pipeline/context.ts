import { messageOf } from '../base/errors';
import { sampleSystem, type Run, type Tracker } from '../tracking';
import { runStage, stageKey, type StageRequest, type StageResult } from './stage';

/** What every stage is given besides its files: who records it, and who is told how it goes. */
export interface StageContext {
  /** Records runs; left out, nothing is recorded. */
  readonly tracker?: Tracker | undefined;
  /** Printed on every figure and set on every run, e.g. "synthetic demo corpus". */
  readonly note?: string | undefined;
  /** A sentence for the reader: something was left out or looks wrong. */
  readonly warn?: ((line: string) => void) | undefined;
  /** The present state in one short line; called often. */
  readonly progress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A stage whose work is recorded as one run. */
export interface TrackedStageRequest extends Omit<StageRequest, 'run'> {
  /** Name of the run; default the stage's. */
  readonly runName?: string;
  readonly run: (run: Run | undefined) => Promise<readonly string[]>;
}

/** Nested settings as the flat `a.b.c` names that MLflow compares; lists become JSON. */
export function flattenParameters(value: unknown, prefix = ''): Record<string, string | number | boolean> {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    const simple = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { [prefix]: simple ? value : JSON.stringify(value) };
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]) =>
      flattenParameters(inner, prefix === '' ? name : `${prefix}.${name}`),
    ),
  ) as Record<string, string | number | boolean>;
}

/**
 * Runs a stage (see `runStage`) under a run of its own: parameters and input hashes at the start, hashes
 * of the results at the end, FAILED when it throws. A stage that was killed goes on in the same run.
 */
export function runTrackedStage(context: StageContext, request: TrackedStageRequest): Promise<StageResult> {
  return runStage({ ...request, run: () => recordRun(context, request) });
}

async function recordRun(context: StageContext, request: TrackedStageRequest): Promise<readonly string[]> {
  const key = stageKey(request);
  const run = context.tracker?.startRun({
    name: request.runName ?? request.stage,
    key: `${request.stage}-${key.slice(0, 16)}`,
    params: flattenParameters(request.parameters),
    tags: {
      'stm.stage': request.stage,
      'stm.key': key,
      ...(context.note === undefined ? {} : { 'stm.note': context.note }),
      ...Object.fromEntries(
        Object.entries(request.inputs).map(([name, hash]) => [`stm.input.${name}`, hash]),
      ),
    },
  });
  const stopSampling = run === undefined ? undefined : sampleSystem(run);
  try {
    const files = await request.run(run);
    stopSampling?.();
    run?.end('FINISHED');
    return files;
  } catch (error) {
    stopSampling?.();
    run?.setTags({ 'stm.error': messageOf(error).slice(0, 4000) });
    run?.end(context.signal?.aborted ? 'KILLED' : 'FAILED');
    throw error;
  }
}
