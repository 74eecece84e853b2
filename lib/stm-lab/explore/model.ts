import type { StmParameters } from '../features';

/** A model of excerpts as the page holds it: linear members over smoothed and folded features. */
export interface PageModel {
  /** What it is called on the page. */
  readonly label: string;
  readonly classes: readonly string[];
  readonly parameters: Partial<StmParameters>;
  readonly rateHz: readonly number[];
  readonly rateSmoothing: number;
  readonly foldRates: boolean;
  readonly temperature: number;
  /** Per member and class, the weights of the features and then the constant. */
  readonly members: readonly (readonly (readonly number[])[])[];
}
