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

export interface FitTracking {
  /** For loops that count epochs from 1, such as `fitMlp`. */
  onEpoch(record: TrackedEpoch): void;
  /** For `tf.LayersModel.fit`, which counts from 0 and calls accuracy `acc`. */
  onEpochEnd(epoch: number, logs?: Record<string, number>): void;
  /** Call it once training is over. */
  finish(outcome?: TrackedOutcome): void;
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
  run.logParams(
    Object.fromEntries(
      Object.entries(params)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, pythonText(value)]),
    ),
  );
  if (settings.modelSummary !== undefined) run.logText('model_summary.txt', settings.modelSummary);

  const seen = new Map<number, Record<string, number>>();
  let last = -1;
  const note = (epoch: number, metrics: Record<string, number>): void => {
    seen.set(epoch, metrics);
    last = Math.max(last, epoch);
    run.logMetrics(metrics, epoch);
  };

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
        Number(value),
      ]);
      note(epoch, Object.fromEntries(metrics) as Record<string, number>);
    },
    finish(outcome = {}) {
      if (outcome.stopped !== 'early' || last < 0) return;
      run.logMetrics({ stopped_epoch: last });
      if (outcome.bestEpoch === undefined) return;
      const restored = outcome.bestEpoch - 1;
      run.logMetrics({ restored_epoch: restored });
      const metrics = seen.get(restored);
      if (metrics !== undefined) run.logMetrics(metrics, last + 1);
    },
  };
}

/** Truth values and nothing as Python prints them, so that equal settings give equal text. */
function pythonText(value: unknown): string | number | object {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value as string | number | object;
}
