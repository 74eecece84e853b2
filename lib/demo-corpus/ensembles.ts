import type { Drum, Instrument } from './synthesis/instruments';

/** Steps of a scale in semitones above its root. */
export const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  harmonicMinor: [0, 2, 3, 5, 7, 8, 11],
  pentatonic: [0, 2, 4, 7, 9],
} as const;

/** Chord roots as scale steps, one per bar. */
export const PROGRESSIONS: readonly (readonly number[])[] = [
  [0, 3, 4, 0],
  [0, 5, 3, 4],
  [0, 4, 5, 3],
  [1, 4, 0, 0],
  [0, 3, 0, 4],
  [0, 6, 5, 4],
  [0, 2, 3, 4],
];

/** How the chords are played. */
export type Figure = 'block' | 'arpeggio' | 'offbeat' | 'drone' | 'repeated';

/** What players a kind of band may have. */
export interface Ensemble {
  readonly genre: string;
  readonly lead: readonly Instrument[];
  readonly chords: readonly Instrument[];
  readonly figures: readonly Figure[];
  readonly bass: readonly Instrument[];
  readonly drums: readonly (readonly Drum[])[];
  /** Beats a minute, slowest and fastest. */
  readonly tempo: readonly [number, number];
}

export const ENSEMBLES: readonly Ensemble[] = [
  {
    genre: 'plucked strings',
    lead: ['guitar', 'harp', 'banjo'],
    chords: ['guitar', 'harp'],
    figures: ['arpeggio', 'block'],
    bass: [],
    drums: [[]],
    tempo: [70, 140],
  },
  {
    genre: 'piano trio',
    lead: ['piano'],
    chords: ['piano', 'epiano'],
    figures: ['block', 'offbeat', 'arpeggio'],
    bass: ['bass'],
    drums: [[], ['hat', 'snare']],
    tempo: [60, 170],
  },
  {
    genre: 'string orchestra',
    lead: ['strings', 'flute'],
    chords: ['strings'],
    figures: ['drone', 'block', 'repeated'],
    bass: ['strings'],
    drums: [[]],
    tempo: [50, 110],
  },
  {
    genre: 'electronic',
    lead: ['square', 'bell', 'reed'],
    chords: ['epiano', 'organ', 'square'],
    figures: ['arpeggio', 'repeated', 'offbeat'],
    bass: ['synthBass'],
    drums: [
      ['kick', 'hat'],
      ['kick', 'snare', 'hat'],
    ],
    tempo: [95, 174],
  },
  {
    genre: 'brass and drums',
    lead: ['brass'],
    chords: ['brass', 'reed'],
    figures: ['offbeat', 'block', 'repeated'],
    bass: ['brass', 'bass'],
    drums: [
      ['kick', 'snare', 'tom'],
      ['kick', 'snare'],
    ],
    tempo: [80, 150],
  },
  {
    genre: 'woodwind and organ',
    lead: ['flute', 'reed'],
    chords: ['organ', 'harp'],
    figures: ['drone', 'arpeggio'],
    bass: ['organ'],
    drums: [[], ['shaker']],
    tempo: [60, 120],
  },
  {
    genre: 'folk band',
    lead: ['reed', 'banjo', 'flute'],
    chords: ['guitar', 'banjo'],
    figures: ['offbeat', 'repeated'],
    bass: ['bass'],
    drums: [['shaker'], ['kick', 'shaker']],
    tempo: [90, 160],
  },
  {
    genre: 'mallets and percussion',
    lead: ['marimba', 'bell'],
    chords: ['marimba', 'epiano'],
    figures: ['arpeggio', 'repeated'],
    bass: ['bass'],
    drums: [['tom', 'shaker'], ['shaker']],
    tempo: [80, 150],
  },
];

/** Note lengths in beats that fill one 4/4 bar. */
export const RHYTHMS: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [2, 1, 1],
  [1, 0.5, 0.5, 1, 1],
  [0.5, 0.5, 0.5, 0.5, 1, 1],
  [1.5, 0.5, 1, 1],
  [1, 1, 2],
  [0.5, 0.5, 1, 0.5, 0.5, 1],
];
