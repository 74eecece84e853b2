const SIZE = 2048;
/** Control values are computed once in this many samples and joined by straight lines. */
const BLOCK = 32;

/** One period of a sound, 2,048 samples and the first again. */
export type Wavetable = Float32Array;

/**
 * One period with the given amplitudes of harmonics 1, 2, ... (sine phase), scaled to RMS 1.
 * Band-limited by construction: the caller gives no harmonic above half the rate.
 */
export function wavetable(amplitudes: readonly number[]): Wavetable {
  const table = new Float32Array(SIZE + 1);
  let power = 0;
  amplitudes.forEach((amplitude, index) => {
    power += (amplitude * amplitude) / 2;
    // The rotation recurrence is some ten times cheaper than a sine for every sample and harmonic.
    const step = (2 * Math.PI * (index + 1)) / SIZE;
    const cos = Math.cos(step);
    const sin = Math.sin(step);
    let x = 0;
    let y = amplitude;
    for (let i = 0; i <= SIZE; i++) {
      table[i]! += x;
      const turned = x * cos + y * sin;
      y = y * cos - x * sin;
      x = turned;
    }
  });
  const scale = power > 0 ? 1 / Math.sqrt(power) : 0;
  return table.map((value) => value * scale);
}

const SINE = wavetable([1]);
const tables = new Map<string, Wavetable>();

/** Spectral families of harmonic sources: amplitude of harmonic k before band limiting. */
const FAMILIES = {
  sine: (k: number) => (k === 1 ? 1 : 0),
  saw: (k: number) => 1 / k,
  square: (k: number) => (k % 2 === 1 ? 1 / k : 0),
  triangle: (k: number) => (k % 2 === 1 ? 1 / (k * k) : 0),
  soft: (k: number) => 1 / (k * k),
  reed: (k: number) => (k % 2 === 1 ? 1 : 0.25) / Math.pow(k, 1.3),
  organ: (k: number) => ({ 1: 1, 2: 0.8, 3: 0.5, 4: 0.6, 6: 0.3, 8: 0.35 })[k] ?? 0,
  pulse: (k: number) => 1 / Math.sqrt(k),
} as const;

/** Name of a harmonic spectrum. */
export type Timbre = keyof typeof FAMILIES;

/** The period of a timbre with as many harmonics (at most 64) as fit under half the rate at `hz`. */
export function timbreTable(timbre: Timbre, rate: number, hz: number): Wavetable {
  if (timbre === 'sine') return SINE;
  const fitting = Math.max(1, Math.min(64, Math.floor((0.47 * rate) / hz)));
  // Few distinct sizes, so that tables are shared between notes.
  const count = fitting < 8 ? fitting : fitting - (fitting % 4);
  const key = `${timbre} ${count}`;
  let table = tables.get(key);
  if (table === undefined) {
    table = wavetable(Array.from({ length: count }, (_, i) => FAMILIES[timbre](i + 1)));
    tables.set(key, table);
  }
  return table;
}

/** A value that stays, or that is a function of the time in seconds since the sound began. */
export type Course = number | ((time: number) => number);

function at(course: Course, time: number): number {
  return typeof course === 'number' ? course : course(time);
}

/** What a tone is made of. */
export interface ToneOptions {
  readonly rate: number;
  readonly seconds: number;
  /** Fundamental frequency in Hz. */
  readonly hz: Course;
  /** Amplitude (RMS of the timbre); default 1. */
  readonly amplitude?: Course;
  /** Default `sine`. */
  readonly timbre?: Timbre;
  /** Highest fundamental that `hz` reaches, for the band limit; default: its value at time 0. */
  readonly highest?: number;
  /** Starting phase in periods; default 0. */
  readonly phase?: number;
}

/** A tone of gliding pitch and loudness, `round(seconds * rate)` samples. */
export function tone(options: ToneOptions): Float32Array {
  const { rate, hz, amplitude = 1 } = options;
  const count = Math.round(options.seconds * rate);
  const table = timbreTable(options.timbre ?? 'sine', rate, options.highest ?? at(hz, 0));
  const out = new Float32Array(count);
  let phase = ((options.phase ?? 0) % 1) * SIZE;
  let step = (at(hz, 0) * SIZE) / rate;
  let gain = at(amplitude, 0);
  for (let start = 0; start < count; start += BLOCK) {
    const end = Math.min(count, start + BLOCK);
    const time = (start + BLOCK) / rate;
    const stepSlope = ((at(hz, time) * SIZE) / rate - step) / BLOCK;
    const gainSlope = (at(amplitude, time) - gain) / BLOCK;
    for (let i = start; i < end; i++) {
      const k = phase | 0;
      const low = table[k]!;
      out[i] = gain * (low + (table[k + 1]! - low) * (phase - k));
      phase += step;
      while (phase >= SIZE) phase -= SIZE;
      while (phase < 0) phase += SIZE;
      step += stepSlope;
      gain += gainSlope;
    }
  }
  return out;
}

/** Multiplies samples by a gain over time (seconds), in place, and returns the same array. */
export function shape(samples: Float32Array, rate: number, gain: (time: number) => number): Float32Array {
  let now = gain(0);
  for (let start = 0; start < samples.length; start += BLOCK) {
    const slope = (gain((start + BLOCK) / rate) - now) / BLOCK;
    const end = Math.min(samples.length, start + BLOCK);
    for (let i = start; i < end; i++) {
      samples[i]! *= now;
      now += slope;
    }
  }
  return samples;
}
