import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { metricName, sampleSystem, type Run, type RunReference, type Tracker } from 'mlflow-tracking-client';
import { sha256, writeJson } from 'research-basics/files';
import { datasetContext, datasetOfInputs, type RunDataset } from './dataset';
import { runStage, stageKey, type StageRecord, type StageRequest, type StageResult } from './stage';

/** What every stage receives besides its files: where it is recorded, and where warnings and progress go. */
export interface StageContext {
  /** Records runs; left out, nothing is recorded. */
  readonly tracker?: Tracker | undefined;
  /** Printed on every figure and set on every run, e.g. "synthetic demo corpus". */
  readonly note?: string | undefined;
  /** The recordings that all runs name as their data. Left out, a stage names its input. */
  readonly dataset?: RunDataset | undefined;
  /** Where a recording lies and where in it the analysis begins, by its path; left out, runs carry no sounds. */
  readonly fileOf?:
    ((path: string) => { readonly file: string; readonly startSeconds: number } | undefined) | undefined;
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
  /** Identity of the run, where it continues when parameters change; default one per stage key. */
  readonly runKey?: string;
  /** What the run records as its parameters; default all. They cannot change while the run continues. */
  readonly runParameters?: unknown;
  /** The part of the parameters that an experiment states beforehand; default all. Reports choose runs by it. */
  readonly settings?: unknown;
  readonly run: (run: Run | undefined) => ReturnType<StageRequest['run']>;
}

/** Nested settings as the flat `a.b.c` names that MLflow compares; lists become JSON. */
export function flattenParameters(value: unknown, prefix = ''): Record<string, string | number | boolean> {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    const simple = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { [prefix]: simple ? value : JSON.stringify(value) };
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      // Names of hyperparameters are anyone's.
      const own = metricName(name);
      return Object.entries(flattenParameters(inner, prefix === '' ? own : `${prefix}.${own}`));
    }),
  );
}

/** A piece of work recorded as one run. */
export interface TrackedRunRequest {
  readonly name: string;
  /** Equal keys mean the same run: work that was killed continues in it. */
  readonly key: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly tags: Readonly<Record<string, string | number>>;
  /** The run this one is a child of; a child's use of the machine is in its parent's record. */
  readonly parent?: RunReference | undefined;
  /** The data, where the context names none. Default those of the parent. */
  readonly dataset?: RunDataset | undefined;
}

/** A child is another run below another parent: results that are reused are recorded below each that shows them. */
function keyBelow(key: string, parent: RunReference | undefined): string {
  return parent === undefined ? key : `${key}-${sha256(parent.key ?? parent.id).slice(0, 12)}`;
}

/** Starts, or continues, the run of a piece of work and names its data. */
function startRun(
  tracker: Tracker,
  { note, dataset }: Pick<StageContext, 'note' | 'dataset'>,
  request: TrackedRunRequest,
): Run {
  const { name, key, params, tags, parent } = request;
  const run = tracker.startRun({
    name,
    key: keyBelow(key, parent),
    ...(parent === undefined ? {} : { parent }),
    params,
    tags: { ...tags, ...(note === undefined ? {} : { 'stm.note': note }) },
  });
  nameDataset(run, dataset, request);
  return run;
}

/** Records a piece of work that was done before below a new parent; recorded there already, it stays as it is. */
export function recordReused(
  { tracker, note, dataset }: Pick<StageContext, 'tracker' | 'note' | 'dataset'>,
  request: TrackedRunRequest,
  log: (run: Run) => void,
): void {
  if (tracker === undefined || tracker.mode === 'disabled') return;
  const run = startRun(tracker, { note, dataset }, request);
  // In a run that is there already, nothing is written twice.
  if (run.origin === 'new') run.setTags({ 'stm.reused': 'results of an earlier run' });
  log(run);
  run.end('FINISHED');
}
/** Data of the runs of this process, by their ids, for their children. */
const datasets = new Map<string, RunDataset>();

/**
 * Does a piece of work under a run of its own: parameters and tags at the start, the use of the machine
 * meanwhile, then FINISHED; when the work throws, its sentence as `stm.error` and FAILED (KILLED when it was
 * stopped). Without a tracker the work is done all the same.
 */
