import type { FeatureChoice } from '../comparison/choice';

/** Features with a linear model, as the studies compare them. */
export interface StudySystem {
  readonly name: string;
  readonly features: Extract<FeatureChoice, { readonly kind: 'stm' | 'mel' | 'embedding' }>;
  /** Inverse strength of the logistic regression's penalty. */
  readonly C: number;
}
