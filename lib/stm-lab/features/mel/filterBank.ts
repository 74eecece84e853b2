/** Slaney's mel scale: linear below 1 kHz (200/3 Hz per mel), logarithmic above. */
export function hzToMel(hz: number): number {
  return hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4);
}

/** Inverse of `hzToMel`. */
export function melToHz(mel: number): number {
  return mel < 15 ? (200 * mel) / 3 : 1000 * 6.4 ** ((mel - 15) / 27);
}

/** Triangular mel bands over the bins of a Fourier transform. */
export interface MelFilterBank {
  /** Centre of each band, Hz. */
  readonly centreHz: number[];
  /** First bin with a weight, and the weights from there, for each band. */
  readonly bands: readonly { readonly firstBin: number; readonly weights: Float64Array }[];
}

/**
 * Triangular filters equally spaced on Slaney's mel scale from 0 Hz to `highestHz`, each of unit area
 * (height 2 / width in Hz). The same as `librosa.filters.mel` with its defaults (librosa 0.11).
 *
 * @param highestHz upper edge of the last band; default half the sampling rate.
 */
export function melFilterBank(
  sampleRate: number,
  fftLength: number,
  count: number,
  highestHz: number = sampleRate / 2,
): MelFilterBank {
  const top = hzToMel(highestHz);
  const edges = Array.from({ length: count + 2 }, (_, i) => melToHz((top * i) / (count + 1)));
  const binHz = sampleRate / fftLength;
  const bands = Array.from({ length: count }, (_, i) => {
    const [low, centre, high] = [edges[i]!, edges[i + 1]!, edges[i + 2]!];
    const firstBin = Math.ceil(low / binHz);
    const lastBin = Math.min(fftLength / 2, Math.floor(high / binHz));
    const weights = Float64Array.from({ length: Math.max(0, lastBin - firstBin + 1) }, (_value, j) => {
      const hz = (firstBin + j) * binHz;
      const rise = (hz - low) / (centre - low);
      const fall = (high - hz) / (high - centre);
      return (Math.max(0, Math.min(rise, fall)) * 2) / (high - low);
    });
    return { firstBin, weights };
  });
  return { centreHz: edges.slice(1, -1), bands };
}
