import { waveformScale } from '../features/mel/logMel';

/**
 * A waveform with noise as pyannote's recipes add it: both are scaled to mean 0 and variance 1, and the
 * noise is turned down by the signal-to-noise ratio. The sum has a variance above 1: the front end is
 * expected to standardise it.
 *
 * @param noise as long as `samples`; silence adds nothing.
 * @param snrDb signal-to-noise ratio, dB.
 */
export function addNoise(samples: Float32Array, noise: Float32Array, snrDb: number): Float32Array {
  const own = waveformScale(samples, 'standardised');
  const other = waveformScale(noise, 'standardised');
  const gain = 10 ** (-snrDb / 20) * other.scale;
  return samples.map((sample, i) => (sample - own.mean) * own.scale + gain * (noise[i]! - other.mean));
}
