import { readSnapshot, writeSnapshot } from '../base/snapshot';
import { type MlpSpec, parameterShapes } from './spec';
import type { TrainerState } from './trainer';

/** What is kept between epochs, so that a killed training goes on as if nothing had happened. */
export interface Checkpoint<Progress> {
  readonly state: TrainerState;
  /** Best weights so far, when early stopping looks for them. */
  readonly best: readonly Float32Array[] | undefined;
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
  const { batches, weights, first, second, pending } = state;
  const sets = { weights, first, second, pending, best };
  const arrays = Object.fromEntries(
    Object.entries(sets).flatMap(([set, list]) => (list ?? []).map((values, i) => [`${set}.${i}`, values])),
  );
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
  spec: MlpSpec,
): Checkpoint<Progress> | undefined {
  const snapshot = readSnapshot<Kept<Progress>>(folder, identity);
  if (snapshot === undefined) return undefined;
  const { arrays, progress } = snapshot;
  const tensors = parameterShapes(spec).length;
  const set = (name: string): Float32Array[] =>
    Array.from({ length: tensors }, (_, i) => arrays[`${name}.${i}`]!);
  const has = (name: string): boolean => `${name}.0` in arrays;
  return {
    state: {
      batches: progress.batches,
      weights: set('weights'),
      first: set('first'),
      second: set('second'),
      pending: has('pending') ? set('pending') : undefined,
    },
    best: has('best') ? set('best') : undefined,
    progress: progress.progress,
  };
}
