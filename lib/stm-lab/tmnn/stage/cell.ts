import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileName } from '../../base/fileName';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../../base/npy';
import type { Engine } from '../../engine';
import { type ClipCollection, labelMatrix, type Part } from '../../corpus';
import {
  type FilterState,
  fitTmnn,
  loadTmnn,
  mostProbable,
  predictClips,
  saveTmnn,
  segmentSteps,
  startTmnn,
  tagScores,
  type TmnnEpoch,
} from '..';
import type { Run } from 'mlflow-tracking-client';
import { cachedCell } from '../../stages/cachedCell';
import { flattenParameters, type StageContext } from '../../stages/context';
import { finiteScores } from '../../stages/stageParts';
import { systemSpec, type TmnnExperiment, type TmnnSystem } from './experiment';
import { type ReadyCollection, sourceFor } from './ready';

/** What one system learned with one seed, as `cell.json` keeps it. */
export interface TmnnCell {
  readonly key: string;
  readonly system: string;
  readonly seed: number;
  /** Trainable values. */
  readonly parameters: number;
  readonly clips: Readonly<Record<Part, number>>;
  readonly bestEpoch: number;
  readonly history: readonly Omit<TmnnEpoch, 'filters'>[];
  /** Before training, and in the best epoch. */
  readonly first: FilterState;
  readonly learned: FilterState;
  /** `rocAuc`, `prAuc`, `crossEntropy` of tags; `accuracy` of classes; `validationLoss` of the best epoch. */
  readonly scores: Readonly<Record<string, number>>;
  /** Of each tag or class: ROC-AUC, average precision (tags), share found (classes). */
  readonly perOutput: readonly Readonly<Record<string, number | string>>[];
  /** Names of the test clips, in the order of `predictions.npy` (clips x outputs). */
  readonly test: readonly string[];
  readonly seconds: number;
}

/** Where a cell's files are, below the study's folder. */
export const cellFolder = (out: string, system: string, seed: number): string =>
  path.join(out, fileName(system), `seed-${seed}`);

/** Where earlier versions put a cell; several systems could share that folder. */
const earlierCellFolder = (out: string, system: string, seed: number): string => {
  const slug = system
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
  return path.join(out, slug, `seed-${seed}`);
};

/** Takes over what an earlier version computed for this very cell: a training can take days. */
function adoptEarlierCell(out: string, system: string, seed: number, key: string): void {
  const [earlier, folder] = [earlierCellFolder(out, system, seed), cellFolder(out, system, seed)];
  if (fs.existsSync(folder) || storedCell(earlier, key) === undefined) return;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  fs.renameSync(earlier, folder);
}

/**
 * Trains one system with one seed and scores it on the test clips, under a run of its own; a cell that is done is read,
 * one that was killed continues from its last epoch. Leaves `model/`, `predictions.npy` and `cell.json`.
 */
export async function runCell(
  engine: Engine,
  experiment: TmnnExperiment,
  system: TmnnSystem,
  seed: number,
  ready: ReadyCollection,
  out: string,
  context: StageContext,
  parent: Run | undefined,
): Promise<TmnnCell> {
  const folder = cellFolder(out, system.name, seed);
  const { collection } = ready;
  const spec = systemSpec(experiment, system, collection.outputs.length);
  const fit = { ...experiment.fit, seed };
  const plan = { spec, fit, segmentSeconds: experiment.segmentSeconds, testWindows: experiment.testWindows };
  const key = sha256({ format: 1, plan, data: ready.hash, engine: engine.description });
  adoptEarlierCell(out, system.name, seed, key);
  const request = {
    name: `${system.name}, seed ${seed}`,
    key: `tmnn-${key.slice(0, 16)}`,
    parent,
    params: flattenParameters({ system: system.name, ...plan }),
    tags: { 'stm.stage': 'tmnn-cell', 'stm.key': key, 'stm.engine': engine.description },
  };
  return cachedCell(context, {
    request,
    read: () => storedCell(folder, key),
    compute: (run) => trainCell(engine, { plan, key, system, seed, ready, folder }, context, run),
    write: (cell) => {
      writeJson(path.join(folder, 'cell.json'), cell);
      fs.rmSync(checkpointOf(folder), { recursive: true, force: true });
    },
    log: (run, cell, origin) => {
      if (origin === 'reused')
        for (const { epoch, loss, validationLoss } of cell.history)
          run.logMetrics({ loss, val_loss: validationLoss }, epoch);
      run.logMetrics({ ...cell.scores, best_epoch: cell.bestEpoch });
      run.logArtifact(path.join(folder, 'cell.json'));
    },
  });
}

const checkpointOf = (folder: string): string => path.join(folder, 'checkpoint');

function storedCell(folder: string, key: string): TmnnCell | undefined {
  try {
    const cell = readJson<TmnnCell>(path.join(folder, 'cell.json'));
    if (cell.key !== key) return undefined;
    // A cell whose model or predictions are lost or damaged is trained again.
    loadTmnn(path.join(folder, 'model'));
    const { data } = readNpy(path.join(folder, 'predictions.npy'));
    return data.length === cell.test.length * cell.perOutput.length ? cell : undefined;
  } catch {
    return undefined;
  }
}

