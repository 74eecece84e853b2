import { featuresInMemory, fitReduction, transform } from '../../reduction';
import { fitDiscriminant, linearLogProbabilities, randomForest, type LabelledRows } from '../../models';
import { mostProbable } from '../../evaluation';
import { standardise, type LogMelScale } from '../soundSet';

/** Means over time that a call's spectrogram is described by. */
const STEPS = 10;
/** Principal components of the descriptions. */
const COMPONENTS = 50;

/**
 * What calls are classified by without a network: every band's mean in ten stretches of the call's window.
 *
 * @param values rows x bands x frames, dB; NaN beyond a call's ends, which becomes the training calls' mean.
 * @returns rows x (bands x stretches).
 */
export function callDescriptions(
  values: Float32Array,
  { bands, frames }: { readonly bands: number; readonly frames: number },
  scale: LogMelScale,
): Float32Array {
  const steps = Math.min(STEPS, frames);
  const scaled = standardise(values, scale);
  const rows = values.length / (bands * frames);
  return Float32Array.from({ length: rows * bands * steps }, (_, i) => {
    const [line, step] = [Math.floor(i / steps), i % steps];
    const part = scaled.subarray(
      line * frames + Math.floor((step * frames) / steps),
      line * frames + Math.floor(((step + 1) * frames) / steps),
    );
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}

/** The classifiers of call tasks that are not networks. */
export const CALL_CLASSIFIERS = ['lda', 'forest'] as const;
export type CallClassifier = (typeof CALL_CLASSIFIERS)[number];

/**
 * Classifies calls by regularised linear discriminant analysis or by a random forest (200 trees, leaves of 5 calls), both
 * with equal priors, on principal components of the training calls: what the zebra finch repertoire was classified by.
 *
 * @param descriptions calls x columns.
 * @returns class of each call of `test`.
 */
export async function classifyCalls(
  name: CallClassifier,
  descriptions: Float32Array,
  labels: ArrayLike<number>,
  {
    classes,
    train,
    test,
    seed,
  }: {
    readonly classes: number;
    readonly train: readonly number[];
    readonly test: readonly number[];
    readonly seed: number;
  },
): Promise<Int32Array> {
  const features = featuresInMemory(descriptions, descriptions.length / labels.length);
  const reduction = await fitReduction({
    features,
    rows: Int32Array.from(train),
    method: 'exact',
    components: Math.min(COMPONENTS, train.length - 1, features.columns),
    scaling: 'none',
  });
  const reduced = (rows: readonly number[]): Promise<Float32Array> =>
    transform(reduction, { features, rows: Int32Array.from(rows) });
  const known: LabelledRows = {
    x: await reduced(train),
    y: Int32Array.from(train, (row) => labels[row]!),
    rows: train.length,
    columns: reduction.width,
  };
  const asked = await reduced(test);
  const probabilities =
    name === 'lda'
      ? Float32Array.from(linearLogProbabilities(fitDiscriminant(known, classes), asked, test.length))
      : (await randomForest({ seed }).fit(known, classes)).predictProbabilities(asked, test.length);
  return mostProbable(probabilities, classes);
}
