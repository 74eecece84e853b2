import type { Tensor1D } from '@tensorflow/tfjs';
import type { SnapshotPlace } from '../base/snapshot';
import type { Learner, NetworkValues } from './learner';
import type { OptimiserOptions } from './optimiser';
import type { Schedule } from './schedule';

/** Epochs under one rule and schedule. */
export interface TrainingStage {
  readonly epochs: number;
  readonly optimiser: OptimiserOptions;
  readonly schedule: Schedule;
}

/** Micro-batches that pass through the network together, between two updates. */
export interface BatchGroup {
  /** From 1, over all stages. */
  readonly epoch: number;
  /** The first of them: from 0 within its epoch, and within the training. */
  readonly inEpoch: number;
  readonly inTraining: number;
  readonly count: number;
}

/** What a group of micro-batches gives. */
export interface GroupResult {
  /** Added up over the epoch; the training has diverged when `loss` is no longer a number. */
  readonly sums: { readonly loss: number } & Readonly<Record<string, number>>;
  /** With respect to all parameters as one vector; several micro-batches are added up until the update. Disposed here. */
  readonly gradient: Tensor1D;
}

/** An epoch as it ends. */
export interface EpochEnd {
  readonly epoch: number;
  /** Number of its stage, from 0. */
  readonly stage: number;
  readonly sums: Readonly<Record<string, number>>;
  /** Of the last update. */
  readonly learningRate: number;
  /** Of the whole training so far. */
  readonly batches: number;
  readonly updates: number;
}

/** Which epoch is best, and when none is to be expected any more. */
export interface BestEpoch<Epoch> {
  readonly value: (epoch: Epoch) => number;
  readonly direction: 'minimise' | 'maximise';
  /** Epochs without improvement before the training stops; default: none are too many. */
  readonly patience?: number;
  /** A change smaller than this is not an improvement; default 0. */
  readonly minimumChange?: number;
  /** Whether its values are kept, for the result and for the beginning of the next stage. */
  readonly keepsValues: boolean;
}

/** A training, as the loop sees it. */
export interface TrainingTask<Epoch> {
  /** The network under its first stage's rule. */
  readonly learner: Learner;
  readonly stages: readonly TrainingStage[];
  readonly batchesPerEpoch: number;
  /** Micro-batches in all, where the last epoch is a shorter one; default whole epochs. */
  readonly batches?: number;
  /** Micro-batches per update, across the ends of epochs; default 1. What is left at the end is dropped. */
  readonly accumulation?: number;
  /** Most micro-batches that pass together; default 1. */
  readonly together?: number;
  readonly groupGradient: (group: BatchGroup) => GroupResult | Promise<GroupResult>;
  /** After each update: the learner's values are new. */
  readonly onUpdate?: () => void;
  /** The epoch's record, validation included; or which numbers of it are none, e.g. "validation loss". */
  readonly epochRecord: (end: EpochEnd) => Epoch | string | Promise<Epoch | string>;
  readonly best?: BestEpoch<Epoch> | undefined;
  /** Anything that JSON can say and that a resumed training must find again; filled in place. */
  readonly memory?: Record<string, unknown>;
  /** Called after each epoch, before its checkpoint is written; `stop` ends the training there. */
  readonly onEpoch?: ((epoch: Epoch) => 'stop' | void | Promise<'stop' | void>) | undefined;
  /** Called after each group: micro-batches of the epoch done, and in all. */
  readonly onBatch?: ((done: number, batches: number) => void) | undefined;
  /** Saves after every epoch and when asked to stop, and continues from what is there. */
  readonly checkpoint?: SnapshotPlace | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where a training stopped making sense. */
export interface Divergence {
  /** Which numbers became infinite or not a number. */
  readonly what: string;
  readonly epoch: number;
  readonly learningRate: number;
  readonly updates: number;
}

/** Outcome of a training. */
export interface TrainingResult<Epoch> {
  readonly history: readonly Epoch[];
  /** From 1; 0 before the first epoch, the last one without `best`. */
  readonly bestEpoch: number;
  /** Values after the best epoch, where they are kept. */
  readonly best: NetworkValues | undefined;
  /** Latest values that are numbers. */
  readonly last: NetworkValues;
  readonly stopped: 'completed' | 'early' | 'callback' | 'diverged';
  readonly divergence: Divergence | undefined;
  readonly updates: number;
  /** Micro-batches whose gradient was dropped at the end. */
  readonly dropped: number;
  /** Epochs taken over from a checkpoint. */
  readonly resumed: number;
}

/**
 * One sentence about a training that diverged, to follow its name.
 *
 * @param where e.g. "in epoch 3".
 * @param cure what to check besides the learning rate, e.g. "the recordings".
 */
export function divergenceSentence(
  { what, learningRate, updates }: Divergence,
  where: string,
  cure: string,
): string {
  return `diverged ${where}: its ${what} became infinite or not a number (learning rate ${learningRate}, update ${updates}); lower the learning rate, or check ${cure}`;
}
