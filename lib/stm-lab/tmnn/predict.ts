import { divergedError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { cutSegments, evenPlaces } from './data/segments';
import type { SpectrogramSource } from './data/spectrogramCache';
import { probabilitiesOf, rowLosses } from './logits';
import type { Task, TmnnTrainer } from './trainer';

/** Options of an evaluation. */
export interface PredictOptions {
  /** Frames of a segment, or samples where waveforms are read. */
  readonly window: number;
  /** Overlapping windows a clip; default 16. */
  readonly windows?: number;
  /** Segments passed through the network at a time; default 16. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A network's predictions for clips. */
export interface ClipPredictions {
  /** Mean over the clip's windows of the probabilities; clips x outputs. */
  readonly probabilities: Float32Array;
  /** Mean over clips of the mean loss over their windows: what chooses the best epoch. */
  readonly loss: number;
}

/**
 * Scores clips by the average over evenly spaced windows, with running statistics and without dropout.
 *
 * @param clips numbers of clips in the source.
 * @param labels of those clips, 0 or 1, clips x outputs.
 * @throws UserError: `interrupted` on `signal`; `diverged` when an output of the network is not a number.
 */
export async function predictClips(
  network: Pick<TmnnTrainer, 'logits' | 'network'>,
  task: Task,
  source: SpectrogramSource,
  clips: readonly number[],
  labels: Float32Array,
  options: PredictOptions,
): Promise<ClipPredictions> {
  const { window, windows = 16, batchSize = 16, signal } = options;
  const { outputs, analysis } = network.network.spec;
  const probabilities = new Float32Array(clips.length * outputs);
  const segments = clips.flatMap((clip, row) => {
    const starts = evenPlaces(source, window, windows, analysis, clip);
    return starts.map((from) => ({ clip, from, row, share: 1 / starts.length }));
  });
  const pace = createPace(signal, 'prediction');
  let loss = 0;
  for (let at = 0; at < segments.length; at += batchSize) {
    await pace();
    const part = segments.slice(at, at + batchSize);
    const logits = network.logits(cutSegments(source, part, window), part.length, window);
    const own = new Float32Array(logits.length);
    part.forEach(({ row }, i) => own.set(labels.subarray(row * outputs, (row + 1) * outputs), i * outputs));
    const wrong = firstNotFinite(logits);
    if (wrong >= 0)
      throw divergedError(
        `prediction: the network's output for clip ${part[Math.floor(wrong / outputs)]!.clip} is ${logits[wrong]}; the training has diverged, lower the learning rate`,
      );
    const losses = rowLosses(logits, own, outputs, task);
    const found = probabilitiesOf(logits, outputs, task);
    part.forEach(({ row, share }, i) => {
      loss += (losses[i]! * share) / clips.length;
      for (let c = 0; c < outputs; c++) probabilities[row * outputs + c]! += found[i * outputs + c]! * share;
    });
  }
  return { probabilities, loss };
}
