/** Coefficients of one second-order section, a0 = 1. */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

function angle(rate: number, hz: number): number {
  return (2 * Math.PI * Math.min(hz, 0.45 * rate)) / rate;
}

/** Second-order low-pass; `q` 0.7071 is Butterworth. Source: bilinear transform of the analogue prototype. */
export function lowpass(rate: number, hz: number, q = Math.SQRT1_2): Biquad {
  const w = angle(rate, hz);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a0 = 1 + alpha;
  const b = (1 - cos) / (2 * a0);
  return { b0: b, b1: 2 * b, b2: b, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** Second-order high-pass; `q` 0.7071 is Butterworth. */
export function highpass(rate: number, hz: number, q = Math.SQRT1_2): Biquad {
  const w = angle(rate, hz);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a0 = 1 + alpha;
  const b = (1 + cos) / (2 * a0);
  return { b0: b, b1: -2 * b, b2: b, a1: (-2 * cos) / a0, a2: (1 - alpha) / a0 };
}

/** Second-order band-pass with unit gain at `hz`; bandwidth is `hz / q`. */
export function bandpass(rate: number, hz: number, q: number): Biquad {
  const w = angle(rate, hz);
  const alpha = Math.sin(w) / (2 * q);
  const a0 = 1 + alpha;
  return { b0: alpha / a0, b1: 0, b2: -alpha / a0, a1: (-2 * Math.cos(w)) / a0, a2: (1 - alpha) / a0 };
}

/** Runs the samples through the sections in turn, in place, and returns the same array. */
export function filter(samples: Float32Array, ...sections: readonly Biquad[]): Float32Array {
  for (const { b0, b1, b2, a1, a2 } of sections) {
    let s1 = 0;
    let s2 = 0;
    for (let i = 0; i < samples.length; i++) {
      const x = samples[i]!;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      samples[i] = y;
    }
  }
  return samples;
}
