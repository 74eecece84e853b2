/** What a preset of a sibling says about the search of its settings. */
export interface SettingsSearch {
  readonly trials: number;
  /** Default 1. */
  readonly seed?: number;
  /** Default `gp`. */
  readonly sampler?: 'gp' | 'tpe' | 'sobol' | 'random';
  /** Of parameters as `bayesian-optimizer` takes them, by path, such as `training.learningRate`. */
  readonly space: Readonly<Record<string, object>>;
}
