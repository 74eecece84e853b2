import type { Draw } from './draw';
import { bandpass, filter, highpass, lowpass } from './filters';
import { addAt, plateau, strike } from './mix';
import { noise } from './noise';
import { shape, tone } from './tones';

/** One note to be played. */
export interface Note {
  readonly rate: number;
  readonly hz: number;
  readonly seconds: number;
  /** Loudness, 0 .. 1; louder is brighter too. */
  readonly velocity: number;
}

/** A string or bar set in motion once: harmonics (slightly stretched) that decay, high ones sooner. */
function struck(note: Note, partials: number, stretch: number, decay: number, slope: number): Float32Array {
  const { rate, hz, velocity } = note;
  const seconds = Math.min(note.seconds + 0.25, 3 * decay + 0.1);
  const out = new Float32Array(Math.round(seconds * rate));
  for (let k = 1; k <= partials; k++) {
    const partial = hz * k * Math.sqrt((1 + stretch * k * k) / (1 + stretch));
    if (partial > 0.45 * rate) break;
    const amplitude = (0.7 * velocity) / Math.pow(k, slope - 0.5 * velocity);
    const own = strike(seconds, 0.003, decay / (1 + 0.25 * (k - 1)));
    addAt(
      out,
      tone({ rate, seconds, hz: partial, amplitude: (t) => amplitude * own(t), phase: k / 7 }),
      rate,
      0,
    );
  }
  return out;
}

/** A plucked string: a noise burst circulating in a damped delay line (Karplus & Strong, 1983). */
function plucked(draw: Draw, note: Note, damping: number): Float32Array {
  const { rate, hz, velocity } = note;
  const period = rate / hz - 0.5;
  const length = Math.max(2, Math.floor(period));
  const fraction = period - length;
  const line = filter(noise(draw, length + 1), lowpass(rate, 1500 + 6000 * velocity));
  const out = new Float32Array(Math.round((note.seconds + 0.4) * rate));
  let previous = 0;
  for (let i = 0, k = 0; i < out.length; i++, k = k + 1 >= line.length ? 0 : k + 1) {
    const next = line[k + 1 >= line.length ? 0 : k + 1]!;
    const now = line[k]! + (1 - fraction) * (next - line[k]!);
    out[i] = 1.4 * velocity * now;
    line[k] = damping * 0.5 * (now + previous);
    previous = now;
  }
  return shape(out, rate, plateau(out.length / rate, 0.002, 0.15));
}

/** A bowed string or a string section: late rise, vibrato, moderate brightness. */
function bowed(draw: Draw, note: Note): Float32Array {
  const { rate, hz } = note;
  const seconds = note.seconds + 0.15;
  const swing = draw.uniform(0.003, 0.009);
  const speed = draw.uniform(4.8, 6.4);
  const rise = Math.min(0.14, note.seconds / 3);
  const level = plateau(seconds, rise, 0.15);
  const out = tone({
    rate,
    seconds,
    hz: (t) => hz * (1 + swing * Math.min(1, t / 0.3) * Math.sin(2 * Math.PI * speed * t)),
    amplitude: (t) => 0.5 * note.velocity * level(t),
    timbre: 'saw',
    highest: hz * 1.02,
    phase: draw.uniform(0, 1),
  });
  return filter(out, lowpass(rate, 1200 + 3500 * note.velocity), bandpass(rate, 1500, 0.25));
}

/** A tone of steady breath with a share of noise around it. */
function blown(draw: Draw, note: Note): Float32Array {
  const { rate, hz } = note;
  const seconds = note.seconds + 0.05;
  const level = plateau(seconds, 0.06, 0.08);
  const speed = draw.uniform(4, 5.5);
  const out = tone({
    rate,
    seconds,
    hz,
    amplitude: (t) => 0.6 * note.velocity * level(t) * (1 + 0.12 * Math.sin(2 * Math.PI * speed * t)),
    timbre: 'soft',
  });
  const breath = filter(noise(draw, out.length), bandpass(rate, hz * 2, 2));
  addAt(out, shape(breath, rate, level), rate, 0, 0.12 * note.velocity);
  return out;
}

/** A lip-driven horn: the spectrum opens with loudness, which is what makes brass sound like brass. */
function brass(note: Note): Float32Array {
  const { rate, hz, velocity } = note;
  const seconds = note.seconds + 0.06;
  const level = plateau(seconds, 0.05, 0.08);
  const dark = tone({ rate, seconds, hz, amplitude: (t) => 0.4 * velocity * level(t), timbre: 'soft' });
  const bright = tone({
    rate,
    seconds,
    hz,
    amplitude: (t) => 0.4 * velocity * velocity * Math.pow(level(t), 3),
    timbre: 'saw',
  });
  addAt(dark, bright, rate, 0);
  return dark;
}

