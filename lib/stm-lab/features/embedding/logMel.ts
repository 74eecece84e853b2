import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { hannWindow } from '../hann';
import { hzToHtkMel } from '../mel/htkBank';
import type { EmbeddingLogMel } from './description';

/** Triangles that are equally wide and straight in mel: row-major bands x bins (0 Hz to half the sampling rate). */
function straightInMel(
  sampleRate: number,
  { fftLength, bands, lowestHz, highestHz }: EmbeddingLogMel,
): Float64Array {
  const low = hzToHtkMel(lowestHz);
  const width = (hzToHtkMel(highestHz) - low) / (bands + 1);
  const bins = fftLength / 2 + 1;
  return Float64Array.from({ length: bands * bins }, (_, i) => {
    const place = (hzToHtkMel(((i % bins) * sampleRate) / fftLength) - low) / width - Math.floor(i / bins);
    return Math.max(0, Math.min(place, 2 - place));
  });
}

/**
 * Prepares a log-mel spectrogram in double precision. Frames lie within the signal. With the settings of VGGish it is
 * Hershey et al. (2017)'s; with `preEmphasis` it is Kaldi's filter bank energies, as AST (Gong et al. 2021) takes them.
 *
 * @returns a function from samples to row-major frames x bands, natural logarithm, float32.
 */
export function createEmbeddingLogMel(
  sampleRate: number,
  settings: EmbeddingLogMel,
): (samples: Float32Array) => Float32Array {
  const { frame, step, fftLength, bands, spectrum, hann, preEmphasis, offset = 0, floor = 0 } = settings;
  const fourier = fourierTransform(fftLength);
  const bins = fftLength / 2 + 1;
  const weights = straightInMel(sampleRate, settings);
  const window = hannWindow(frame, hann === 'periodic' ? frame : frame - 1);
  const [re, im] = [new Float64Array(fftLength), new Float64Array(fftLength)];
  const values = new Float64Array(bins);
  return (samples) => {
    const frames = samples.length < frame ? 0 : 1 + Math.floor((samples.length - frame) / step);
    const output = new Float32Array(frames * bands);
    for (let n = 0; n < frames; n++) {
      re.fill(0).set(samples.subarray(n * step, n * step + frame));
      im.fill(0);
      if (preEmphasis !== undefined) {
        let mean = 0;
        for (let i = 0; i < frame; i++) mean += re[i]! / frame;
        for (let i = frame - 1; i >= 0; i--)
          re[i] = re[i]! - mean - preEmphasis * (re[Math.max(0, i - 1)]! - mean);
      }
      for (let i = 0; i < frame; i++) re[i]! *= window[i]!;
      fourier.transform(re, im);
      for (let k = 0; k < bins; k++) {
        const power = re[k]! ** 2 + im[k]! ** 2;
        values[k] = spectrum === 'power' ? power : Math.sqrt(power);
      }
      for (let band = 0; band < bands; band++) {
        let sum = 0;
        for (let k = 0; k < bins; k++) sum += weights[band * bins + k]! * values[k]!;
        output[n * bands + band] = Math.log(Math.max(sum, floor) + offset);
      }
    }
    return output;
  };
}
