import type { Run } from './types';

/** One epoch as a training loop reports it (the `EpochRecord` of `models` is one). */
export interface TrackedEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy?: number;
  readonly learningRate?: number;
  /** Validation metrics by name, e.g. `{ loss, accuracy, f1 }`. */
  readonly validation?: Readonly<Record<string, number>>;
}

/** How a training ended (the `FitResult` of `models` is one). */
export interface TrackedOutcome {
  /** Epoch, from 1, whose weights were kept. */
  readonly bestEpoch?: number;
  /** `early`: stopped by early stopping. */
  readonly stopped?: string;
}

/** What Python autologging notes of a training before it starts. Left out: not logged. */
export interface TrackedSettings {
  epochs?: number;
  batchSize?: number;
  shuffle?: boolean;
  stepsPerEpoch?: number;
  validationSplit?: number;
  classWeight?: object;
  /** e.g. `{ name: 'adam', learning_rate: 0.001, beta_1: 0.9 }`; becomes `opt_name`, `opt_learning_rate`, ... */
  optimizer?: Record<string, string | number | boolean | null>;
  /** Early stopping: `monitor`, `min_delta`, `patience`, `baseline`, `restore_best_weights`. */
  earlyStopping?: {
    monitor: string;
    minDelta?: number;
    patience: number;
    baseline?: number | null;
    restoreBestWeights?: boolean;
  };
  /** Text of the model's layers, kept as `model_summary.txt`. */
  modelSummary?: string;
}

/** What TensorFlow.js hands a callback as a loss or metric: a number, or a scalar that is not read yet. */
type Logged = number | { dataSync(): ArrayLike<number> };

/** What is read of a `tf.LayersModel`. */
interface Compiled {
  readonly optimizer?: { getClassName(): string; getConfig(): Record<string, unknown> };
}

/**
 * Records a training. For `tf.LayersModel.fit` it is a callback, alone (`callbacks: tracking`) or behind those of
 * TensorFlow.js (`callbacks: [tf.callbacks.earlyStopping(), tracking]`); there it also notes the number of epochs, the
 * batch size and the optimiser, unless they were given, and whether training stopped early.
 */
export interface FitTracking {
  /** For loops that count epochs from 1, such as `fitMlp`. */
  onEpoch(record: TrackedEpoch): void;
  /** For `tf.LayersModel.fit`, which counts from 0 and calls accuracy `acc`. */
  onEpochEnd(epoch: number, logs?: Record<string, Logged>): void;
  /** Call it once training is over, unless TensorFlow.js does by `onTrainEnd`. */
  finish(outcome?: TrackedOutcome): void;
  setParams(params: Readonly<Record<string, unknown>>): void;
  setModel(model: Compiled): void;
  onTrainBegin(): void;
  onTrainEnd(): void;
  onEpochBegin(): void;
  onBatchBegin(): void;
  onBatchEnd(): void;
}

/**
 * Records a training under the names that Python's `mlflow.tensorflow.autolog` uses, so that runs of both
 * languages lie in the same columns and charts: parameters `epochs`, `batch_size`, `opt_learning_rate`,
 * `monitor`, `patience` ...; metrics `loss`, `accuracy`, `val_loss`, `val_accuracy`, `learning_rate` per
 * epoch, with steps from 0 as Keras counts; `stopped_epoch` and `restored_epoch` (from 0 as well) after
 * early stopping, and the restored epoch's metrics once more at the step after the last.
 */
export function trackFit(run: Run, settings: TrackedSettings = {}): FitTracking {
  const { earlyStopping } = settings;
  const params: Record<string, unknown> = {
    epochs: settings.epochs,
    batch_size: settings.batchSize,
    shuffle: settings.shuffle,
    steps_per_epoch: settings.stepsPerEpoch,
    validation_split: settings.validationSplit,
    class_weight: settings.classWeight,
    ...Object.fromEntries(
      Object.entries(settings.optimizer ?? {}).map(([key, value]) => [`opt_${key}`, value]),
    ),
    ...(earlyStopping === undefined
      ? {}
      : {
          monitor: earlyStopping.monitor,
          min_delta: earlyStopping.minDelta ?? 0,
          patience: earlyStopping.patience,
          baseline: earlyStopping.baseline ?? null,
          restore_best_weights: earlyStopping.restoreBestWeights ?? false,
        }),
  };
  const logParams = (values: Record<string, unknown>): void =>
    run.logParams(
      Object.fromEntries(
        Object.entries(values)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => [key, pythonText(value)]),
      ),
    );
  logParams(params);
  if (settings.modelSummary !== undefined) run.logText('model_summary.txt', settings.modelSummary);

  let epochs = settings.epochs;
  let finished = false;
  const seen = new Map<number, Record<string, number>>();
  let last = -1;
  const note = (epoch: number, metrics: Record<string, number>): void => {
    seen.set(epoch, metrics);
    last = Math.max(last, epoch);
    run.logMetrics(metrics, epoch);
  };

  const finish = (outcome: TrackedOutcome = {}): void => {
    if (finished || outcome.stopped !== 'early' || last < 0) return;
    finished = true;
    run.logMetrics({ stopped_epoch: last });
    if (outcome.bestEpoch === undefined) return;
    const restored = outcome.bestEpoch - 1;
    run.logMetrics({ restored_epoch: restored });
    const metrics = seen.get(restored);
    if (metrics !== undefined) run.logMetrics(metrics, last + 1);
  };
  const nothing = (): void => undefined;

  return {
    onEpoch(record) {
      const metrics: Record<string, number> = { loss: record.loss };
      if (record.accuracy !== undefined) metrics['accuracy'] = record.accuracy;
      if (record.learningRate !== undefined) metrics['learning_rate'] = record.learningRate;
      for (const [name, value] of Object.entries(record.validation ?? {})) metrics[`val_${name}`] = value;
      note(record.epoch - 1, metrics);
    },
    onEpochEnd(epoch, logs = {}) {
      const metrics = Object.entries(logs).map(([name, value]) => [
        name.replace(/^(val_)?acc$/, '$1accuracy'),
        typeof value === 'number' ? value : value.dataSync()[0]!,
      ]);
      note(epoch, Object.fromEntries(metrics) as Record<string, number>);
    },
    finish,
    setParams({ epochs: planned, batchSize, steps }) {
      if (typeof planned === 'number') epochs ??= planned;
      logParams({
        ...(settings.epochs === undefined ? { epochs: planned } : {}),
        ...(settings.batchSize === undefined ? { batch_size: batchSize } : {}),
        ...(settings.stepsPerEpoch === undefined ? { steps_per_epoch: steps ?? undefined } : {}),
      });
    },
    setModel({ optimizer }) {
      if (optimizer === undefined || settings.optimizer !== undefined) return;
      const named = Object.entries(optimizer.getConfig()).map(([key, value]) => [
        `opt_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(?<=[a-z])(?=\d)/g, '_')}`,
        value,
      ]);
      logParams({ opt_name: optimizer.getClassName().toLowerCase(), ...Object.fromEntries(named) });
    },
    onTrainEnd: () => finish(epochs !== undefined && last + 1 < epochs ? { stopped: 'early' } : {}),
    onTrainBegin: nothing,
    onEpochBegin: nothing,
    onBatchBegin: nothing,
    onBatchEnd: nothing,
  };
}

/** Truth values and nothing as Python prints them, so that equal settings give equal text. */
function pythonText(value: unknown): string | number | object {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value as string | number | object;
}
