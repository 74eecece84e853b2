import * as path from 'node:path';
import { homeFolder } from '../stages/home';
import type { AblationSize, Experiment } from './experiment';
import { featureKey } from './featureSettings';

/** Folders of one corpus and one experiment: one per stage. */
export interface StageFolders {
  readonly features: string;
  readonly split: string;
  readonly reduction: string;
  readonly search: string;
  readonly model: string;
  readonly evaluation: string;
  readonly crossValidation: string;
  readonly comparison: string;
  readonly ablation: string;
  readonly occlusion: string;
  readonly figures: string;
  /** One folder per study and preset of the studies, whatever the experiment. */
  readonly studies: string;
  /** Journals of the tracked runs. */
  readonly tracking: string;
}

/** Where results lie: the folder given, else `STM_LAB_RESULTS`, else `results` of the repository. */
export function resultsFolder(given: string | undefined): string {
  return path.resolve(given ?? process.env.STM_LAB_RESULTS ?? path.join(homeFolder(), 'results'));
}

/** Where each stage of an experiment on a corpus keeps its results, below the folder for all results. */
export function stageFolders(
  results: string,
  corpus: string,
  experiment: Experiment,
  size: AblationSize | undefined,
): StageFolders {
  const own = (name: string): string => path.join(results, corpus, experiment.name, name);
  return {
    // Shared by all experiments on these features.
    features: path.join(results, corpus, `features-${featureKey(experiment.features)}`),
    split: own('split'),
    reduction: own('reduction'),
    search: own('search'),
    model: own('model'),
    evaluation: own('evaluation'),
    crossValidation: own('cross-validation'),
    comparison: own('comparison'),
    ablation: own(size === undefined ? 'ablation' : `ablation-${size}`),
    occlusion: own('occlusion'),
    figures: own('figures'),
    studies: path.join(results, corpus, 'studies'),
    tracking: path.join(results, corpus, 'tracking'),
  };
}
