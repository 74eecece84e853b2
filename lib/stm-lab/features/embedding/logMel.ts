import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { mirroredIndex } from '../../base/mirroredIndex';
import { hannWindow } from '../hann';
import type { EmbeddingLogMel } from './description';
import { embeddingMelBank } from './melBank';

const COMPRESSION = { log: Math.log, log10: Math.log10, none: (value: number): number => value } as const;

/**
 * Prepares a mel spectrogram in double precision, as a description asks for it. With the settings of VGGish it is Hershey
 * et al. (2017)'s; with `preEmphasis` it is Kaldi's filter bank energies, as AST (Gong et al. 2021) takes them; with those of
 * musicnn (Pons and Serra 2019) it is librosa's.
 *
 * @returns a function from samples to row-major frames x bands, compressed, float32.
 */
export function createEmbeddingLogMel(
  sampleRate: number,
  settings: EmbeddingLogMel,
): (samples: Float32Array) => Float32Array {
  const { frame, step, fftLength, bands, spectrum, hann, preEmphasis } = settings;
  const { compression = 'log', gain = 1, offset = 0, floor = 0 } = settings;
  const compress = COMPRESSION[compression];
  const fourier = fourierTransform(fftLength);
  const bins = fftLength / 2 + 1;
  const weights = embeddingMelBank(sampleRate, settings);
  // Most of a bank is 0: only the bins that a band holds are added up.
  const held = Array.from({ length: bands }, (_, band) => {
    const row = weights.subarray(band * bins, (band + 1) * bins);
    let [first, end] = [0, bins];
    while (first < bins && row[first] === 0) first++;
    while (end > first && row[end - 1] === 0) end--;
    return { first, end };
  });
  const window = hannWindow(frame, hann === 'periodic' ? frame : frame - 1);
  const [re, im] = [new Float64Array(fftLength), new Float64Array(fftLength)];
  const values = new Float64Array(bins);
  return (samples) => {
    const heard = extended(samples, settings);
    const frames = heard.length < frame ? 0 : 1 + Math.floor((heard.length - frame) / step);
    const output = new Float32Array(frames * bands);
    for (let n = 0; n < frames; n++) {
      re.fill(0).set(heard.subarray(n * step, n * step + frame));
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
        const { first, end } = held[band]!;
        for (let k = first; k < end; k++) sum += weights[band * bins + k]! * values[k]!;
        output[n * bands + band] = compress(Math.max(sum * gain, floor) + offset);
      }
    }
    return output;
  };
}

/** The samples that frames are cut from: with centred frames half a frame more at both ends, so that there is one for every step. */
function extended(
  samples: Float32Array,
  { frame, frames = 'inside', ends = 'mirrored' }: EmbeddingLogMel,
): Float32Array {
  if (frames === 'inside' || samples.length === 0) return samples;
  const lead = Math.floor(frame / 2);
  return Float32Array.from({ length: samples.length + 2 * lead }, (_, i) => {
    const place = i - lead;
    if (ends === 'zeros') return samples[place] ?? 0;
    return samples[mirroredIndex(place, samples.length)]!;
  });
}
