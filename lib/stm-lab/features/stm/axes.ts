import { EXCERPT_SECONDS } from '../excerpts';
import { stmFilterBank, type ChannelSet } from './filterBank';

/** Rate in Hz to which every excerpt is resampled. */
export const ANALYSIS_RATE = 16000;
/** Rate of the cochleagram's frames in Hz. */
export const FRAME_RATE = 125;
/** Frames of one excerpt. */
export const FRAMES = EXCERPT_SECONDS * FRAME_RATE;
/** Kept modulation rates: -15 ... 15 Hz. */
export const RATES = 121;
/** Kept modulation scales: every second row from 0. */
export const SCALES = 20;
export const SCALE_STEP_ROWS = 2;

/** The axes of a spectrotemporal modulation matrix: rows are scales, columns are rates, row-major. */
export interface ModulationAxes {
  /** Temporal modulation of each column, Hz, ascending in even steps; negative: ripples that move upward in frequency. */
  readonly rateHz: readonly number[];
  /** Spectral modulation of each row, cycles per octave, ascending in even steps from 0. */
  readonly scaleCycPerOct: readonly number[];
}

/** The axes of STM features (20 scales from 0, 121 rates -15 ... 15 Hz); they travel with every feature matrix. */
export interface StmAxes extends ModulationAxes {
  readonly channels: ChannelSet;
  /** Cochleagram channels, Hz. */
  readonly channelCentreHz: number[];
  readonly channelLowHz: number[];
  readonly channelHighHz: number[];
}

/** What the axes depend on. */
export interface StmAxesOptions {
  /** Filter bank. Default `published`. */
  readonly channels?: ChannelSet | undefined;
}

/**
 * The axes of the features: row-major 20 scales x 121 rates. Masks (low-pass, high-pass) are computed from
 * these values, never from column numbers.
 */
export function stmAxes({ channels = 'published' }: StmAxesOptions = {}): StmAxes {
  const bank = stmFilterBank(channels);
  const scaleStep = (SCALE_STEP_ROWS * bank.channelsPerOctave) / bank.centreHz.length;
  const half = (RATES - 1) / 2;
  return {
    channels,
    rateHz: Array.from({ length: RATES }, (_, i) => (i - half) / EXCERPT_SECONDS),
    scaleCycPerOct: Array.from({ length: SCALES }, (_, i) => i * scaleStep),
    channelCentreHz: [...bank.centreHz],
    channelLowHz: [...bank.lowHz],
    channelHighHz: [...bank.highHz],
  };
}
