import { filter, highpass } from './filters';

/** Adds `part`, times `gain`, into `whole` from `seconds` on; what does not fit is dropped. */
export function addAt(
  whole: Float32Array,
  part: Float32Array,
  rate: number,
  seconds: number,
  gain = 1,
): void {
  const start = Math.round(seconds * rate);
  const end = Math.min(part.length, whole.length - start);
  for (let i = Math.max(0, -start); i < end; i++) whole[start + i]! += gain * part[i]!;
}

/** Rises in `attack` seconds, holds 1, and falls in the last `release` seconds of `length`. */
export function plateau(length: number, attack: number, release: number): (time: number) => number {
  return (time) => Math.max(0, Math.min(1, time / attack, (length - time) / release));
}

/** Rises in `attack` seconds, then decays to 1/e in `decay` seconds, and is 0 from `length` on. */
export function strike(length: number, attack: number, decay: number): (time: number) => number {
  const end = plateau(length, attack, Math.min(0.02, length / 4));
  return (time) => end(time) * Math.exp(-Math.max(0, time - attack) / decay);
}

/** Root mean square of the samples; 0 when there are none. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const x of samples) sum += x * x;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** Scales samples to the given RMS, in place; silence stays silence. */
export function toLevel(samples: Float32Array, level: number): Float32Array {
  const now = rms(samples);
  if (now > 0) for (let i = 0; i < samples.length; i++) samples[i]! *= level / now;
  return samples;
}

/** Adds `part` at this many dB of RMS relative to `whole`, in place. */
export function addRelative(whole: Float32Array, part: Float32Array, decibels: number): Float32Array {
  const own = rms(part);
  if (own === 0) return whole;
  const gain = (rms(whole) * Math.pow(10, decibels / 20)) / own;
  const end = Math.min(whole.length, part.length);
  for (let i = 0; i < end; i++) whole[i]! += gain * part[i]!;
  return whole;
}

/**
 * The recording as a file holds it: no DC (high-pass at 30 Hz), the given RMS, 10 ms fades at both
 * ends, and peaks bent softly below `0.95` so that nothing clips.
 */
export function master(samples: Float32Array, rate: number, level: number): Float32Array {
  toLevel(filter(samples, highpass(rate, 30)), level);
  const fade = Math.round(0.01 * rate);
  for (let i = 0; i < samples.length; i++) {
    const edge = Math.min(1, (i + 0.5) / fade, (samples.length - i - 0.5) / fade);
    const x = edge * samples[i]!;
    const size = Math.abs(x);
    // Linear to 0.6, then bent towards 0.95 with a continuous slope.
    samples[i] = size <= 0.6 ? x : Math.sign(x) * (0.6 + 0.35 * (1 - Math.exp(-(size - 0.6) / 0.35)));
  }
  return samples;
}
