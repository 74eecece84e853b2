import { readSnapshot, writeSnapshot } from '../base/snapshot';
import { concatenate } from '../base/concatenate';
import type { TrainerState } from './trainer';

/** What is kept between epochs, so that a killed training goes on as if nothing had happened. */
export interface Checkpoint<Progress> {
  readonly state: TrainerState;
  /** Best weights so far, when early stopping looks for them. */
  readonly best: Float32Array | undefined;
  /** Plain JSON of the fit loop (history, patience, whether done). */
  readonly progress: Progress;
}

interface Kept<Progress> {
  readonly batches: number;
  readonly progress: Progress;
}

/** Writes a checkpoint into its folder, in place of the one before (see `writeSnapshot`). */
export function writeCheckpoint<Progress>(
  folder: string,
  identity: string,
  { state, best, progress }: Checkpoint<Progress>,
): void {
  const { batches, optimiser, pending } = state;
  const { values: weights, slots } = optimiser;
  const arrays = {
    weights,
    first: slots[0]!,
    second: slots[1]!,
    ...(pending === undefined ? {} : { pending }),
    ...(best === undefined ? {} : { best }),
  };
  writeSnapshot<Kept<Progress>>(folder, identity, { arrays, progress: { batches, progress } });
}

/**
 * Reads the checkpoint of a folder; undefined when there is none.
 *
 * @throws UserError (`input`) when it belongs to another training, or its data file is damaged.
 */
export function readCheckpoint<Progress>(
  folder: string,
  identity: string,
  accumulation: number,
): Checkpoint<Progress> | undefined {
  const snapshot = readSnapshot<Kept<Progress>>(folder, identity);
  if (snapshot === undefined) return undefined;
  const { arrays, progress } = snapshot;
  // Earlier versions wrote every parameter as an array of its own, weights.0, weights.1, ...
  const vector = (name: string): Float32Array | undefined => {
    const parts = Object.keys(arrays).filter((key) => key.split('.')[0] === name);
    return parts.length === 0 ? undefined : concatenate(parts.map((key) => arrays[key]!));
  };
  return {
    state: {
      batches: progress.batches,
      optimiser: {
        updates: Math.floor(progress.batches / accumulation),
        values: vector('weights')!,
        slots: [vector('first')!, vector('second')!],
      },
      pending: vector('pending'),
    },
    best: vector('best'),
    progress: progress.progress,
  };
}
