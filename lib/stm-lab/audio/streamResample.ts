import { designResampler, resampledLength, type Resampler } from './resample';

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
  let held = new Float32Array(0);
  let begin = 0;
  let received = 0;
  let made = 0;

  const make = (until: number): Float32Array => {
    const output = new Float32Array(Math.max(0, until - made));
    for (let i = 0; i < output.length; i++) output[i] = outputAt(resampler, made + i, held, begin);
    made += output.length;
    const oldest = Math.max(0, newestInput(resampler, made) - rowLength + 1);
    held = held.slice(Math.max(0, oldest - begin));
    begin = Math.max(begin, oldest);
    return output;
  };
  return {
    push(block) {
      const joined = new Float32Array(held.length + block.length);
      joined.set(held);
      joined.set(block, held.length);
      held = joined;
      received += block.length;
      let until = made;
      while (newestInput(resampler, until) < received) until++;
      return make(until);
    },
    finish: () => make(resampledLength(resampler, received)),
  };
}

/** The last input sample that an output sample depends on. */
function newestInput({ up, down, halfLength }: Resampler, output: number): number {
  return Math.floor((output * down + halfLength) / up);
}

function outputAt(resampler: Resampler, output: number, held: Float32Array, begin: number): number {
  const { up, down, halfLength, rows, rowLength } = resampler;
  const row = ((output * down + halfLength) % up) * rowLength;
  const oldest = newestInput(resampler, output) - rowLength + 1;
  let sum = 0;
  const from = Math.max(0, begin - oldest);
  const to = Math.min(rowLength, begin + held.length - oldest);
  for (let j = from; j < to; j++) sum += rows[row + j]! * held[oldest + j - begin]!;
  return sum;
}
