import { ENSEMBLES, PROGRESSIONS, RHYTHMS, SCALES, type Figure } from './ensembles';
import type { Draw } from './synthesis/draw';
import { DRUMS, INSTRUMENTS, type Drum, type Instrument } from './synthesis/instruments';
import { addAt } from './synthesis/mix';
import { inRoom } from './synthesis/room';

/** A band: what stays the same in all of its recordings. */
export interface Band {
  readonly genre: string;
  readonly tempo: number;
  /** Root as a MIDI note number, 48 .. 59. */
  readonly root: number;
  readonly scale: readonly number[];
  readonly lead: Instrument | undefined;
  readonly chords: Instrument;
  readonly figure: Figure;
  readonly bass: Instrument | undefined;
  readonly drums: readonly Drum[];
  readonly roomSeconds: number;
  readonly roomAmount: number;
}

/** Frequency in Hz of a (possibly fractional) MIDI note number; 69 is 440 Hz. */
export function midiToHz(note: number): number {
  return 440 * Math.pow(2, (note - 69) / 12);
}

/** MIDI number of a scale step counted from the root; steps run on through the octaves. */
export function scaleNote(band: Pick<Band, 'root' | 'scale'>, step: number): number {
  const size = band.scale.length;
  const octave = Math.floor(step / size);
  return band.root + 12 * octave + band.scale[step - octave * size]!;
}

/** The band of one group; `index` turns through the kinds of ensemble so that a corpus holds all. */
export function drawBand(draw: Draw, index: number): Band {
  const ensemble = ENSEMBLES[index % ENSEMBLES.length]!;
  return {
    genre: ensemble.genre,
    tempo: draw.ratio(ensemble.tempo[0], ensemble.tempo[1]),
    root: draw.integer(48, 59),
    scale: SCALES[draw.pick(Object.keys(SCALES) as (keyof typeof SCALES)[])],
    lead: draw.chance(0.85) ? draw.pick(ensemble.lead) : undefined,
    chords: draw.pick(ensemble.chords),
    figure: draw.pick(ensemble.figures),
    bass: ensemble.bass.length > 0 ? draw.pick(ensemble.bass) : undefined,
    drums: draw.pick(ensemble.drums),
    roomSeconds: draw.ratio(0.3, 2.2),
    roomAmount: draw.uniform(0.05, 0.5),
  };
}

/** The chord steps, one per bar, of a piece of this many bars. */
export function drawHarmony(draw: Draw, bars: number): number[] {
  const progression = draw.pick(PROGRESSIONS);
  return Array.from({ length: bars }, (_, bar) => progression[bar % progression.length]!);
}

/** A melody as (beat, beats, scale step): walks by small steps around the chord of each bar. */
export function drawMelody(
  draw: Draw,
  harmony: readonly number[],
): { readonly beat: number; readonly beats: number; readonly step: number }[] {
  const notes = [];
  let step = 7;
  for (const [bar, chord] of harmony.entries()) {
    let beat = 4 * bar;
    for (const beats of draw.pick(RHYTHMS)) {
      const stepwise = step + draw.pick([-2, -1, -1, 0, 1, 1, 2]);
      // Strong beats land on a chord tone, so that tune and chords belong together.
      step = beat % 2 === 0 ? chord + 7 + draw.pick([0, 2, 4]) : stepwise;
      step = Math.max(5, Math.min(15, step));
      notes.push({ beat, beats, step });
      beat += beats;
    }
  }
  return notes;
}

/** Who plays in this rendering. */
export interface PlayOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly harmony: readonly number[];
  /** `all`: the whole band; `accompaniment`: without the lead, to sing over. */
  readonly players: 'all' | 'accompaniment';
}

