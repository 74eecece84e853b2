import { atTemperature } from '../../evaluation';
import type { Prediction } from '../prediction';
import { stmOfFile } from '../stmOfFile';
import { prepareModulations } from '../../features';
import { predictExcerptModel } from './fit';
import { loadExcerptModel } from './store';

/**
 * Prepares predictions by a model folder of `trainExcerptStage`, which may have been copied anywhere.
 *
 * @returns a function from an audio file to its class probabilities and its distance from what was trained on; it
 *   throws UserError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export function openExcerptPredictor(folder: string): (file: string) => Promise<Prediction> {
  const model = loadExcerptModel(folder);
  const { classes, choice, parameters, rateHz, scaleCycPerOct, temperature } = model.record;
  return async (file) => {
    const stm = await stmOfFile(file, parameters);
    const parts = stm.perExcerpt;
    const features = new Float32Array(parts.length * stm.features.length);
    parts.forEach((part, i) => features.set(part.features, i * stm.features.length));
    const vectors = prepareModulations(
      features,
      { rateHz, scaleCycPerOct: scaleCycPerOct ?? stm.axes.scaleCycPerOct },
      choice,
    );
    const columns = vectors.length / parts.length;
    const { excerpts, logProbabilities, distance } = await predictExcerptModel(
      model,
      { vectors, columns, starts: Int32Array.of(0, parts.length) },
      Int32Array.of(0),
      classes.length,
    );
    const whole = atTemperature(logProbabilities, classes.length, temperature);
    const single = atTemperature(excerpts, classes.length, temperature);
    return {
      file,
      classes,
      probabilities: [...whole],
      course: parts.map(({ startSeconds }, i) => ({
        startSeconds,
        probabilities: [...single.subarray(i * classes.length, (i + 1) * classes.length)],
      })),
      distance: { value: distance[0]!, threshold: model.reach.threshold },
    };
  };
}
