import type { Experiment } from '../experiment';

/** What `ablateStage` reads and writes. */
export interface AblateStageOptions {
  readonly features: string;
  readonly out: string;
  /** Regions, folds and seeds are its `ablation`; the network its `model`, or what its `search` finds. */
  readonly experiment: Pick<Experiment, 'ablation' | 'model' | 'search' | 'split' | 'protocol'>;
  /** Processes that train side by side; the results are the same for any number. Default 1: this process. */
  readonly workers?: number | undefined;
}
