import type { RemoteRun } from 'mlflow-tracking-client';
import { sha256 } from 'research-basics/files';
import { ablationParameters } from '../ablation';
import { comparisonParameters, featureKey, fullRows } from '../comparison';
import { ABLATION_SIZES, readAblation, type AblationSettings, type Experiment } from '../experiment';
import { extractionSettings } from '../featureSettings';
import { searchSettings } from '../searchPlan';

/** What a report is about. */
export interface ReportSubject {
  readonly settings: Experiment;
  /** SHA-256 of the manifest; default that of the latest extraction with these settings. */
  readonly manifest?: string | undefined;
}

/**
 * Of each stage the latest run of one corpus and one set of settings. The extraction of the manifest comes first; every
 * later run was made from the results of those before it (by the hashes of its inputs) with the settings wanted, so
 * that runs of other recordings or settings never stand beside them.
 *
 * @param runs finished runs without a parent, the latest first.
 * @returns the run of each stage that has one; empty when the extraction has none.
 */
export function lineageOf(
  runs: readonly RemoteRun[],
  { settings, manifest }: ReportSubject,
): ReadonlyMap<string, RemoteRun> {
  const chosen = new Map<string, RemoteRun>();
  const choose = (stage: string, fits: (run: RemoteRun) => boolean): RemoteRun | undefined => {
    const run = runs.find((one) => one.tags['stm.stage'] === stage && fits(one));
    if (run !== undefined) chosen.set(stage, run);
    return run;
  };
  const made = (run: RemoteRun, inputs: Readonly<Record<string, string | undefined>>): boolean =>
    Object.entries(inputs).every(
      ([name, hash]) => hash !== undefined && run.tags[`stm.input.${name}`] === hash,
    );
  const set = (run: RemoteRun, wanted: unknown): boolean => run.tags['stm.settings'] === sha256(wanted);

  const { features: kind, split, reduction, search, protocol, model, crossValidation } = settings;
  const extract = choose(
    'extract',
    (run) =>
      (manifest === undefined || run.tags['stm.manifest'] === manifest) && set(run, extractionSettings(kind)),
  );
  if (extract === undefined) return chosen;
  const data = { features: extract.tags['stm.features'], index: extract.tags['stm.index'] };
  const divided = choose('split', (run) => made(run, data) && set(run, split));
  const parts = divided?.tags['stm.split'];
  const reduced = choose(
    'reduce',
    (run) => made(run, { features: data.features, split: parts }) && set(run, reduction),
  );
  const rows = { split: parts, reduction: reduced?.tags['stm.reduction'] };
  const searched = choose(
    'search',
    (run) => made(run, rows) && (set(run, searchSettings(search)) || set(run, search)),
  );
  const network = searched?.tags['stm.choice'] ?? sha256(model);
  const trained = choose(
    'train',
    (run) =>
      made(run, rows) && set(run, { protocol, seed: search.seed }) && run.tags['stm.choice'] === network,
  );
  const weights = { model: trained?.tags['stm.model'] };
  choose('evaluate', (run) => made(run, { ...rows, ...weights }));
  choose('occlusion', (run) => made(run, { features: data.features, split: parts, ...weights }));
  choose('cross-validate', (run) => made(run, data) && set(run, { crossValidation, reduction, model }));
  let ablations: object[] | undefined;
  choose('ablate', (run) => {
    if (!made(run, data)) return false;
    ablations ??= ablationsOf(settings);
    return ablations.some((wanted) => set(run, wanted));
  });
  const { comparison } = settings;
  if (comparison !== undefined) {
    const full = fullRows(settings, comparison);
    const key = featureKey(kind);
    const own = full.some(({ features }) => featureKey(features) === key);
    choose(
      'compare',
      (run) =>
        set(run, comparisonParameters(comparison, full)) &&
        (own
          ? made(run, { [`${key}.features`]: data.features, [`${key}.index`]: data.index })
          : run.tags['stm.manifest'] === extract.tags['stm.manifest']),
    );
  }
  return chosen;
}

/** The ablation of an experiment, and the prepared sizes, which `stm-lab ablate --size` runs with the same network. */
function ablationsOf(settings: Experiment): object[] {
  const sizes: AblationSettings[] = [settings.ablation, ...ABLATION_SIZES.map(readAblation)];
  return sizes.map((ablation) => ablationParameters({ ...settings, ablation }));
}
