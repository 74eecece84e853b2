import { randomState } from 'research-basics/random/mt19937';

/** Rate of the ripples' samples, Hz. */
export const RIPPLE_RATE = 16000;

/** One moving ripple. */
export interface Ripple {
  readonly rateHz: number;
  readonly cycPerOct: number;
  /** Where the peaks move along frequency. */
  readonly direction: 'up' | 'down';
}

/**
 * Moving ripples: many tones, evenly spaced in octaves, whose levels (10 dB up and down for each ripple) follow sinusoids
 * along time and octave.
 */
export function ripples(parts: readonly Ripple[], seconds = 4): Float32Array {
  const random = randomState(7);
  const samples = new Float32Array(seconds * RIPPLE_RATE);
  const tones = 250;
  const amplitude = Float64Array.from(
    { length: 4096 },
    (_, i) => 10 ** (0.5 * Math.cos((2 * Math.PI * i) / 4096)),
  );
  for (let k = 0; k < tones; k++) {
    const octave = (5.6 * k) / tones;
    const angle = (2 * Math.PI * 150 * 2 ** octave) / RIPPLE_RATE;
    const phase = 2 * Math.PI * random.double();
    for (let i = 0; i < samples.length; i++) {
      let level = 1;
      for (const { rateHz, cycPerOct, direction } of parts) {
        const turns = ((direction === 'up' ? -1 : 1) * rateHz * i) / RIPPLE_RATE + cycPerOct * octave;
        level *= amplitude[Math.floor(4096 * (turns - Math.floor(turns)))]!;
      }
      samples[i]! += level * Math.cos(angle * i + phase);
    }
  }
  return samples;
}