/** Frequency modulation with a decaying index: electric pianos and bells (Chowning, 1973). */
function modulated(note: Note, ratio: number, index: number, decay: number): Float32Array {
  const { rate, hz, velocity } = note;
  const seconds = Math.min(note.seconds + 0.5, 4 * decay);
  const out = new Float32Array(Math.round(seconds * rate));
  const level = strike(seconds, 0.004, decay);
  for (let i = 0; i < out.length; i++) {
    const time = i / rate;
    const swing = index * velocity * Math.exp((-2 * time) / decay);
    const w = 2 * Math.PI * hz * time;
    out[i] = 0.8 * velocity * Math.sin(w + swing * Math.sin(ratio * w));
  }
  return shape(out, rate, level);
}

function steady(note: Note, timbre: 'organ' | 'reed' | 'square' | 'saw'): Float32Array {
  const seconds = note.seconds + 0.04;
  const level = plateau(seconds, 0.02, 0.05);
  const { rate, hz } = note;
  return tone({ rate, seconds, hz, amplitude: (t) => 0.4 * note.velocity * level(t), timbre });
}

/** Every instrument that plays pitches. */
export const INSTRUMENTS = {
  guitar: (draw: Draw, note: Note): Float32Array => plucked(draw, note, 0.996),
  harp: (draw: Draw, note: Note): Float32Array => plucked(draw, note, 0.999),
  banjo: (draw: Draw, note: Note): Float32Array =>
    plucked(draw, { ...note, velocity: Math.min(1, note.velocity * 1.3) }, 0.985),
  piano: (_draw: Draw, note: Note): Float32Array =>
    struck(note, 12, 0.0004, Math.min(2.5, 300 / note.hz), 1.4),
  marimba: (_draw: Draw, note: Note): Float32Array => struck(note, 4, 0.9, 0.25, 1.2),
  strings: bowed,
  flute: blown,
  brass: (_draw: Draw, note: Note): Float32Array => brass(note),
  epiano: (_draw: Draw, note: Note): Float32Array => modulated(note, 1, 1.6, 0.9),
  bell: (_draw: Draw, note: Note): Float32Array => modulated(note, 3.5, 2.2, 1.4),
  organ: (_draw: Draw, note: Note): Float32Array => steady(note, 'organ'),
  reed: (_draw: Draw, note: Note): Float32Array => steady(note, 'reed'),
  square: (_draw: Draw, note: Note): Float32Array => steady(note, 'square'),
  bass: (_draw: Draw, note: Note): Float32Array =>
    filter(struck(note, 10, 0, 0.7, 1.1), lowpass(note.rate, 700 + 900 * note.velocity)),
  synthBass: (_draw: Draw, note: Note): Float32Array => filter(steady(note, 'saw'), lowpass(note.rate, 900)),
} as const;

/** Name of a pitched instrument. */
export type Instrument = keyof typeof INSTRUMENTS;

/** Every part of the drum set. */
export const DRUMS = {
  kick: (_draw: Draw, rate: number): Float32Array =>
    tone({
      rate,
      seconds: 0.3,
      hz: (t) => 48 + 110 * Math.exp(-t / 0.025),
      amplitude: strike(0.3, 0.002, 0.09),
    }),
  snare: (draw: Draw, rate: number): Float32Array => {
    const rattle = filter(noise(draw, Math.round(0.22 * rate)), highpass(rate, 1400));
    shape(rattle, rate, strike(0.22, 0.001, 0.06));
    addAt(rattle, tone({ rate, seconds: 0.15, hz: 190, amplitude: strike(0.15, 0.001, 0.04) }), rate, 0, 0.6);
    return rattle;
  },
  hat: (draw: Draw, rate: number): Float32Array =>
    shape(
      filter(noise(draw, Math.round(0.08 * rate)), highpass(rate, 5500)),
      rate,
      strike(0.08, 0.001, 0.02),
    ),
  shaker: (draw: Draw, rate: number): Float32Array =>
    shape(
      filter(noise(draw, Math.round(0.1 * rate)), bandpass(rate, 5000, 1)),
      rate,
      plateau(0.1, 0.04, 0.05),
    ),
  tom: (_draw: Draw, rate: number): Float32Array =>
    tone({
      rate,
      seconds: 0.35,
      hz: (t) => 90 + 60 * Math.exp(-t / 0.05),
      amplitude: strike(0.35, 0.002, 0.12),
    }),
} as const;

/** Name of a drum. */
export type Drum = keyof typeof DRUMS;