/** Probabilities of a finished cell's test clips. */
export function cellPredictions(
  out: string,
  { system, seed }: Pick<TmnnCell, 'system' | 'seed'>,
): Float32Array {
  return readNpy(path.join(cellFolder(out, system, seed), 'predictions.npy')).data as Float32Array;
}

/** Numbers of the clips of a part. */
export function clipsOf({ clips }: ClipCollection, part: Part): number[] {
  return clips.flatMap((clip, row) => (clip.part === part ? [row] : []));
}

interface CellWork {
  readonly plan: {
    readonly spec: ReturnType<typeof systemSpec>;
    readonly fit: TmnnExperiment['fit'] & { readonly seed: number };
    readonly segmentSeconds: number;
    readonly testWindows: number | undefined;
  };
  readonly key: string;
  readonly system: TmnnSystem;
  readonly seed: number;
  readonly ready: ReadyCollection;
  readonly folder: string;
}

async function trainCell(
  engine: Engine,
  { plan, key, system, seed, ready, folder }: CellWork,
  context: StageContext,
  run: Run | undefined,
): Promise<TmnnCell> {
  const { spec, fit, segmentSeconds } = plan;
  const { collection, sources } = ready;
  const source = sourceFor(sources, spec);
  const { outputs, task } = collection;
  const window = segmentSteps(segmentSeconds, spec);
  const labels = labelMatrix(collection.clips, outputs.length);
  const [train, validation, test] = (['train', 'validation', 'test'] as const).map((part) =>
    clipsOf(collection, part),
  ) as [number[], number[], number[]];
  const begin = performance.now();
  const stages = fit.stages ?? [];
  const epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
  const result = await fitTmnn(engine, {
    spec,
    task,
    data: { source, labels, train, validation, window },
    fit,
    checkpoint: { folder: checkpointOf(folder), identity: key },
    signal: context.signal,
    onEpoch: (epoch) => {
      context.progress?.(
        `tmnn: ${system.name}, seed ${seed}: epoch ${epoch.epoch}${epochs > 0 ? ` of ${epochs}` : ''}, validation loss ${epoch.validationLoss.toFixed(4)}`,
      );
      run?.logMetrics({ loss: epoch.loss, val_loss: epoch.validationLoss }, epoch.epoch);
    },
  });
  const network = startTmnn(engine, { spec, task, outputs, segmentSeconds, values: result.best });
  const parameters = network.network.layout.size;
  const own = labelMatrix(
    test.map((clip) => collection.clips[clip]!),
    outputs.length,
  );
  const { probabilities } = await predictClips(network, task, source, test, own, {
    window,
    windows: plan.testWindows ?? 16,
    signal: context.signal,
  });
  network.dispose();
  const scored = scoresOf(collection, own, probabilities);
  finiteScores(scored.scores);
  saveTmnn(path.join(folder, 'model'), { spec, task, outputs, segmentSeconds, values: result.best });
  writeNpy(path.join(folder, 'predictions.npy'), {
    shape: [test.length, outputs.length],
    data: probabilities,
  });
  const best = result.history[result.bestEpoch - 1]!;
  return {
    key,
    system: system.name,
    seed,
    parameters,
    clips: { train: train.length, validation: validation.length, test: test.length },
    bestEpoch: result.bestEpoch,
    history: result.history.map(({ filters: _filters, ...epoch }) => epoch),
    first: result.first,
    learned: best.filters,
    ...scored,
    test: test.map((clip) => collection.clips[clip]!.name),
    seconds: Math.round((performance.now() - begin) / 1000),
  };
}

/** Scores of test clips, in all and of each output. */
export function scoresOf(
  { task, outputs }: Pick<ClipCollection, 'task' | 'outputs'>,
  labels: Float32Array,
  probabilities: Float32Array,
): Pick<TmnnCell, 'scores' | 'perOutput'> {
  if (task === 'tags') {
    const { macroRocAuc, macroPrAuc, crossEntropy, perTag } = tagScores(labels, probabilities, outputs);
    return {
      scores: { rocAuc: macroRocAuc, prAuc: macroPrAuc, crossEntropy },
      // JSON has no NaN: a tag that all test clips bear, or none, has no areas.
      perOutput: perTag.map(({ name, positives, roc, ap }) =>
        Number.isNaN(roc) ? { name, positives } : { name, positives, rocAuc: roc, prAuc: ap },
      ),
    };
  }
  const found = mostProbable(probabilities, outputs.length);
  const right = found.map((c, row) => labels[row * outputs.length + c]!);
  return {
    scores: { accuracy: right.reduce((sum, hit) => sum + hit, 0) / right.length },
    perOutput: outputs.map((name, c) => {
      const rows = [...right.keys()].filter((row) => labels[row * outputs.length + c] === 1);
      return { name, clips: rows.length, found: rows.filter((row) => right[row] === 1).length };
    }),
  };
}
