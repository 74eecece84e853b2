import { readSnapshot, writeSnapshot } from '../base/snapshot';
import type { Engine } from '../engine';
import type { TmnnSpec } from './spec';
import { createTrainer, type Task, type TmnnTrainer, type TmnnValues } from './trainer';

const FORMAT = 'stm-lab tmnn model 1';

/** A trained network as it is kept. */
export interface TmnnModel {
  readonly spec: TmnnSpec;
  readonly task: Task;
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  /** Seconds of a segment. */
  readonly segmentSeconds: number;
  readonly values: TmnnValues;
}

/** Writes a model into a folder (two files), atomically. */
export function saveTmnn(folder: string, { values, ...rest }: TmnnModel): void {
  writeSnapshot(folder, FORMAT, {
    arrays: { parameters: values.parameters, buffers: values.buffers },
    progress: rest,
  });
}

/**
 * Reads a model; undefined when the folder holds none.
 *
 * @throws StmLabError (`input`) when it is damaged or of another kind.
 */
export function loadTmnn(folder: string): TmnnModel | undefined {
  const found = readSnapshot<Omit<TmnnModel, 'values'>>(folder, FORMAT);
  if (found === undefined) return undefined;
  const { arrays, progress } = found;
  return {
    ...progress,
    values: { parameters: arrays['parameters']!, buffers: arrays['buffers']! },
  };
}

/** A model on the engine, ready to judge clips; dispose it. */
export function startTmnn(engine: Engine, model: TmnnModel): TmnnTrainer {
  return createTrainer(engine, model.spec, model.task, { rule: { kind: 'sgd' } }, model.values);
}
