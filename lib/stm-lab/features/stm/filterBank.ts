/** Which filter bank: the one of the published code (150 channels) or the one of the paper's text (128). */
export type ChannelSet = 'published' | 'paper';

/** The band-pass channels of the cochleagram, low to high. */
export interface FilterBank {
  readonly channels: ChannelSet;
  /** Nominal centre of each channel, Hz. */
  readonly centreHz: Float64Array;
  /** Half-amplitude edges, whole Hz (one equivalent rectangular bandwidth apart). */
  readonly lowHz: Float64Array;
  readonly highHz: Float64Array;
  /** Peak of each Gaussian response, Hz: midway between the edges. */
  readonly peakHz: Float64Array;
  /** Standard deviation of each Gaussian response, Hz. */
  readonly sigmaHz: Float64Array;
  /** Channels per octave that the spectral modulation axis is labelled with. */
  readonly channelsPerOctave: number;
}

/** Equivalent rectangular bandwidth in Hz of the auditory filter at `hz` (Glasberg & Moore 1990). */
export function erbOf(hz: number): number {
  return 24.7 * ((4.37 * hz) / 1000 + 1);
}

const PAPER = { count: 128, lowestHz: 170, highestHz: 7000 } as const;

function centresOf(channels: ChannelSet): Float64Array {
  if (channels === 'published')
    return Float64Array.from({ length: 150 }, (_, i) => 440 * 2 ** ((-31 + (i * 128) / 151) / 24));
  const octaves = Math.log2(PAPER.highestHz / PAPER.lowestHz);
  return Float64Array.from(
    { length: PAPER.count },
    (_, i) => PAPER.lowestHz * 2 ** ((octaves * i) / (PAPER.count - 1)),
  );
}

/** Centre of each band of neighbouring channels of the published filter bank, Hz; `perBand` is odd and divides 150. */
export function bandCentres(perBand: number): number[] {
  const centreHz = centresOf('published');
  return Array.from(
    { length: centreHz.length / perBand },
    (_, band) => centreHz[band * perBand + (perBand - 1) / 2]!,
  );
}

/**
 * The Gaussian filter bank of the cochleagram.
 *
 * `published` (default): 150 channels, 440 * 2^((-31 + i * 128/151)/24) Hz, 179.7 ... 6900 Hz. The axis is labelled
 * with the published code's 28 channels per octave although the true density is 28.3.
 * `paper`: 128 channels evenly spaced in octaves from 170 to 7000 Hz, as the paper's text says, labelled with their
 * true density.
 *
 * @returns arrays of 150 or 128 values, Hz. Source: the code published with arXiv 2505.23509.
 */
export function stmFilterBank(channels: ChannelSet = 'published'): FilterBank {
  const centreHz = centresOf(channels);
  const lowHz = centreHz.map((hz) => Math.floor(hz - erbOf(hz) / 2 + 0.5));
  const highHz = centreHz.map((hz) => Math.floor(hz + erbOf(hz) / 2 + 0.5));
  return {
    channels,
    centreHz,
    lowHz,
    highHz,
    peakHz: lowHz.map((low, i) => (low + highHz[i]!) / 2),
    sigmaHz: lowHz.map((low, i) => (highHz[i]! - low) / (2 * Math.sqrt(2 * Math.LN2))),
    channelsPerOctave:
      channels === 'published' ? 28 : (PAPER.count - 1) / Math.log2(PAPER.highestHz / PAPER.lowestHz),
  };
}
