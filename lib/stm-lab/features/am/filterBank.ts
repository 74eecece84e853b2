import { FRAME_RATE, FRAMES } from '../stm/axes';

/** Channels of the cochleagram that are averaged into a band: 150 into 30. */
export const CHANNELS_PER_BAND = 5;
/** Modulation rates 0.5 ... 32 Hz. */
export const AM_RATES = 64;
/** Bins of a 4-s excerpt's spectrum (0.25 Hz) from one rate to the next. */
const BINS_PER_RATE = 2;

/** Modulation rate of each filter, Hz: 0.5 ... 32 in steps of 0.5. */
export const amRateHz = (): number[] =>
  Array.from({ length: AM_RATES }, (_, i) => ((i + 1) * BINS_PER_RATE * FRAME_RATE) / FRAMES);

/**
 * Power in triangular modulation filters that overlap by half, so that together they are flat: from the power of
 * 0.25-Hz bins of a Hann-windowed spectrum. A sinusoid at a filter's rate passes with gain 1.
 *
 * @param power of bins 0 ... 2 * AM_RATES + 1
 */
export function ratePower(power: Float64Array, rate: number): number {
  const bin = (rate + 1) * BINS_PER_RATE;
  // The window spreads a sinusoid over three bins, with a quarter of its power in each neighbour.
  return (0.5 * power[bin - 1]! + power[bin]! + 0.5 * power[bin + 1]!) / 1.25;
}
