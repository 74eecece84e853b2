import type { Draw } from './draw';
import { bandpass, filter } from './filters';
import { addAt, plateau } from './mix';
import { timbreTable, shape, type Timbre } from './tones';

/** Formants 1 .. 3 in Hz of a grown man's vowels, rounded; 4 and 5 are taken as fixed. */
const VOWELS = {
  a: [720, 1150, 2450],
  e: [500, 1800, 2500],
  i: [280, 2250, 2950],
  o: [520, 880, 2400],
  u: [310, 820, 2250],
  y: [280, 1850, 2250],
  schwa: [500, 1450, 2450],
} as const;

/** Name of a vowel. */
export type Vowel = keyof typeof VOWELS;
export const VOWEL_NAMES = Object.keys(VOWELS) as readonly Vowel[];

/** What closes the mouth before a vowel. */
export type Onset = 'none' | 'nasal' | 'fricative' | 'plosive';

/** One syllable, or a rest when `level` is 0. */
export interface Syllable {
  readonly seconds: number;
  /** Pitch in Hz that the voice glides to. */
  readonly hz: number;
  readonly vowel: Vowel;
  readonly onset: Onset;
  /** Loudness, 0 .. 1. */
  readonly level: number;
}

/** How a voice sounds, whatever it says. */
export interface VoiceOptions {
  readonly rate: number;
  /** Formant frequencies relative to a grown man's: 1.0 .. 1.2 for women, higher for small animals. */
  readonly formantScale: number;
  readonly vibratoHz: number;
  /** Half the pitch swing, in cents; 0 for none. */
  readonly vibratoCents: number;
  /** Noise in the source relative to its tone, 0 .. 1. */
  readonly breath: number;
  /** Time constant of pitch glides in seconds. */
  readonly glideSeconds: number;
  /** Glottal spectrum before the vocal tract: `saw` is pressed, `soft` is dark. */
  readonly source: Timbre;
}

/** Formants and gains move once in this many samples. */
const BLOCK = 64;
const BANDWIDTHS = [70, 90, 140, 200, 260];

function onsetSeconds(onset: Onset, syllable: number): number {
  return onset === 'none'
    ? 0
    : Math.min(0.35 * syllable, { nasal: 0.07, fricative: 0.11, plosive: 0.05 }[onset]);
}

/**
 * A voice by source and filter: a glottal wave with vibrato and jitter through five gliding
 * resonances in cascade, consonant noise beside it. Sings, babbles and howls.
 * Source: Klatt, "Software for a cascade/parallel formant synthesizer", 1980.
 *
 * @returns samples of about RMS 0.1 .. 0.3, as long as all syllables together.
 */
export function renderVoice(draw: Draw, syllables: readonly Syllable[], options: VoiceOptions): Float32Array {
  const { rate } = options;
  const seconds = syllables.reduce((sum, syllable) => sum + syllable.seconds, 0);
  const out = new Float32Array(Math.round(seconds * rate));
  const follow = (constant: number): number => 1 - Math.exp(-BLOCK / rate / constant);
  const fast = follow(0.012);
  const slow = follow(0.03);
  const glide = follow(options.glideSeconds);
  const first = syllables[0];
  if (first === undefined) return out;

  const centres = [...VOWELS[first.vowel], 3500, 4500].map((hz) => hz * options.formantScale);
  const y1 = new Float64Array(5);
  const y2 = new Float64Array(5);
  const a = new Float64Array(5);
  const b = new Float64Array(5);
  const c = new Float64Array(5);
  let pitch = first.hz;
  let gain = 0;
  let phase = 0;
  let index = 0;
  let began = 0;
  for (let start = 0; start < out.length; start += BLOCK) {
    const time = start / rate;
    while (index < syllables.length - 1 && time >= began + syllables[index]!.seconds) {
      began += syllables[index]!.seconds;
      index++;
    }
    const syllable = syllables[index]!;
    const closed = time - began < onsetSeconds(syllable.onset, syllable.seconds);
    const openness = !closed ? 1 : syllable.onset === 'nasal' ? 0.35 : 0;
    gain += (syllable.level * openness - gain) * fast;
    pitch += (syllable.hz - pitch) * glide;
    const cents = options.vibratoCents * Math.sin(2 * Math.PI * options.vibratoHz * time) + 8 * draw.noise();
    const hz = pitch * Math.pow(2, cents / 1200);
    const targets = closed && syllable.onset === 'nasal' ? [260, 1100, 2200] : VOWELS[syllable.vowel];
    for (let k = 0; k < 5; k++) {
      if (k < 3) centres[k]! += (targets[k]! * options.formantScale - centres[k]!) * slow;
      // A first formant below the pitch would swallow the tone; singers raise it, so do we.
      const centre = k === 0 ? Math.max(centres[0]!, hz) : centres[k]!;
      const usable = Math.min(centre, 0.45 * rate);
      c[k] = -Math.exp((-2 * Math.PI * BANDWIDTHS[k]!) / rate);
      b[k] = 2 * Math.exp((-Math.PI * BANDWIDTHS[k]!) / rate) * Math.cos((2 * Math.PI * usable) / rate);
      a[k] = 1 - b[k]! - c[k]!;
    }
    const table = timbreTable(options.source, rate, hz * 1.02);
    const step = (hz * (table.length - 1)) / rate;
    const end = Math.min(out.length, start + BLOCK);
    for (let i = start; i < end; i++) {
      const k = phase | 0;
      let x = table[k]! + (table[k + 1]! - table[k]!) * (phase - k);
      phase += step;
      while (phase >= table.length - 1) phase -= table.length - 1;
      x = gain * (x + options.breath * draw.noise());
      for (let f = 0; f < 5; f++) {
        const y = a[f]! * x + b[f]! * y1[f]! + c[f]! * y2[f]!;
        y2[f] = y1[f]!;
        y1[f] = x = y;
      }
      out[i] = 0.2 * x;
    }
  }
  addConsonants(draw, out, syllables, options);
  return out;
}

/** Hiss of fricatives and bursts of plosives, which do not pass through the whole vocal tract. */
function addConsonants(
  draw: Draw,
  out: Float32Array,
  syllables: readonly Syllable[],
  options: VoiceOptions,
): void {
  let began = 0;
  for (const { seconds, onset, level } of syllables) {
    if (level > 0 && (onset === 'fricative' || onset === 'plosive')) {
      const length = onset === 'fricative' ? onsetSeconds(onset, seconds) : 0.02;
      const burst = new Float32Array(Math.round(length * options.rate));
      for (let i = 0; i < burst.length; i++) burst[i] = draw.noise();
      const centre = onset === 'fricative' ? draw.ratio(2800, 6500) : draw.ratio(800, 4000);
      filter(burst, bandpass(options.rate, centre * Math.sqrt(options.formantScale), 1.5));
      const edge = onset === 'fricative' ? 0.025 : 0.003;
      shape(burst, options.rate, plateau(length, edge, edge));
      const late = onset === 'fricative' ? 0 : onsetSeconds(onset, seconds) - length;
      addAt(out, burst, options.rate, began + late, 0.3 * level);
    }
    began += seconds;
  }
}
