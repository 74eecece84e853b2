import { divergedError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { readSnapshot, writeSnapshot } from '../base/snapshot';
import type { Engine } from '../engine';
import type { NetworkValues } from '../training';
import type { TmnnSpec } from './spec';
import { createTrainer, type Task, type TmnnTrainer } from './trainer';

const FORMAT = 'stm-lab tmnn model 1';

/** A trained network as it is stored. */
export interface TmnnModel {
  readonly spec: TmnnSpec;
  readonly task: Task;
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  /** Seconds of a segment. */
  readonly segmentSeconds: number;
  readonly values: NetworkValues;
}

/**
 * Writes a model into a folder (two files), atomically.
 *
 * @throws UserError (`diverged`) when a value is not a number: nothing is written.
 */
export function saveTmnn(folder: string, { values, ...rest }: TmnnModel): void {
  checkValues(folder, values);
  writeSnapshot(folder, FORMAT, {
    arrays: { parameters: values.parameters, buffers: values.buffers },
    progress: rest,
  });
}

/**
 * Reads a model; undefined when the folder holds none.
 *
 * @throws UserError: `input` when it is damaged or of another kind; `diverged` when a value is not a number.
 */
export function loadTmnn(folder: string): TmnnModel | undefined {
  const found = readSnapshot<Omit<TmnnModel, 'values'>>(folder, FORMAT);
  if (found === undefined) return undefined;
  const { arrays, progress } = found;
  const values = { parameters: arrays['parameters']!, buffers: arrays['buffers']! };
  checkValues(folder, values);
  return { ...progress, values };
}

function checkValues(folder: string, values: NetworkValues): void {
  for (const [name, list] of Object.entries(values) as [string, Float32Array][]) {
    const wrong = firstNotFinite(list);
    if (wrong >= 0)
      throw divergedError(
        `${folder}: value ${wrong} of the network's ${name} is ${list[wrong]}; the training has diverged, train again with a lower learning rate`,
      );
  }
}

/** A model on the engine, ready to classify clips; dispose it. */
export function startTmnn(engine: Engine, model: TmnnModel): TmnnTrainer {
  return createTrainer(engine, model.spec, model.task, { rule: { kind: 'sgd' } }, model.values);
}
