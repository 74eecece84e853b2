import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';

/** One micro-batch of an epoch. */
export interface Batch {
  /** 0: the training rows; 1: the trailing rows. */
  readonly source: 0 | 1;
  /** Row numbers within the source. */
  readonly rows: Int32Array;
}

/**
 * Micro-batches of one epoch: the training rows in their order, then the trailing rows as stored. A batch
 * never holds rows of both.
 *
 * @param epoch number of the epoch, from 1: each has an order of its own, the same after a resume.
 */
export function* epochBatches(
  counts: { readonly train: number; readonly trailing: number },
  batchSize: number,
  order: 'shuffled' | 'stored',
  seed: number,
  epoch: number,
): Generator<Batch> {
  const stored = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
  const sequence =
    order === 'stored'
      ? stored(counts.train)
      : randomState(deriveSeed(seed, 'order', epoch)).permutation(counts.train);
  for (let start = 0; start < counts.train; start += batchSize)
    yield { source: 0, rows: sequence.subarray(start, start + batchSize) };
  const tail = stored(counts.trailing);
  for (let start = 0; start < counts.trailing; start += batchSize)
    yield { source: 1, rows: tail.subarray(start, start + batchSize) };
}

/** The micro-batches of each epoch in a list; that of the last epoch asked for is remembered. */
export function batchesByEpoch(
  counts: { readonly train: number; readonly trailing: number },
  batchSize: number,
  order: 'shuffled' | 'stored',
  seed: number,
): (epoch: number) => readonly Batch[] {
  let known: { epoch: number; batches: readonly Batch[] } = { epoch: 0, batches: [] };
  return (epoch) => {
    if (known.epoch !== epoch)
      known = { epoch, batches: [...epochBatches(counts, batchSize, order, seed, epoch)] };
    return known.batches;
  };
}

/** What a training comes to, in micro-batches and weight updates. */
export interface TrainingSize {
  readonly batchesPerEpoch: number;
  readonly batches: number;
  readonly updates: number;
  /** Micro-batches at the very end whose gradient is dropped. */
  readonly dropped: number;
}

/**
 * Counts micro-batches and updates. The paper's search: 770,393 rows, 2 epochs -> 6,020 micro-batches, 752
 * updates, 4 dropped; its final fit, 102,010 trailing rows, 1 epoch -> 3,409 and 426.
 */
export function trainingSize(
  counts: { readonly train: number; readonly trailing: number },
  { batchSize, accumulation, epochs }: { batchSize: number; accumulation: number; epochs: number },
): TrainingSize {
  const batchesPerEpoch = Math.ceil(counts.train / batchSize) + Math.ceil(counts.trailing / batchSize);
  const batches = batchesPerEpoch * epochs;
  return {
    batchesPerEpoch,
    batches,
    updates: Math.floor(batches / accumulation),
    dropped: batches % accumulation,
  };
}