/** Renders the band, dry: mono samples at the options' rate. Amplitude is arbitrary. */
export function play(draw: Draw, band: Band, options: PlayOptions): Float32Array {
  const { rate, seconds, harmony } = options;
  const out = new Float32Array(Math.round(seconds * rate));
  const beat = 60 / band.tempo;
  const sound = (
    who: Instrument,
    at: number,
    beats: number,
    note: number,
    velocity: number,
    gain: number,
  ): void => {
    const begin = at * beat + Math.max(0, draw.normal(0.006, 0.006));
    if (begin >= seconds) return;
    const length = beats * beat * 0.95;
    addAt(
      out,
      INSTRUMENTS[who](draw, { rate, hz: midiToHz(note), seconds: length, velocity }),
      rate,
      begin,
      gain,
    );
  };
  const loudness = draw.uniform(0.55, 0.85);
  for (const [bar, chord] of harmony.entries()) {
    const tones = [0, 2, 4].map((third) => scaleNote(band, chord + third));
    playChords(band.figure, bar, draw, (at, beats, which, accent) =>
      sound(band.chords, at, beats, tones[which % 3]! + (which >= 3 ? 12 : 0), loudness * accent, 0.35),
    );
    if (band.bass !== undefined) {
      const walk = draw.pick([[0], [0, 4], [0, 0], [0, 2, 4, 2]]);
      walk.forEach((third, k) => {
        const length = 4 / walk.length;
        sound(band.bass!, 4 * bar + k * length, length, scaleNote(band, chord + third) - 12, loudness, 0.6);
      });
    }
    playDrums(draw, band.drums, bar, (drum, at, velocity) => {
      if (at * beat < seconds) addAt(out, DRUMS[drum](draw, rate), rate, at * beat, 0.45 * velocity);
    });
  }
  if (options.players === 'all' && band.lead !== undefined) {
    for (const { beat: at, beats, step } of drawMelody(draw, harmony)) {
      sound(band.lead, at, beats, scaleNote(band, step), Math.min(1, loudness + draw.uniform(0, 0.15)), 0.7);
    }
  }
  return out;
}

function playChords(
  figure: Figure,
  bar: number,
  draw: Draw,
  strike: (at: number, beats: number, which: number, accent: number) => void,
): void {
  const together = (at: number, beats: number, accent: number): void => {
    for (let which = 0; which < 3; which++) strike(at, beats, which, accent);
  };
  const first = 4 * bar;
  if (figure === 'drone') together(first, 4, 0.8);
  else if (figure === 'block') [0, 2].forEach((beat) => together(first + beat, 2, 1));
  else if (figure === 'offbeat') [0.5, 1.5, 2.5, 3.5].forEach((beat) => together(first + beat, 0.4, 0.9));
  else if (figure === 'repeated')
    for (let k = 0; k < 8; k++) together(first + k / 2, 0.4, k % 2 === 0 ? 1 : 0.7);
  else {
    const order = draw.pick([
      [0, 1, 2, 3, 2, 1, 2, 1],
      [0, 2, 1, 2, 3, 2, 1, 2],
      [3, 2, 1, 0, 1, 2, 3, 4],
    ]);
    order.forEach((which, k) => strike(first + k / 2, 1, which, k === 0 ? 1 : 0.8));
  }
}

function playDrums(
  draw: Draw,
  drums: readonly Drum[],
  bar: number,
  strike: (drum: Drum, at: number, velocity: number) => void,
): void {
  for (const drum of drums) {
    const beats = {
      kick: [0, 2, ...(draw.chance(0.4) ? [2.5] : [])],
      snare: [1, 3],
      hat: [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5],
      shaker: [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5],
      tom: [0, 1.5, 3, ...(draw.chance(0.5) ? [3.5] : [])],
    }[drum];
    for (const beat of beats) strike(drum, 4 * bar + beat, draw.uniform(0.5, 1));
  }
}

/** Bars that a recording of this many seconds needs. */
export function barsFor(band: Band, seconds: number): number {
  return Math.ceil((seconds * band.tempo) / 240);
}

/** One recording of a band without a voice, in its room. Amplitude is arbitrary. */
export function renderMusic(draw: Draw, band: Band, seconds: number, rate: number): Float32Array {
  // Tempo and key move a little between the pieces of one band.
  const piece: Band = {
    ...band,
    tempo: band.tempo * draw.ratio(0.85, 1.18),
    root: band.root + draw.integer(-3, 3),
  };
  const harmony = drawHarmony(draw, barsFor(piece, seconds));
  const dry = play(draw, piece, { rate, seconds, harmony, players: 'all' });
  return inRoom(dry, { rate, seconds: band.roomSeconds, amount: band.roomAmount });
}
