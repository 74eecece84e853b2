import { filter, lowpass } from './filters';

/** A room around the source. */
export interface RoomOptions {
  readonly rate: number;
  /** Time in seconds in which the reverberation falls by 60 dB. */
  readonly seconds: number;
  /** Reverberation amplitude relative to the direct sound, 0 (none) .. 1. */
  readonly amount: number;
  /** Corner of the walls' damping in Hz; default 4,000. */
  readonly dampingHz?: number;
}

/** Delays in ms that share no common factor: four combs side by side, two all-passes in a row. */
const COMBS = [29.7, 37.1, 41.1, 43.7];
const ALL_PASSES = [5.3, 1.7];

/**
 * The samples with reverberation added (a new array of the same length).
 * Source: Schroeder, "Natural sounding artificial reverberation", 1962.
 */
export function inRoom(samples: Float32Array, options: RoomOptions): Float32Array {
  const { rate, seconds, amount } = options;
  const out = samples.slice();
  if (amount <= 0) return out;
  const wet = new Float32Array(samples.length);
  for (const milliseconds of COMBS) {
    const delay = Math.round((milliseconds / 1000) * rate);
    const gain = Math.pow(10, (-3 * milliseconds) / 1000 / seconds);
    const line = new Float32Array(delay);
    for (let i = 0, k = 0; i < samples.length; i++, k = k + 1 === delay ? 0 : k + 1) {
      const late = line[k]!;
      wet[i]! += late / COMBS.length;
      line[k] = samples[i]! + gain * late;
    }
  }
  for (const milliseconds of ALL_PASSES) {
    const delay = Math.round((milliseconds / 1000) * rate);
    const line = new Float32Array(delay);
    for (let i = 0, k = 0; i < wet.length; i++, k = k + 1 === delay ? 0 : k + 1) {
      const late = line[k]!;
      const into = wet[i]! + 0.7 * late;
      wet[i] = late - 0.7 * into;
      line[k] = into;
    }
  }
  filter(wet, lowpass(rate, options.dampingHz ?? 4000));
  for (let i = 0; i < out.length; i++) out[i]! += amount * wet[i]!;
  return out;
}
