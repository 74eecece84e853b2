import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Run } from 'mlflow-tracking-client';
import { readJson, sha256, writeFileAtomic, writeJson } from 'research-basics/files';
import { deriveSeed } from 'research-basics/random/seeds';
import type { CellOutcome, PreparedTask, SpeakerSettings, StrfTaskName } from '..';
import { readNpy, writeNpy } from '../../base/npy';
import { omit } from '../../base/omit';
import type { Engine } from '../../engine';
import { cachedCell } from '../../stages/cachedCell';
import type { StageContext } from '../../stages/context';
import { finiteScores } from '../../stages/stageParts';
import type { TaskContext } from '../tasks';
import { parseCondition, type StrfExperiment } from './experiment';

/** One training of a task. */
export interface CellRequest {
  readonly engine: Engine;
  readonly prepared: PreparedTask;
  readonly condition: string;
  readonly seed: number;
  readonly settings: StrfExperiment[StrfTaskName];
  readonly out: string;
  /** What is scored; default `test`. */
  readonly purpose?: TaskContext['purpose'];
}

interface CellFile {
  readonly key: string;
  readonly metrics: CellOutcome['metrics'];
  readonly records: CellOutcome['records'];
  readonly outputs: readonly string[];
}

/** One training, or its result where it was finished before. */
export async function runStrfCell(
  { engine, prepared, condition, seed, settings, out, purpose = 'test' }: CellRequest,
  context: StageContext,
  parent: Run | undefined,
): Promise<CellOutcome> {
  // What is compared or searched does not change what one training gives.
  const shared = omit(settings, 'conditions', 'seeds', 'search');
  const own = condition === 'sincnet' ? shared : omit(shared as SpeakerSettings, 'sincnet');
  const key = sha256({
    task: prepared.name,
    own,
    condition,
    seed,
    sounds: prepared.hash,
    engine: engine.description,
    ...(purpose === 'test' ? {} : { purpose }),
  });
  const folder = path.join(out, 'cells', `${condition.replaceAll(' ', '-')}-seed${seed}`);
  const checkpoint = { folder: path.join(folder, 'checkpoint'), identity: key };
  const request = {
    name: `${prepared.name} ${condition} seed ${seed}`,
    key: `strf-cell-${key.slice(0, 16)}`,
    params: { task: prepared.name, condition, seed },
    tags: { 'stm.stage': 'strf-cell', 'stm.engine': engine.description },
    ...(parent === undefined ? {} : { parent }),
  };
  return cachedCell(context, {
    request,
    read: () => readCell(folder, key),
    compute: async (run) => {
      const began = performance.now();
      const classify = prepared.classifiers?.[condition];
      const outcome = await (classify === undefined
        ? prepared.run(
            engine,
            // Learned and frozen filters of one seed start alike.
            { ...parseCondition(condition), initial: { seed: deriveSeed(seed, 'filters') } },
            seed,
            { checkpoint, signal: context.signal, purpose },
          )
        : classify(seed, context.signal));
      run?.logMetrics({ seconds: (performance.now() - began) / 1000 });
      finiteScores(outcome.metrics);
      return outcome;
    },
    write: (outcome) => {
      writeCell(folder, key, outcome);
      fs.rmSync(checkpoint.folder, { recursive: true, force: true });
    },
    log: (run, { records, metrics }) => {
      for (const { step, loss } of records) run.logMetrics({ loss }, step);
      run.logMetrics(metrics);
    },
  });
}

function writeCell(
  folder: string,
  key: string,
  { metrics, records, outputs, files = {} }: CellOutcome,
): void {
  for (const [name, text] of Object.entries(files)) writeFileAtomic(path.join(folder, name), text);
  for (const [name, data] of Object.entries(outputs))
    writeNpy(path.join(folder, `${name}.npy`), { shape: [data.length], data });
  const file: CellFile = { key, metrics, records, outputs: Object.keys(outputs) };
  writeJson(path.join(folder, 'cell.json'), file);
}

function readCell(folder: string, key: string): CellOutcome | undefined {
  if (!fs.existsSync(path.join(folder, 'cell.json'))) return undefined;
  try {
    const cell = readJson<CellFile>(path.join(folder, 'cell.json'));
    if (cell.key === key) {
      const outputs = Object.fromEntries(
        cell.outputs.map((name) => [name, readNpy(path.join(folder, `${name}.npy`)).data as Float32Array]),
      );
      return { metrics: cell.metrics, records: cell.records, outputs };
    }
  } catch {
    // A file that is lost or damaged: the training is done again.
  }
  // Of other settings or sounds: so is any checkpoint beside it.
  fs.rmSync(folder, { recursive: true, force: true });
  return undefined;
}
