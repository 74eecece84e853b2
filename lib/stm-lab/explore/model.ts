import type { ModulationAxes, Preparation, StmParameters } from '../features';

/** A model of excerpts as the page holds it: linear members over prepared features. */
export interface PageModel {
  /** What it is called on the page. */
  readonly label: string;
  readonly classes: readonly string[];
  readonly parameters: Partial<StmParameters>;
  readonly axes: ModulationAxes;
  readonly preparation: Preparation;
  readonly temperature: number;
  /** Per member and class, the weights of the features and then the constant. */
  readonly members: readonly (readonly (readonly number[])[])[];
}
