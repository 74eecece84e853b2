/** HTK's mel scale: 2595 log10(1 + f / 700). */
export function hzToHtkMel(hz: number): number {
  return 2595 * Math.log10(1 + hz / 700);
}

/** Inverse of `hzToHtkMel`. */
export function htkMelToHz(mel: number): number {
  return 700 * (10 ** (mel / 2595) - 1);
}

/**
 * Triangular filters of height 1, equally spaced on HTK's mel scale from 0 Hz to half the sampling rate: the
 * mel front end of the music-tagging models (torchaudio's `MelSpectrogram` without area normalisation). With
 * many bands the lowest may hold no bin of the transform at all.
 *
 * @returns row-major (fftLength / 2 + 1) x bands, and the centre of each band, Hz.
 */
export function htkMelBank(
  sampleRate: number,
  fftLength: number,
  bands: number,
): { readonly weights: Float64Array; readonly centreHz: Float64Array } {
  const top = hzToHtkMel(sampleRate / 2);
  const edges = Float64Array.from({ length: bands + 2 }, (_, i) => htkMelToHz((top * i) / (bands + 1)));
  const bins = fftLength / 2 + 1;
  const weights = new Float64Array(bins * bands);
  for (let bin = 0; bin < bins; bin++) {
    const hz = (bin * sampleRate) / fftLength;
    for (let band = 0; band < bands; band++) {
      const [low, centre, high] = [edges[band]!, edges[band + 1]!, edges[band + 2]!];
      const slope = Math.min((hz - low) / (centre - low), (high - hz) / (high - centre));
      weights[bin * bands + band] = Math.max(0, slope);
    }
  }
  return { weights, centreHz: edges.slice(1, -1) };
}
