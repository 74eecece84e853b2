import { concatenate } from '../../base/concatenate';
import type { LogMelKernel } from '../../features/mel/logMel';
import type { Segment } from '../../corpus';
import { padTo, samplesFor, soundAt } from './sounds';
import type { TaskSettings } from './task';
import type { SpeechRecording } from '../../corpus';

/** A recording in windows of the network's length. */
export interface Windows extends SpeechRecording {
  readonly seconds: number;
  /** At the front end's rate, at least one window long; kept where noise is to be added. */
  readonly samples: Float32Array | undefined;
  /** Frame at which each window begins. */
  readonly starts: Int32Array;
  /** windows x bands x frames, dB. */
  readonly values: Float32Array;
}

/** Cuts a recording into windows of `frames`, one every `every` frames. */
export async function cutWindows(
  recording: SpeechRecording,
  kernel: LogMelKernel,
  frames: number,
  {
    every,
    last,
    samples: fate,
    signal,
  }: {
    every: number;
    last: 'drop' | 'align';
    samples: 'keep' | 'drop';
    signal: AbortSignal | undefined;
  },
): Promise<Windows> {
  const { hop, sampleRate } = kernel.parameters;
  const samples = await soundAt(recording.file, sampleRate, signal);
  const length = samplesFor(frames, kernel.parameters);
  const padded = padTo(samples, length);
  const latest = Math.floor((padded.length - length) / hop);
  const starts: number[] = [];
  for (let start = 0; start <= latest; start += every) starts.push(start);
  if (last === 'align' && starts.at(-1) !== latest) starts.push(latest);
  const values = concatenate(
    starts.map((start) => kernel.compute(padded.subarray(start * hop, start * hop + length)).values),
  );
  return {
    ...recording,
    seconds: samples.length / sampleRate,
    samples: fate === 'keep' ? padded : undefined,
    starts: Int32Array.from(starts),
    values,
  };
}

/** 1 for speech, 0 for none, -1 outside the scored part: windows x frames. */
export function frameLabels({ starts, speech, scored }: Windows, settings: TaskSettings): Float32Array {
  const { frames, frontEnd } = settings;
  const inside = (segments: readonly Segment[], time: number): boolean =>
    segments.some(({ begin, end }) => time >= begin && time < end);
  const labels = new Float32Array(starts.length * frames);
  starts.forEach((start, row) => {
    for (let t = 0; t < frames; t++) {
      const middle = ((start + t) * frontEnd.hop + frontEnd.window / 2) / frontEnd.sampleRate;
      const known = scored === undefined || inside(scored, middle);
      labels[row * frames + t] = !known ? -1 : inside(speech, middle) ? 1 : 0;
    }
  });
  return labels;
}

/** The scored part of a recording in blocks. */
export function blocksOf({ scored, seconds }: Windows, blockSeconds: number): Segment[][] {
  const parts = scored ?? [{ begin: 0, end: seconds }];
  return parts.flatMap(({ begin, end }) => {
    const count = Math.max(1, Math.round((end - begin) / blockSeconds));
    return Array.from({ length: count }, (_, i) => [
      { begin: begin + ((end - begin) * i) / count, end: begin + ((end - begin) * (i + 1)) / count },
    ]);
  });
}
