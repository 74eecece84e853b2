import { atTemperature } from '../../evaluation';
import type { Prediction } from '../prediction';
import { openFileFeatures } from '../fileFeatures';
import { prepareModulations, stmAxes, type ExtractionIdentity } from '../../features';
import { predictExcerptModel } from './fit';
import { loadExcerptModel } from './store';

/**
 * Prepares predictions by a model folder of `trainExcerptStage`, which may have been copied anywhere.
 *
 * @param changed parameters of the features that take the place of the training's
 * @returns a function from an audio file to its class probabilities and its distance from what was trained on; it
 *   throws UserError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export async function openExcerptPredictor(
  folder: string,
  changed: ExtractionIdentity['parameters'],
): Promise<(file: string) => Promise<Prediction>> {
  const model = loadExcerptModel(folder);
  const { classes, choice, rateHz, temperature, kind = 'stm', parameters, revision = 1 } = model.record;
  const { scaleCycPerOct = stmAxes().scaleCycPerOct } = model.record;
  const featuresOfFile = await openFileFeatures(folder, { kind, parameters, revision }, changed);
  return async (file) => {
    const { features: whole, perExcerpt: parts } = await featuresOfFile(file);
    const features = new Float32Array(parts.length * whole.length);
    parts.forEach((part, i) => features.set(part.features, i * whole.length));
    const vectors = prepareModulations(features, { rateHz, scaleCycPerOct }, choice);
    const columns = vectors.length / parts.length;
    const { excerpts, logProbabilities, distance } = await predictExcerptModel(
      model,
      { vectors, columns, starts: Int32Array.of(0, parts.length) },
      Int32Array.of(0),
      classes.length,
    );
    const joint = atTemperature(logProbabilities, classes.length, temperature);
    const single = atTemperature(excerpts, classes.length, temperature);
    return {
      file,
      classes,
      probabilities: [...joint],
      course: parts.map(({ startSeconds }, i) => ({
        startSeconds,
        probabilities: [...single.subarray(i * classes.length, (i + 1) * classes.length)],
      })),
      distance: { value: distance[0]!, threshold: model.reach.threshold },
    };
  };
}
