import * as fs from 'node:fs';
import * as path from 'node:path';
import { readCsv, writeCsv } from '../base/csv';
import { stageFile } from '../base/stageFile';
import { inputError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine, type Engine } from '../engine';
import { macroF1 } from '../evaluation';
import {
  converged,
  countParameters,
  fitMlp,
  PUBLISHED_FIT,
  loadModel,
  type FitOptions,
  type MlpModel,
  saveModel,
  type EpochMetric,
  type EpochRecord,
  type FitResult,
} from '../models';
import { trackFit, type Run } from 'mlflow-tracking-client';
import { tellOfKeptLosses } from './classLosses';
import { runTrackedStage, type StageContext } from '../stages/context';
import type { Experiment } from './experiment';
import type { ModelChoice } from './modelChoice';
import { readRoleData, type RoleData } from './roleData';
import { noteLoggedModel } from '../stages/scoredModel';
import { engineFor, type StageResult } from '../stages/stage';

/** What `trainStage` reads and writes. */
export interface TrainStageOptions {
  readonly reduction: string;
  readonly split: string;
  readonly out: string;
  /** The network to train: a search's best trial or a fixed choice. */
  readonly model: ModelChoice;
  readonly protocol: Experiment['protocol'];
  readonly seed: number;
}

/** What `training.json` says. */
export interface TrainingRecord {
  readonly model: ModelChoice;
  readonly protocol: 'published' | 'corrected';
  readonly seed: number;
  readonly engine: string;
  readonly parameters: number;
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly updates: number;
  readonly stopped: FitResult['stopped'];
  readonly modelHash: string;
}

/** Outcome of a training. */
export interface TrainSummary extends TrainingRecord {
  readonly status: StageResult['status'];
  readonly folder: string;
}

/**
 * The network that a training wrote.
 *
 * @param folder results of `trainStage`
 * @throws UserError (`input`) naming the command that writes it when it is missing.
 */
export const trainedModel = (folder: string): MlpModel =>
  loadModel(path.dirname(stageFile(folder, path.join('model', 'model.json'), 'train')));

/** Macro-F1 at the most probable class, as a metric of the fit loop. */
export const macroF1Metric: EpochMetric = (labels, probabilities, classes) =>
  macroF1({ labels, probabilities, classes });

/** An epoch's figures under the names of Keras autologging, so that runs of both compare in one UI. */
export function epochMetrics(record: EpochRecord): Record<string, number> {
  return {
    loss: record.loss,
    accuracy: record.accuracy,
    learning_rate: record.learningRate,
    ...Object.fromEntries(
      Object.entries(record.validation ?? {}).map(([name, value]) => [`val_${name}`, value]),
    ),
  };
}

/**
 * Trains one network: `model.json` with its arrays, `history.csv` (one line per epoch), `training.json`.
 *
 * `published`: on the training rows, then in every epoch the validation rows. `corrected`: on the training
 * rows, scored on the validation rows after each epoch. A training that was killed continues after its last
 * whole epoch.
 */
