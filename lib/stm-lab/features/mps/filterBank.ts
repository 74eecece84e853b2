/** Samples of the Gaussian window at 16 kHz: six standard deviations of 1 / (2 pi 50 Hz). */
export const MPS_WINDOW = 306;
/** Frequency resolution: standard deviation of the window's transform, Hz. */
const RESOLUTION_HZ = 50;
/** Length of the Fourier transform: bins 31.25 Hz apart. */
export const MPS_FFT = 512;
/** Samples from frame to frame: 320 a second. */
export const MPS_HOP = 50;
/** Bins that are analysed: 0 Hz to just below 8 kHz. */
export const MPS_BINS = 256;

/** Gaussian window of the spectrogram, `MPS_WINDOW` values, symmetric; sampling rate in Hz. */
export function spectrogramWindow(sampleRate: number): Float64Array {
  const sigma = sampleRate / (2 * Math.PI * RESOLUTION_HZ);
  return Float64Array.from({ length: MPS_WINDOW }, (_, i) =>
    Math.exp(-(((i - (MPS_WINDOW - 1) / 2) / sigma) ** 2) / 2),
  );
}

/** Gaussian window along time, of odd length: the length is six standard deviations, the sum of weights near one. */
export function modulationWindow(frames: number): Float64Array {
  const sigma = frames / 6;
  return Float64Array.from(
    { length: frames },
    (_, i) => Math.exp(-(((i - (frames - 1) / 2) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI)),
  );
}

/** Cosines and sines of 2 pi x turns[i] x j, row by row: `count` values of each. */
export function phases(
  turns: readonly number[],
  count: number,
): { readonly cos: Float64Array; readonly sin: Float64Array } {
  const angle = (i: number): number => 2 * Math.PI * turns[Math.floor(i / count)]! * (i % count);
  const length = turns.length * count;
  return {
    cos: Float64Array.from({ length }, (_, i) => Math.cos(angle(i))),
    sin: Float64Array.from({ length }, (_, i) => Math.sin(angle(i))),
  };
}
