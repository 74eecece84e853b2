import { concatenate } from '../base/concatenate';
import { readSnapshot, type SnapshotPlace, writeSnapshot } from '../base/snapshot';
import type { NetworkValues } from './learner';
import type { OptimiserState } from './optimiser';

/** How far a training is, as plain JSON. */
export interface Progress<Epoch> {
  /** Micro-batches done. */
  readonly batches: number;
  /** Sums of the steps of the epoch under way. */
  readonly sums: Readonly<Record<string, number>>;
  readonly history: readonly Epoch[];
  readonly bestEpoch: number;
  readonly bestValue: number | null;
  /** Why it ended; null while it runs. */
  readonly stopped: 'completed' | 'early' | 'callback' | null;
  /** What the network's own training remembers besides. */
  readonly memory: Readonly<Record<string, unknown>>;
}

/** What a training continues from, so that one that was killed ends as if nothing had happened. */
export interface Checkpoint<Epoch> {
  readonly optimiser: OptimiserState;
  readonly buffers: Float32Array;
  /** Sum of the gradients since the last update, when there are any. */
  readonly pending: Float32Array | undefined;
  /** Values after the best epoch, where they are wanted. */
  readonly best: NetworkValues | undefined;
  readonly progress: Progress<Epoch>;
}

/** Writes a checkpoint into its folder, in place of the one before (see `writeSnapshot`). */
export function writeCheckpoint<Epoch>(place: SnapshotPlace, checkpoint: Checkpoint<Epoch>): void {
  const { optimiser, buffers, pending, best, progress } = checkpoint;
  const { updates, values, slots } = optimiser;
  writeSnapshot(place.folder, place.identity, {
    arrays: {
      parameters: values,
      buffers,
      ...Object.fromEntries(slots.map((slot, i) => [`slot${i}`, slot])),
      ...(pending === undefined ? {} : { pending }),
      ...(best === undefined ? {} : { bestParameters: best.parameters, bestBuffers: best.buffers }),
    },
    progress: { updates, ...progress },
  });
}

/** Progress as it is stored: with what earlier versions wrote instead. */
type Stored<Epoch> = Partial<Progress<Epoch>> & {
  readonly updates?: number;
  /** Networks on features kept theirs one level down. */
  readonly progress?: Partial<Progress<Epoch>>;
  readonly first?: unknown;
  readonly step?: number;
  readonly lossSum?: number;
  readonly records?: readonly Epoch[];
};

/** Names of arrays in earlier versions, which also wrote every parameter apart: `weights.0`, `weights.1`, ... */
const EARLIER: Readonly<Record<string, string>> = {
  weights: 'parameters',
  values: 'parameters',
  first: 'slot0',
  second: 'slot1',
  best: 'bestParameters',
};

/**
 * Reads the checkpoint of a folder, also one of an earlier version; undefined when there is none.
 *
 * @throws UserError (`input`) when it belongs to another training, or its data file is damaged.
 */
export function readCheckpoint<Epoch>(
  place: SnapshotPlace,
  { batchesPerEpoch, accumulation }: { readonly batchesPerEpoch: number; readonly accumulation: number },
): Checkpoint<Epoch> | undefined {
  const snapshot = readSnapshot<Stored<Epoch>>(place.folder, place.identity);
  if (snapshot === undefined) return undefined;
  const parts = new Map<string, Float32Array[]>();
  for (const [key, values] of Object.entries(snapshot.arrays)) {
    const name = key.split('.')[0]!;
    const today = EARLIER[name] ?? name;
    parts.set(today, [...(parts.get(today) ?? []), values]);
  }
  const array = (name: string): Float32Array | undefined => {
    const found = parts.get(name);
    return found && concatenate(found);
  };
  const { updates, step, lossSum, records, first, progress: inner, ...own } = snapshot.progress;
  const progress = { ...own, ...inner };
  const history = progress.history ?? records!.slice(1);
  const batches = progress.batches ?? step ?? history.length * batchesPerEpoch;
  const best = array('bestParameters');
  return {
    optimiser: {
      updates: updates ?? Math.floor(batches / accumulation),
      values: array('parameters')!,
      slots: [0, 1, 2].flatMap((i) => array(`slot${i}`) ?? []),
    },
    buffers: array('buffers') ?? new Float32Array(),
    pending: array('pending'),
    best: best && { parameters: best, buffers: array('bestBuffers') ?? new Float32Array() },
    progress: {
      batches,
      sums: progress.sums ?? (lossSum === undefined || lossSum === 0 ? {} : { loss: lossSum }),
      history,
      bestEpoch: progress.bestEpoch ?? history.length,
      bestValue: progress.bestValue ?? null,
      stopped: progress.stopped ?? null,
      memory: progress.memory ?? { first: first ?? records?.[0] },
    },
  };
}