export async function trackedRun<T>(
  context: Pick<StageContext, 'tracker' | 'note' | 'signal' | 'dataset'>,
  request: TrackedRunRequest,
  work: (run: Run | undefined) => Promise<T>,
): Promise<T> {
  const run = context.tracker === undefined ? undefined : startRun(context.tracker, context, request);
  const stopSampling = run === undefined || request.parent !== undefined ? undefined : sampleSystem(run);
  try {
    const result = await work(run);
    stopSampling?.();
    run?.end('FINISHED');
    return result;
  } catch (error) {
    stopSampling?.();
    run?.setTags({ 'stm.error': messageOf(error).slice(0, 4000) });
    run?.end(context.signal?.aborted ? 'KILLED' : 'FAILED');
    throw error;
  }
}

/** The dataset that this process logged for a run. */
export function datasetOfRun(run: Run): RunDataset | undefined {
  return datasets.get(run.id);
}

/** Names the data of a run once, however often it is continued. */
function nameDataset(
  run: Run,
  common: RunDataset | undefined,
  { tags, parent, dataset }: TrackedRunRequest,
): void {
  const named = common ?? dataset ?? (parent === undefined ? undefined : datasets.get(parent.id));
  if (named === undefined) return;
  datasets.set(run.id, named);
  const context = datasetContext(String(tags['stm.stage'] ?? ''));
  if (run.origin === 'new' && context !== 'extraction') run.logDataset({ ...named, context });
}

/**
 * The run under which other processes record their shares of a piece of work: started when there is none yet, and
 * left open for the process that ends the work (the same key).
 */
export function sharedRun(
  { tracker, note, dataset }: Pick<StageContext, 'tracker' | 'note' | 'dataset'>,
  request: TrackedRunRequest,
): RunReference | undefined {
  if (tracker === undefined || tracker.mode === 'disabled') return undefined;
  const run = startRun(tracker, { note, dataset }, request);
  return { id: run.id, name: request.name, key: request.key };
}

/** The run of a stage. */
export function stageRun(request: Omit<TrackedStageRequest, 'run'>): TrackedRunRequest {
  const key = stageKey(request);
  return {
    name: request.runName ?? request.stage,
    key: request.runKey ?? `${request.stage}-${key.slice(0, 16)}`,
    params: flattenParameters(request.runParameters ?? request.parameters),
    tags: {
      'stm.stage': request.stage,
      'stm.key': key,
      'stm.settings': sha256(request.settings ?? request.parameters),
      ...(request.engine === undefined ? {} : { 'stm.engine': request.engine }),
      ...Object.fromEntries(
        Object.entries(request.inputs).map(([name, hash]) => [`stm.input.${metricName(name)}`, hash]),
      ),
    },
    dataset: datasetOfInputs(request.inputs),
  };
}

/**
 * Runs a stage (see `runStage`) under a run of its own (see `trackedRun`), with the hashes of its inputs. A
 * stage that was killed continues in the same run.
 */
export async function runTrackedStage(
  context: StageContext,
  request: TrackedStageRequest,
): Promise<StageResult> {
  const tracked = stageRun(request);
  const untracked = context.tracker === undefined || context.tracker.mode === 'disabled';
  const result = await runStage({
    onStale: context.warn,
    untracked,
    ...request,
    run: () =>
      trackedRun(context, tracked, async (run) => {
        const made = await request.run(run);
        const failed = 'files' in made ? made.failed : [];
        // A run that is continued may have lacked parts before.
        if (failed.length > 0 || run?.origin === 'resumed')
          run?.setTags({ 'stm.failed': failed.map(({ name }) => name).join('; ') || 'none' });
        return made;
      }),
  });
  if (result.status === 'cached' && result.record.untracked === true && !untracked)
    recordUntracked(context, request.folder, tracked, result.record);
  return result;
}

/** Larger results of an untracked stage are not copied into the run that is made for it later. */
const ARTIFACT_BYTES = 20e6;

/** Gives a stage that was computed without tracking a run with its settings and results, once. */
function recordUntracked(
  context: StageContext,
  folder: string,
  request: TrackedRunRequest,
  { untracked: _, ...record }: StageRecord,
): void {
  const sentence = `${request.name}: computed earlier without tracking; its run has settings and result files but no metrics (delete ${folder} to recompute and record it)`;
  context.warn?.(sentence);
  recordReused(context, request, (run) => {
    run.note(sentence);
    for (const [name, { bytes }] of Object.entries(record.outputs))
      if (bytes <= ARTIFACT_BYTES)
        run.logArtifact(path.join(folder, name), path.posix.dirname(name).replace(/^\.$/, ''));
  });
  writeJson(path.join(folder, 'stage.json'), record);
}
