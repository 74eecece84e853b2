import type { Preparation } from '../../features';

/** Logistic regressions and linear discriminants whose log-probabilities are averaged; at least one. */
export interface LinearChoice {
  /** Inverse strength of the penalty of each logistic regression. */
  readonly C?: readonly number[];
  /** Shrinkage of each linear discriminant, above 0 to 1. */
  readonly shrinkage?: readonly number[];
}

/** A model of single excerpts whose verdicts are averaged over a recording; see `fitExcerptModel`. */
export interface ExcerptModelChoice extends Preparation {
  /** Principal components of the standardised excerpts, at most. */
  readonly components: number;
  /**
   * Linear models to choose among, within the training rows alone, by macro-F1 on collections that are held out there (the
   * first of equals).
   */
  readonly among: readonly LinearChoice[];
  /**
   * Recordings of a collection with n recordings of the class weigh n^-p of the others in training: 0 counts recordings,
   * 1 counts collections. Classes weigh the same whatever it is.
   */
  readonly collectionBalance: number;
  /** Folds by collection, within the training rows, for the choice, the temperature and the distance threshold. */
  readonly calibrationFolds: number;
}

/**
 * The default. Classes weigh the same, so probabilities are those of recordings drawn from all classes alike: where
 * classes are not equally frequent, multiply by their frequencies and scale to sum 1 (prior shift).
 */
export const DEFAULT_EXCERPT_MODEL: ExcerptModelChoice = {
  rateSmoothing: 0.5,
  scaleSmoothing: 0.375,
  leastScale: 0.3,
  foldRates: true,
  components: 100,
  among: [{ C: [0.003], shrinkage: [0.1, 0.2, 0.3, 0.5] }],
  collectionBalance: 0,
  calibrationFolds: 5,
};

/** A preparation in a few words. */
export function describePreparation({
  rateSmoothing = 0,
  scaleSmoothing = 0,
  leastScale = 0,
  foldRates,
}: Preparation): string {
  return [
    ...(rateSmoothing > 0 ? [`rates smoothed by ${rateSmoothing} Hz`] : []),
    ...(scaleSmoothing > 0 ? [`scales smoothed by ${scaleSmoothing} cyc/oct`] : []),
    ...(leastScale > 0 ? [`scales from ${leastScale} cyc/oct`] : []),
    ...(foldRates ? ['sign of rate left out'] : []),
  ].join(', ');
}

/** A linear choice in a few words. */
export const describeLinear = ({ C, shrinkage }: LinearChoice): string =>
  [
    ...(C === undefined ? [] : [`logistic regression (C ${C.join(', ')})`]),
    ...(shrinkage === undefined ? [] : [`linear discriminant (shrinkage ${shrinkage.join(', ')})`]),
  ].join(' and ');
