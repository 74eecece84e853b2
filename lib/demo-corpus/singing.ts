import { barsFor, drawBand, drawHarmony, drawMelody, midiToHz, play, scaleNote, type Band } from './music';
import type { Draw } from './synthesis/draw';
import { addRelative } from './synthesis/mix';
import { inRoom } from './synthesis/room';
import { renderVoice, VOWEL_NAMES, type Onset, type Syllable, type VoiceOptions } from './synthesis/voice';

/** A singer: what stays the same in all of the group's recordings. */
export interface Singer {
  readonly genre: string;
  /** Semitones by which the melody is moved to fit the voice. */
  readonly register: number;
  readonly voice: Omit<VoiceOptions, 'rate'>;
  /** Voices singing together: 1, or a choir's 3 .. 4. */
  readonly voices: number;
  readonly band: Band;
  /** Level of the voice above the band in dB; undefined sings alone. */
  readonly voiceAboveBand: number | undefined;
  /** Syllables sung on one note: above 1 for quick, speech-like songs. */
  readonly syllablesPerNote: number;
}

const KINDS = [
  { genre: 'a cappella', band: undefined, voices: 1, cents: [15, 60], perNote: 1 },
  { genre: 'voice and guitar', band: 0, voices: 1, cents: [10, 40], perNote: 1 },
  { genre: 'song with piano trio', band: 1, voices: 1, cents: [30, 70], perNote: 1 },
  { genre: 'electronic song', band: 3, voices: 1, cents: [0, 25], perNote: 2 },
  { genre: 'choir', band: undefined, voices: 4, cents: [20, 50], perNote: 1 },
  { genre: 'aria with strings', band: 2, voices: 1, cents: [60, 110], perNote: 1 },
  { genre: 'folk song', band: 6, voices: 1, cents: [10, 45], perNote: 1 },
] as const;

/** Range of the voice: shift of the melody in semitones and formants relative to a grown man's. */
const RANGES = [
  { register: -12, formantScale: 0.95 },
  { register: -5, formantScale: 1.02 },
  { register: 0, formantScale: 1.12 },
  { register: 5, formantScale: 1.18 },
] as const;

/** The singer of one group; `index` turns through the kinds of song and the voice ranges. */
export function drawSinger(draw: Draw, index: number): Singer {
  const kind = KINDS[index % KINDS.length]!;
  const range = RANGES[(index + draw.integer(0, 1)) % RANGES.length]!;
  return {
    genre: kind.genre,
    register: range.register,
    voice: {
      formantScale: range.formantScale * draw.uniform(0.96, 1.05),
      vibratoHz: draw.uniform(4.6, 6.6),
      vibratoCents: draw.uniform(kind.cents[0], kind.cents[1]),
      breath: draw.uniform(0.02, 0.18),
      glideSeconds: draw.ratio(0.015, 0.06),
      source: draw.pick(['saw', 'saw', 'pulse', 'soft']),
    },
    voices: kind.voices,
    band: drawBand(draw, kind.band ?? index),
    voiceAboveBand: kind.band === undefined ? undefined : draw.uniform(-2, 9),
    syllablesPerNote: kind.perNote,
  };
}

/** One recording of a singer. Amplitude is arbitrary. */
export function renderSinging(draw: Draw, singer: Singer, seconds: number, rate: number): Float32Array {
  const piece: Band = {
    ...singer.band,
    tempo: Math.min(130, singer.band.tempo) * draw.ratio(0.85, 1.18),
    root: singer.band.root + draw.integer(-2, 2),
  };
  const harmony = drawHarmony(draw, barsFor(piece, seconds));
  const melody = drawMelody(draw, harmony);
  const syllables = wordsFor(draw, singer, piece, melody, seconds);
  const out = new Float32Array(Math.round(seconds * rate));
  for (let voice = 0; voice < singer.voices; voice++) {
    // A choir sings in thirds and fourths below the tune, never quite together in pitch.
    const interval = voice % 2 === 0 ? 1 : Math.pow(2, -5 / 12);
    const detune = Math.pow(2, draw.normal(0, singer.voices > 1 ? 9 : 3) / 1200);
    const part = renderVoice(
      draw,
      syllables.map((syllable) => ({ ...syllable, hz: syllable.hz * interval * detune })),
      {
        ...singer.voice,
        rate,
        vibratoHz: singer.voice.vibratoHz * draw.uniform(0.93, 1.07),
        formantScale: singer.voice.formantScale * (voice % 2 === 0 ? 1 : 0.94),
      },
    );
    for (let i = 0; i < Math.min(out.length, part.length); i++) out[i]! += part[i]!;
  }
  if (singer.voiceAboveBand !== undefined) {
    const band = play(draw, piece, { rate, seconds, harmony, players: 'accompaniment' });
    addRelative(out, band, -singer.voiceAboveBand);
  }
  return inRoom(out, { rate, seconds: piece.roomSeconds, amount: piece.roomAmount });
}

/** Syllables on the notes of a melody, with a breath after every second bar. */
function wordsFor(
  draw: Draw,
  singer: Singer,
  band: Band,
  melody: readonly { readonly beat: number; readonly beats: number; readonly step: number }[],
  seconds: number,
): Syllable[] {
  const beatSeconds = 60 / band.tempo;
  const syllables: Syllable[] = [];
  for (const { beat, beats, step } of melody) {
    if (beat * beatSeconds >= seconds) break;
    const hz = midiToHz(scaleNote(band, step) + singer.register);
    const breath = (beat + beats) % 8 === 0 ? Math.min(0.35, 0.4 * beats * beatSeconds) : 0;
    const sung = beats * beatSeconds - breath;
    const count = Math.max(1, Math.min(singer.syllablesPerNote, Math.floor(sung / 0.14)));
    for (let k = 0; k < count; k++) {
      syllables.push({
        seconds: sung / count,
        hz,
        vowel: draw.pick(VOWEL_NAMES),
        onset: draw.pick<Onset>(['none', 'nasal', 'fricative', 'plosive', 'plosive']),
        level: draw.uniform(0.7, 1),
      });
    }
    if (breath > 0) syllables.push({ seconds: breath, hz, vowel: 'schwa', onset: 'none', level: 0 });
  }
  return syllables;
}