export async function trainStage(
  options: TrainStageOptions,
  context: StageContext = {},
): Promise<TrainSummary> {
  const { out, model, protocol, seed } = options;
  const data = readRoleData(options);
  tellOfKeptLosses(options.split, context);
  const { status } = await runTrackedStage(context, {
    stage: 'train',
    folder: out,
    parameters: { model, protocol, seed },
    // What network it is, the search says.
    settings: { protocol, seed },
    inputs: data.hashes,
    engine: await engineFor(out, context.signal),
    run: async (run) => {
      const engine = await loadEngine({ signal: context.signal });
      const record = await trainOnce(engine, data, options, context, run);
      fs.rmSync(path.join(out, 'checkpoint'), { recursive: true, force: true });
      writeJson(path.join(out, 'training.json'), record);
      run?.setTags({ 'stm.model': record.modelHash, 'stm.choice': sha256(model) });
      run?.logMetrics({
        parameters: record.parameters,
        best_epoch: record.bestEpoch,
        updates: record.updates,
      });
      run?.logArtifact(path.join(out, 'history.csv'));
      if (run !== undefined)
        noteLoggedModel(
          out,
          // A training that was killed after this ends with the same weights.
          run.loggedModel('model') ??
            run.logModel({
              name: 'model',
              folder: path.join(out, 'model'),
              signature: {
                inputs: [{ dtype: 'float32', shape: [-1, data.columns] }],
                outputs: [{ dtype: 'float32', shape: [-1, data.classes.length] }],
              },
            }),
        );
      const files = fs.readdirSync(path.join(out, 'model')).map((name) => `model/${name}`);
      return ['history.csv', 'training.json', ...files];
    },
  });
  return { ...readJson<TrainingRecord>(path.join(out, 'training.json')), status, folder: out };
}

async function trainOnce(
  engine: Engine,
  data: RoleData,
  { out, model, protocol, seed }: TrainStageOptions,
  context: StageContext,
  run: Run | undefined,
): Promise<TrainingRecord> {
  const spec = {
    family: model.family,
    hidden: model.hidden,
    inputs: data.columns,
    classes: data.classes.length,
  };
  const fit = { ...model.fit, ...protocol.fit, seed };
  const train = data.role('train');
  const validation = data.role('validation');
  if (validation.rows === 0)
    throw inputError(`${out}: the split has no validation rows; use more recordings or fewer folds`);
  const tracked = run === undefined ? undefined : trackFit(run, trackedSettings(fit));
  const result = await fitMlp(engine, {
    spec,
    train,
    ...(protocol.name === 'published' ? { trailing: validation } : { validation }),
    options: fit,
    metrics: { macroF1: macroF1Metric },
    info: { classNames: data.classes, hashes: data.hashes },
    checkpoint: { folder: path.join(out, 'checkpoint') },
    onEpoch: (record) => {
      tracked?.onEpoch(record);
      context.progress?.(
        `train: epoch ${record.epoch} of at most ${fit.epochs ?? 2}, loss ${record.loss.toFixed(4)}`,
      );
    },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  converged(result);
  tracked?.finish(result);
  const modelHash = saveModel(path.join(out, 'model'), result.model);
  writeHistory(path.join(out, 'history.csv'), result.history);
  return {
    model,
    protocol: protocol.name,
    seed,
    engine: engine.description,
    parameters: countParameters(spec),
    epochs: result.history.length,
    bestEpoch: result.bestEpoch,
    updates: result.updates,
    stopped: result.stopped,
    modelHash,
  };
}

/** The fit options under the names of Keras autologging. */
function trackedSettings(fit: FitOptions): Parameters<typeof trackFit>[1] {
  const { epochs, batchSize, learningRate, biasCorrection, accumulation, schedule, earlyStopping } = {
    ...PUBLISHED_FIT,
    ...fit,
  };
  return {
    epochs,
    batchSize,
    optimizer: {
      name: 'adam',
      learning_rate: learningRate,
      schedule,
      gradient_accumulation_steps: accumulation,
      bias_correction: biasCorrection,
    },
    ...(earlyStopping === undefined
      ? {}
      : { earlyStopping: { patience: 10, ...earlyStopping, restoreBestWeights: fit.restore !== 'last' } }),
  };
}

function writeHistory(file: string, history: readonly EpochRecord[]): void {
  const rows = history.map((record) => ({ epoch: record.epoch, ...epochMetrics(record) }));
  writeCsv(file, Object.keys(rows[0] ?? { epoch: 0 }), rows);
}

/** The learning curves that `trainStage` wrote, one record an epoch. */
export function readHistory(folder: string): Record<string, number>[] {
  return readCsv(path.join(folder, 'history.csv')).rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, text]) => [name, Number(text)])),
  );
}
