/** Slope and intercept of the bandwidth, Hz (Glasberg & Moore 1990): bw(f) = (0.1079 f + 24.7) / Q. */
export const BANDWIDTH = { slope: 0.1079, intercept: 24.7 } as const;

/** MIDI number of the lowest centre: C1, 32.7 Hz. */
export const LOWEST_MIDI = 24;

/** Frequency of a (fractional) MIDI number, A4 = 69 = 440 Hz. */
export function midiToHz(midi: number): number {
  return 440 * 2 ** ((midi - 69) / 12);
}

/** (Fractional) MIDI number of a frequency above 0. */
export function hzToMidi(hz: number): number {
  return 69 + 12 * Math.log2(hz / 440);
}

/** Where the bands of a harmonic filter bank begin. */
export interface HarmonicGrid {
  readonly harmonics: number;
  /** Bands per harmonic ("level"). */
  readonly bands: number;
  /** MIDI number of each band of the first harmonic; harmonic h has h times its frequency. */
  readonly midi: Float64Array;
  /** MIDI number that the first harmonic stays below. */
  readonly highestMidi: number;
  /** Frequency of band k of harmonic h at (h - 1) x bands + k, Hz. */
  readonly centreHz: Float64Array;
}

/**
 * Centres of a harmonic filter bank (Won, Chun, Nieto & Serra, ICASSP 2020): `perSemitone` bands a semitone from
 * C1 up to the semitone nearest to the Nyquist frequency divided by the number of harmonics (excluded).
 *
 * 16 kHz and 2 bands a semitone: 190 bands for 1 harmonic, 128 for 6.
 */
export function harmonicGrid(sampleRate: number, harmonics: number, perSemitone = 2): HarmonicGrid {
  const highestMidi = Math.round(hzToMidi(sampleRate / (2 * harmonics)));
  const bands = (highestMidi - LOWEST_MIDI) * perSemitone;
  const midi = Float64Array.from({ length: bands }, (_, k) => LOWEST_MIDI + k / perSemitone);
  const centreHz = Float64Array.from(
    { length: harmonics * bands },
    (_, c) => (Math.floor(c / bands) + 1) * midiToHz(midi[c % bands]!),
  );
  return { harmonics, bands, midi, highestMidi, centreHz };
}

/** Full width of a band at its base, Hz. */
export function bandwidthHz(hz: number, q: number): number {
  return (BANDWIDTH.slope * hz + BANDWIDTH.intercept) / q;
}

/**
 * Triangles of height 1 and base `bandwidthHz` around the centres: max(0, 1 - 2 |g - f| / bw). Narrow bands can
 * lie between two bins and be empty (45 to 47 Hz at Q = 1).
 *
 * @returns row-major (fftLength / 2 + 1) x centres.
 */
export function harmonicBank(
  centreHz: Float64Array,
  q: number,
  sampleRate: number,
  fftLength: number,
): Float64Array {
  const bins = fftLength / 2 + 1;
  const weights = new Float64Array(bins * centreHz.length);
  for (let bin = 0; bin < bins; bin++) {
    const hz = (bin * sampleRate) / fftLength;
    centreHz.forEach((centre, c) => {
      const away = (2 * Math.abs(hz - centre)) / bandwidthHz(centre, q);
      weights[bin * centreHz.length + c] = Math.max(0, 1 - away);
    });
  }
  return weights;
}
