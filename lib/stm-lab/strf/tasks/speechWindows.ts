import { cacheSound, type CachedSound } from '../../audio';
import { inputError } from 'research-basics/errors';
import { boundedLog } from '../../evaluation/temperature';
import { frameCount, type LogMelKernel } from '../../features/mel/logMel';
import { intersectionOf, type Segment, type SpeechRecording } from '../../corpus';
import type { ProbabilityTrack } from '../detection';
import { fitFrames } from '../soundSet';
import { logMelOf } from './sounds';
import type { TaskSettings } from './task';

/** A recording whose samples are on disk. */
export interface SpeechSound extends SpeechRecording {
  readonly sound: CachedSound;
  readonly seconds: number;
}

/** Decodes recordings into a folder (see `cacheSound`). */
export async function openSpeech(
  recordings: readonly SpeechRecording[],
  folder: string,
  sampleRate: number,
  signal: AbortSignal | undefined,
): Promise<SpeechSound[]> {
  const opened: SpeechSound[] = [];
  for (const recording of recordings) {
    const sound = await cacheSound(folder, recording.file, sampleRate, signal);
    opened.push({ ...recording, sound, seconds: sound.samples / sampleRate });
  }
  return opened;
}

/** A stretch of sound that the network sees at a time. */
export interface Chunk {
  /** `frames` hops: 2 s for 200 frames of 10 ms. */
  readonly samples: number;
  /** Middle of its first frame, seconds after its begin. */
  readonly middle: number;
}

/** The network's chunk. Frames that lie inside it are fewer than it has; others are added on both sides, see `chunkValues`. */
export function chunkOf({ frames, frontEnd }: Pick<TaskSettings, 'frames' | 'frontEnd'>): Chunk {
  const { hop, window, sampleRate } = frontEnd;
  const samples = frames * hop;
  const lead = Math.floor((frames - frameCount(Math.max(samples, window), frontEnd)) / 2);
  const first = frontEnd.frames === 'centred' ? 0 : window / 2;
  return { samples, middle: (first - lead * hop) / sampleRate };
}

/** Log-mel values of a chunk, bands x frames; added frames are NaN until they are standardised. */
export function chunkValues(samples: Float32Array, kernel: LogMelKernel, frames: number): Float32Array {
  return fitFrames(logMelOf(samples, kernel), kernel.parameters.bands, frames);
}

/** 1 for speech, 0 for none, -1 outside the scored part, at `count` times `first` + i / `rate` seconds. */
export function labelsAt(
  { speech, scored, seconds }: SpeechSound,
  count: number,
  first: number,
  rate: number,
): Float32Array {
  const labels = new Float32Array(count).fill(-1);
  const mark = (segments: readonly Segment[], label: number): void => {
    for (const { begin, end } of segments) {
      const [from, to] = [begin, end].map((time) => Math.max(0, Math.ceil((time - first) * rate)));
      labels.fill(label, from, to);
    }
  };
  const known = scored ?? [{ begin: Math.min(0, first), end: seconds }];
  mark(known, 0);
  mark(intersectionOf(speech, known), 1);
  return labels;
}

/**
 * Draws chunks of recordings: a recording, and a part of it that is used, as often as it is long; in it any place.
 *
 * @returns a function of uniform numbers in [0, 1).
 * @throws UserError (`input`) when no part of any recording is used.
 */
export function chunkDrawer(
  recordings: readonly SpeechSound[],
  length: number,
  sampleRate: number,
): (next: () => number) => { readonly recording: SpeechSound; readonly from: number } {
  const parts = recordings.flatMap((recording) =>
    partsOf(recording).map(({ begin, end }) => ({
      recording,
      begin: Math.round(begin * sampleRate),
      end: Math.round(end * sampleRate),
    })),
  );
  const upTo = new Float64Array(parts.length);
  let total = 0;
  parts.forEach(({ begin, end }, i) => (upTo[i] = total += end - begin));
  if (!(total > 0)) throw inputError('speech: no part of the training recordings is annotated');
  return (next) => {
    const place = next() * total;
    const { recording, begin, end } = parts[upTo.findIndex((sum) => place < sum)] ?? parts.at(-1)!;
    const from = begin + Math.floor(next() * (Math.max(0, end - begin - length) + 1));
    // A part shorter than a chunk takes in what lies around it.
    return { recording, from: Math.max(0, Math.min(from, recording.sound.samples - length)) };
  };
}

/** The parts of a recording that are used, within it. */
export function partsOf({ scored, seconds }: SpeechSound): Segment[] {
  const whole = [{ begin: 0, end: seconds }];
  return scored === undefined ? whole : intersectionOf(scored, whole);
}

/**
 * Frames, from 0, at which overlapping windows of `frames` begin, one every `every` frames; the last is aligned to the
 * recording's end.
 */
export function windowStarts(
  samples: number,
  { frames, every, hop }: Record<'frames' | 'every' | 'hop', number>,
): number[] {
  const latest = Math.max(0, Math.floor(samples / hop) - frames);
  const starts: number[] = [];
  for (let start = 0; start <= latest; start += every) starts.push(start);
  if (starts.at(-1) !== latest) starts.push(latest);
  return starts;
}

/** Used parts of a recording in blocks. */
export function blocksOf(recording: SpeechSound, blockSeconds: number): Segment[][] {
  return partsOf(recording).flatMap(({ begin, end }) => {
    const count = Math.max(1, Math.round((end - begin) / blockSeconds));
    return Array.from({ length: count }, (_, i) => [
      { begin: begin + ((end - begin) * i) / count, end: begin + ((end - begin) * (i + 1)) / count },
    ]);
  });
}

/** Mean over the frames that are scored of the cross-entropy of their probability. */
export function crossEntropy(
  tracks: readonly ProbabilityTrack[],
  recordings: readonly SpeechSound[],
  middle: number,
): number {
  let [sum, count] = [0, 0];
  tracks.forEach(({ probabilities, frameRate: rate }, i) => {
    labelsAt(recordings[i]!, probabilities.length, middle, rate).forEach((label, t) => {
      if (label < 0) return;
      sum -= boundedLog(label === 1 ? probabilities[t]! : 1 - probabilities[t]!);
      count++;
    });
  });
  return sum / count;
}
