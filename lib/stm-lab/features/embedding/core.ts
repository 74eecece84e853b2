import { inputError } from 'research-basics/errors';
import { createEmbeddingLogMel } from './logMel';
import type { EmbeddingDescription, EmbeddingModel } from './description';
import { openOnnxSession } from './runtime';

/** Windows that are run together: bounds the memory of one run. */
const MOST_WINDOWS = 64;

/** Computes embeddings of excerpts. */
export interface EmbeddingKernel {
  readonly description: EmbeddingDescription;
  /**
   * @param excerpt mono at `description.sampleRate`, full scale 1
   * @returns float32, `description.dimensions` values: the mean over windows, and over frames within a window.
   * @throws UserError (`input`) when the model refuses its input or its output is not as described.
   */
  compute(excerpt: Float32Array): Promise<Float32Array>;
}

/** A front end: scaled samples to row-major frames x bands. */
type FrontEnd = (samples: Float32Array) => Promise<Float32Array>;

/**
 * Loads a model and its front end.
 *
 * @throws UserError: `input` for a file that is not such a model, `environment` without ONNX Runtime.
 */
export async function createEmbeddingKernel(model: EmbeddingModel): Promise<EmbeddingKernel> {
  const { description, file } = model;
  const { scale = 1, frontEnd, multiply = 1, add = 0, dimensions } = description;
  const width = frontEnd?.bands ?? 1;
  const session = await openOnnxSession(file, description);
  const toInput = await openFrontEnd(model);
  return {
    description,
    async compute(excerpt) {
      const input = await toInput(excerpt.map((sample) => sample * scale));
      const steps = input.length / width;
      const window = description.window ?? steps;
      const hop = description.hop ?? window;
      const windows = Math.max(1, 1 + Math.floor((steps - window) / hop));
      const together = description.shape.includes('windows') ? MOST_WINDOWS : 1;
      const sum = new Float64Array(dimensions);
      let vectors = 0;
      for (let first = 0; first < windows; first += together) {
        const count = Math.min(together, windows - first);
        const values = new Float32Array(count * window * width);
        for (let w = 0; w < count; w++) {
          const begin = (first + w) * hop * width;
          values.set(input.subarray(begin, begin + window * width), w * window * width);
        }
        if (frontEnd !== undefined)
          for (let i = 0; i < values.length; i++) values[i] = values[i]! * multiply + add;
        const arranged = isBandsFirst(description) ? transposed(values, window, width) : values;
        const answer = await session.run(arranged, inputShape(description, count, window));
        if (answer.length === 0 || answer.length % (count * dimensions) !== 0)
          throw inputError(
            `${file}: gives ${answer.length} values for ${count} windows, which are not vectors of ${dimensions}; correct "dimensions" or "output" in its description`,
          );
        for (let i = 0; i < answer.length; i++) sum[i % dimensions]! += answer[i]!;
        vectors += answer.length / dimensions;
      }
      return Float32Array.from(sum, (value) => value / vectors);
    },
  };
}

async function openFrontEnd({ description, frontEndFile }: EmbeddingModel): Promise<FrontEnd> {
  const { frontEnd, sampleRate } = description;
  if (frontEnd === undefined) return (samples) => Promise.resolve(samples);
  if (!('model' in frontEnd)) {
    const logMel = createEmbeddingLogMel(sampleRate, frontEnd);
    return (samples) => Promise.resolve(logMel(samples));
  }
  const session = await openOnnxSession(frontEndFile!);
  return async (samples) => {
    const values = await session.run(samples, [1, samples.length]);
    if (values.length % frontEnd.bands === 0) return values;
    throw inputError(
      `${frontEndFile!}: gives ${values.length} values, which are not frames of ${frontEnd.bands} bands; correct the description`,
    );
  };
}

const isBandsFirst = ({ shape }: EmbeddingDescription): boolean =>
  shape.includes('bands') && shape.indexOf('bands') < shape.indexOf('frames');

function inputShape({ shape, frontEnd }: EmbeddingDescription, windows: number, steps: number): number[] {
  const size = { windows, samples: steps, frames: steps, bands: frontEnd?.bands ?? 1 };
  return shape.map((axis) => (typeof axis === 'number' ? axis : size[axis]));
}

/** Windows of steps x width as windows of width x steps. */
function transposed(values: Float32Array, steps: number, width: number): Float32Array {
  const size = steps * width;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const place = i % size;
    result[i - place + (place % width) * steps + Math.floor(place / width)] = values[i]!;
  }
  return result;
}
