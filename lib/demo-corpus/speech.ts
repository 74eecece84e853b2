import { speak, type Speaker } from './espeak';
import { NON_TONAL, TONAL, type Language } from './texts';
import type { Draw } from './synthesis/draw';
import { bandpass, filter } from './synthesis/filters';
import { addAt, addRelative, toLevel } from './synthesis/mix';
import { noise } from './synthesis/noise';
import { inRoom } from './synthesis/room';

/** Changes the sampling rate of mono samples; rates in Hz. */
export type Resample = (samples: Float32Array, fromRate: number, toRate: number) => Float32Array;

/** A talker: what stays the same in all of the group's recordings. */
export interface Talker {
  readonly language: Language;
  readonly speaker: Speaker;
  readonly wordsPerMinute: number;
  readonly roomSeconds: number;
  readonly roomAmount: number;
  /** Level of the background noise below the speech, in dB. */
  readonly noiseBelow: number;
  readonly resample: Resample;
}

/** The talker of one group; `index` turns through the languages of the class so that a corpus holds all. */
export function drawTalker(
  draw: Draw,
  index: number,
  tone: 'tonal' | 'non-tonal',
  resample: Resample,
): Talker {
  const languages = tone === 'tonal' ? TONAL : NON_TONAL;
  const low = draw.ratio(75, 190);
  return {
    language: languages[index % languages.length]!,
    speaker: {
      pitch: [Math.round(low), Math.round(low * draw.uniform(1.35, 1.65))],
      // A higher voice mostly belongs to a shorter vocal tract.
      formants: Math.round(100 * Math.pow(low / 110, 0.25) * draw.uniform(0.96, 1.05)),
      flutter: draw.integer(1, 6),
      roughness: draw.integer(0, 4),
      range: draw.integer(30, 75),
    },
    wordsPerMinute: draw.integer(125, 200),
    roomSeconds: draw.ratio(0.2, 0.9),
    roomAmount: draw.uniform(0, 0.35),
    noiseBelow: draw.uniform(12, 45),
    resample,
  };
}

function drawText(draw: Draw, language: Language, seconds: number): string {
  const parts: string[] = [];
  // Eleven sentences last some 20 to 30 s; the synthesiser is stopped when it has said enough.
  for (let round = 0; round < Math.ceil(seconds / 12); round++)
    parts.push(...draw.shuffled(language.sentences));
  return parts.map((part) => part.replace('{n}', String(draw.integer(2, 999)))).join(' ');
}

async function say(
  text: string,
  talker: Talker,
  wordsPerMinute: number,
  seconds: number,
  rate: number,
): Promise<Float32Array> {
  const { voice } = talker.language;
  const { samples, sampleRate } = await speak(text, {
    voice,
    speaker: talker.speaker,
    wordsPerMinute,
    seconds,
  });
  return sampleRate === rate ? samples : talker.resample(samples, sampleRate, rate);
}

/**
 * One recording of a talker, in a room, over noise. Amplitude is arbitrary.
 *
 * @throws UserError (`environment`) when the optional synthesiser is not installed.
 */
export async function renderSpeech(
  draw: Draw,
  talker: Talker,
  seconds: number,
  rate: number,
): Promise<Float32Array> {
  const speed = Math.round(talker.wordsPerMinute * draw.uniform(0.9, 1.1));
  const spoken = await say(drawText(draw, talker.language, seconds), talker, speed, seconds, rate);
  const out = new Float32Array(Math.round(seconds * rate));
  addAt(out, spoken, rate, 0);
  const wet = inRoom(toLevel(out, 0.1), { rate, seconds: talker.roomSeconds, amount: talker.roomAmount });
  return addNoise(draw, wet, rate, -talker.noiseBelow + draw.uniform(-3, 3));
}

function addNoise(draw: Draw, speech: Float32Array, rate: number, decibels: number): Float32Array {
  const bed = noise(draw, speech.length, draw.pick(['pink', 'brown', 'white']));
  if (draw.chance(0.5)) filter(bed, bandpass(rate, draw.ratio(200, 3000), 0.5));
  return addRelative(speech, bed, decibels);
}

/**
 * Numbers dictated with pauses of 2 s: every excerpt of 4 s holds more than 1 s of near-silence, so
 * that the silence rule rejects the recording.
 */
export async function renderDictation(
  draw: Draw,
  talker: Talker,
  seconds: number,
  rate: number,
): Promise<Float32Array> {
  const out = new Float32Array(Math.round(seconds * rate));
  for (let at = 0.2; at < seconds; at += 3.6) {
    const number = String(draw.integer(2, 99));
    addAt(out, await say(number, talker, 160, 1.6, rate), rate, at);
  }
  return addNoise(draw, out, rate, -45);
}
