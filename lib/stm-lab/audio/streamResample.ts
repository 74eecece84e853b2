import { concatenate } from '../base/concatenate';
import { designResampler, newestInput, resampledAt, resampledLength } from './resample';

/** A resampler fed with blocks of a signal. */
export interface StreamResampler {
  /** Takes the next samples; returns the output samples that are complete, possibly none. */
  push(block: Float32Array): Float32Array;
  /** The rest of the output: beyond its end the signal counts as zero. */
  finish(): Float32Array;
}

/**
 * Resamples a signal block by block: the pieces together are exactly what `resample` gives for the whole. Memory: one
 * block and the filter's length.
 *
 * @param inputRate, outputRate Hz, positive integers
 * @throws RangeError when a rate is not a positive integer.
 */
export function startResampling(inputRate: number, outputRate: number): StreamResampler {
  const resampler = designResampler(inputRate, outputRate);
  if (resampler.up === 1 && resampler.down === 1)
    return { push: (block) => block.slice(), finish: () => new Float32Array(0) };
  const { rowLength } = resampler;
  // Samples from `begin` on that later outputs need; before the signal's begin there are zeros.
  let held: Float32Array = new Float32Array(0);
  let begin = 0;
  let received = 0;
  let made = 0;

  const make = (until: number): Float32Array => {
    const output = new Float32Array(Math.max(0, until - made));
    for (let i = 0; i < output.length; i++) output[i] = resampledAt(resampler, made + i, held, begin);
    made += output.length;
    const oldest = Math.max(0, newestInput(resampler, made) - rowLength + 1);
    held = held.slice(Math.max(0, oldest - begin));
    begin = Math.max(begin, oldest);
    return output;
  };
  return {
    push(block) {
      held = concatenate([held, block]);
      received += block.length;
      let until = made;
      while (newestInput(resampler, until) < received) until++;
      return make(until);
    },
    finish: () => make(resampledLength(resampler, received)),
  };
}
