import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Analysis } from '../../features/spectrogram';
import type { SpectrogramSource } from './spectrogramCache';

/**
 * First samples of evenly spaced windows over a clip: hop = floor((length - window) / count), starts 0, hop, ...,
 * (count - 1) hop. A clip no longer than the window has one.
 */
export function windowStarts(length: number, window: number, count: number): number[] {
  const hop = Math.floor((length - window) / count);
  if (hop <= 0) return [0];
  return Array.from({ length: count }, (_, i) => i * hop);
}

/**
 * First frames of the windows: `windowStarts` of the sample positions, each moved to the nearest frame, so that windows
 * can be cut from the spectrogram of the whole clip (at most half a hop, 8 ms, from where the samples would be cut).
 */
export function windowFrames(frames: number, window: number, count: number, { hop }: Analysis): number[] {
  const starts = windowStarts((frames - 1) * hop, (window - 1) * hop, count);
  return [...new Set(starts.map((start) => Math.min(Math.round(start / hop), frames - window)))];
}

/** First frame of the random segment of a clip in an epoch, uniform over all places. */
export function randomFrame(
  frames: number,
  window: number,
  seed: number,
  epoch: number,
  clip: number,
): number {
  return randomState(deriveSeed(seed, 'crop', epoch, clip)).interval(Math.max(0, frames - window));
}

/** First frame, or sample, of the random segment of a clip in an epoch: uniform over all places, also of a short clip in zeros. */
export function randomPlace(
  source: SpectrogramSource,
  window: number,
  seed: number,
  epoch: number,
  clip: number,
): number {
  const { waveform } = source;
  if (waveform === undefined) return randomFrame(source.frames(clip), window, seed, epoch, clip);
  const room = waveform.samples(clip) - waveform.segment;
  const place = randomState(deriveSeed(seed, 'crop', epoch, clip)).interval(Math.abs(room));
  return room < 0 ? -place : place;
}

/** First frames, or samples, of evenly spaced windows over a clip; a short clip lies in the middle of its only one. */
export function evenPlaces(
  source: SpectrogramSource,
  window: number,
  count: number,
  analysis: Analysis,
  clip: number,
): number[] {
  const { waveform } = source;
  if (waveform === undefined) return windowFrames(source.frames(clip), window, count, analysis);
  const samples = waveform.samples(clip);
  return samples < waveform.segment
    ? [-Math.floor((waveform.segment - samples) / 2)]
    : windowStarts(samples, waveform.segment, count);
}

/** Cuts segments of one length out of clips into one array (segments x window x bins). */
export function cutSegments(
  source: SpectrogramSource,
  segments: readonly { readonly clip: number; readonly from: number }[],
  window: number,
): Float32Array {
  const size = window * source.bins;
  const power = new Float32Array(segments.length * size);
  segments.forEach(({ clip, from }, i) =>
    source.read(clip, from, window, power.subarray(i * size, (i + 1) * size)),
  );
  return power;
}
