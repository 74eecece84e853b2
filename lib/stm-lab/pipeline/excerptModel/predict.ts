import { readAudio } from '../../audio';
import { inputError } from '../../base/errors';
import { atTemperature } from '../../evaluation';
import { extractStm } from '../../features';
import type { Prediction } from '../prediction';
import { prepareVectors } from './data';
import { predictExcerptModel } from './fit';
import { loadExcerptModel } from './store';

/**
 * Prepares predictions by a model folder of `trainExcerptStage`, which may have been copied anywhere.
 *
 * @returns a function from an audio file to its class probabilities and its distance from what was trained on; it
 *   throws StmLabError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export function openExcerptPredictor(folder: string): (file: string) => Promise<Prediction> {
  const model = loadExcerptModel(folder);
  const { classes, choice, parameters, rateHz, temperature } = model.record;
  return async (file) => {
    const { samples, sampleRate } = await readAudio(file);
    let stm;
    try {
      stm = await extractStm(samples, sampleRate, { ...parameters, keep: 'excerpts' });
    } catch (error) {
      throw inputError(
        `${file}: ${error instanceof Error ? error.message.replace(/^samples: /, '') : String(error)}`,
        error,
      );
    }
    const parts = stm.perExcerpt!;
    const features = new Float32Array(parts.length * stm.features.length);
    parts.forEach((part, i) => features.set(part.features, i * stm.features.length));
    const vectors = prepareVectors(features, rateHz, choice);
    const columns = vectors.length / parts.length;
    const of = async (
      starts: Int32Array,
    ): Promise<{ probabilities: Float32Array; distance: Float64Array }> => {
      const rows = Int32Array.from({ length: starts.length - 1 }, (_, row) => row);
      const { logProbabilities, distance } = await predictExcerptModel(
        model,
        { vectors, columns, starts },
        rows,
        classes.length,
      );
      return { probabilities: atTemperature(logProbabilities, classes.length, temperature), distance };
    };
    const whole = await of(Int32Array.of(0, parts.length));
    const single = await of(Int32Array.from({ length: parts.length + 1 }, (_, i) => i));
    const [distance] = whole.distance;
    return {
      file,
      classes,
      probabilities: [...whole.probabilities],
      course: parts.map(({ startSeconds }, i) => ({
        startSeconds,
        probabilities: [...single.probabilities.subarray(i * classes.length, (i + 1) * classes.length)],
      })),
      distance: { value: distance!, threshold: model.reach.threshold },
    };
  };
}
