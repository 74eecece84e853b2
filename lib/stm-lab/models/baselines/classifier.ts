import type { LabelledRows } from '../data';

/** A trained model of any kind. */
export interface FittedClassifier {
  /** E.g. "logistic regression, C 0.01". */
  readonly description: string;
  /**
   * @param x features, row-major float32, rows x columns of the training data; finite.
   * @returns float32, rows x classes; each row sums to 1.
   */
  predictProbabilities(x: Float32Array, rows: number): Float32Array;
}

/** A model that can be trained: what cross-validation and tables take, whatever is behind it. */
export interface Classifier {
  /** Trains on rows of classes 0 .. classes - 1 (standardise or reduce features before). */
  fit(train: LabelledRows, classes: number): FittedClassifier | Promise<FittedClassifier>;
}
