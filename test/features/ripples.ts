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

/** A ripple along frequency in Hz. */
export interface LinearRipple {
  readonly rateHz: number;
  readonly cycPerKHz: number;
  readonly direction: 'up' | 'down';
}

/**
 * Moving ripples: many tones, evenly spaced in octaves, whose levels (10 dB up and down for each ripple) follow sinusoids
 * along time and octave.
 */
export function ripples(parts: readonly Ripple[], seconds = 4): Float32Array {
  const turns = parts.map(({ rateHz, cycPerOct, direction }) => ({ rateHz, direction, density: cycPerOct }));
  return tonesOf(
    turns,
    250,
    (k) => (5.6 * k) / 250,
    (octave) => 150 * 2 ** octave,
    seconds,
  );
}

/** The same with tones 40 Hz apart, up to 7.6 kHz, and sinusoids along frequency. */
export function linearRipples(parts: readonly LinearRipple[]): Float32Array {
  return tonesOf(
    parts.map(({ rateHz, cycPerKHz, direction }) => ({ rateHz, direction, density: cycPerKHz })),
    185,
    (k) => 0.2 + 0.04 * k,
    (kHz) => 1000 * kHz,
    4,
  );
}

function tonesOf(
  parts: readonly { readonly rateHz: number; readonly density: number; readonly direction: 'up' | 'down' }[],
  tones: number,
  placeOf: (tone: number) => number,
  hertzOf: (place: number) => number,
  seconds: number,
): Float32Array {
  const random = randomState(7);
  const samples = new Float32Array(seconds * RIPPLE_RATE);
  const amplitude = Float64Array.from(
    { length: 4096 },
    (_, i) => 10 ** (0.5 * Math.cos((2 * Math.PI * i) / 4096)),
  );
  for (let k = 0; k < tones; k++) {
    const place = placeOf(k);
    const angle = (2 * Math.PI * hertzOf(place)) / RIPPLE_RATE;
    const phase = 2 * Math.PI * random.double();
    const steps = parts.map(
      ({ rateHz, direction }) => ((direction === 'up' ? -1 : 1) * rateHz * 4096) / RIPPLE_RATE,
    );
    const offsets = parts.map(({ density }) => 4096 * density * place);
    // A rotation in place of a cosine for every sample.
    const [turnRe, turnIm] = [Math.cos(angle), Math.sin(angle)];
    let [re, im] = [Math.cos(phase), Math.sin(phase)];
    for (let i = 0; i < samples.length; i++) {
      let level = 1;
      for (let p = 0; p < steps.length; p++)
        level *= amplitude[Math.floor(steps[p]! * i + offsets[p]!) & 4095]!;
      samples[i]! += level * re;
      [re, im] = [re * turnRe - im * turnIm, re * turnIm + im * turnRe];
    }
  }
  return samples;
}
