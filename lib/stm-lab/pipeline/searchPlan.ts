import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import type { SamplerName, Space, StudyOptions, TrialRecord } from 'bayesian-optimizer';
import { omit } from '../base/omit';
import type { Manifest } from '../corpus';
import type { TrackedStageRequest } from '../stages/context';
import { samplerOf, trialBase, type Experiment } from './experiment';
import { readExtraction } from './featureFolder';
import type { TrialBase } from './hyperparameters';
import { checkSearchSpace, searchesInputs, searchesSettings } from './searchSpace';
import { objectivesOf, type SearchObjective } from './searchObjective';
import { studyOf, type StudyFile } from './searchStudy';
import { readRoleData, type RoleData } from './roleData';

/** What `searchStage` reads and writes. */
export interface SearchStageOptions {
  readonly reduction: string;
  readonly split: string;
  readonly out: string;
  readonly search: Experiment['search'];
  /** The experiment that the search belongs to: names the study, and its settings are what trials change. */
  readonly preset?: Experiment | undefined;
  /** Results of the experiment's extraction: needed where features or reductions are searched, or folds are scored. */
  readonly features?: string | undefined;
  /** Where the space asks for other extractions: the recordings. */
  readonly manifest?: string | Manifest | undefined;
  /** What to do when OUT holds a search of another space. Default `refuse`. */
  readonly spaceChange?: 'refuse' | 'adopt' | undefined;
  /** Processes that run trials; default 1, in this process. With more, proposals depend on the order of results. */
  readonly workers?: number | undefined;
  /** Called with every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord, best: TrialRecord | undefined) => void) | undefined;
}

/** A search on its data: the study that its workers share, and the stage it is. */
export interface SearchPlan {
  readonly data: RoleData;
  readonly base: TrialBase;
  readonly file: StudyFile;
  /** Whether trials need the features themselves, not only the rows of `reduction`. */
  readonly needsFeatures: boolean;
  readonly study: StudyOptions & { readonly journal: string; readonly sampler: SamplerName };
  readonly request: Omit<TrackedStageRequest, 'run'>;
}

/** The settings of a search by which reports choose its run: its trials may be added to. */
export const searchSettings = (search: Experiment['search']): object => omit(search, 'trials');

/**
 * Reads the data of a search.
 *
 * @throws UserError (`input`) for a space with names that have no effect, or a folder that holds another search.
 */
export function planSearch(options: SearchStageOptions): SearchPlan {
  const { out, search, preset, features, spaceChange = 'refuse' } = options;
  const data = readRoleData(options);
  const objectives = objectivesOf(search.objective);
  const over = [...new Set(objectives.flatMap(({ scored }) => scored?.over ?? []))];
  const whole = searchesSettings(search.space);
  if (whole && preset === undefined)
    throw inputError('search: the space names settings of an experiment; give the experiment');
  const base = trialBase({ ...(preset ?? NO_PRESET), search });
  checkSearchSpace(search.space, base);
  checkObjectives(objectives, search);
  checkCollections(data, search.space);
  const folded = over.filter((one) => one !== 'validation');
  const needsFeatures = searchesInputs(search.space) || folded.length > 0;
  if (needsFeatures && features === undefined)
    throw inputError(
      `search: ${folded.length === 0 ? 'features or reductions are searched' : `trials are scored over ${folded.join(' and ')}`}, which needs the features themselves: give --features with the results of "stm-lab extract"`,
    );
  const inputs = {
    ...data.hashes,
    ...(needsFeatures ? { features: readExtraction(features!).sha256['features.npy'] } : {}),
  };
  const settings = omit(search, 'trials');
  const file = studyOf(
    out,
    { preset: preset?.name, settings: { search: settings, ...(whole ? { base } : {}) }, inputs },
    spaceChange,
  );
  return {
    data,
    base,
    file,
    needsFeatures,
    study: {
      name: file.name,
      space: search.space,
      ...(objectives.length === 1
        ? { direction: objectives[0]!.direction }
        : { directions: objectives.map(({ direction }) => direction) }),
      sampler: samplerOf(search),
      ...(search.pruner === undefined ? {} : { pruner: search.pruner }),
      spaceChange,
      namespace: 'stm-lab',
      seed: search.seed,
      journal: path.resolve(out, 'journal.log'),
    },
    request: {
      stage: 'search',
      folder: out,
      parameters: { ...search, ...(whole ? { base } : {}) },
      settings: searchSettings(search),
      inputs,
      ...(preset === undefined ? {} : { runName: `search ${preset.name}` }),
      runKey: `search-run-${sha256([file.name, path.resolve(out)]).slice(0, 16)}`,
      runParameters: {
        ...omit(settings, 'space', 'enqueue', 'objective'),
        objective: objectives.map(({ name }) => name).join(', '),
        over: over.join(', '),
      },
    },
  };
}

/** Collections can be balanced only where training rows come from several. */
function checkCollections({ collections, split }: RoleData, space: Space): void {
  const name = 'loss.collectionBalance';
  if (!(name in space)) return;
  const used = new Set(collections?.filter((_, i) => split.roles[i] === 'train'));
  if (used.size < 2)
    throw inputError(
      `"${name}" has no effect: ${collections === undefined ? 'the manifest names no collections (a column "collection", or --collection at the extraction; then split again)' : 'all training rows come from one collection'}; leave it out`,
    );
}

/** What two objectives exclude. */
function checkObjectives(
  objectives: readonly SearchObjective[],
  { pruner = 'none', space }: Experiment['search'],
): void {
  if (objectives.length === 1) return;
  if (pruner !== 'none')
    throw inputError(
      `search: pruner ${pruner} compares trials by one objective, and there are two; use pruner none`,
    );
  const family = space['model.family'];
  const without = (['svm', 'forest'] as const).find(
    (one) => family?.type === 'categorical' && family.choices.includes(one),
  );
  if (objectives[1]!.name === 'weights' && without !== undefined)
    throw inputError(
      `search: objective weights counts those of networks and of logistic regression; leave ${without} out of model.family`,
    );
}

const NO_PRESET = {
  features: { kind: 'stm' },
  reduction: { method: 'none', components: 1 },
  model: { family: 'dropout', hidden: [], fit: {} },
} as const satisfies Partial<Experiment>;
