import * as fs from 'node:fs';
import * as path from 'node:path';
import { createStudy, optimize, type Space, type TrialRecord, type Values } from 'bayesian-optimizer';
import type { Run } from 'mlflow-tracking-client';
import { inputError, UserError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { runTrackedStage, type StageContext } from '../stages/context';
import type { SettingsSearch } from '../stages/settingsSearch';
import type { StageResult } from '../stages/stage';
import { changedSettings, listed } from '../stages/stageChange';
import { writeTrials } from './searchTables';
import { withoutTrials } from './trainableModel';

/** A search of the settings of a sibling's preset. */
export interface SettingsSearchOptions {
  /** Whose search it is: begins the names of stage, study and run. */
  readonly sibling: 'tmnn' | 'strf';
  /** Name of the preset. */
  readonly name: string;
  readonly search: SettingsSearch;
  /** All that decides a trial's value besides its own settings and the data. */
  readonly settings: object;
  readonly inputs: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly out: string;
  /** What is compared. */
  readonly objective: { readonly title: string; readonly direction: 'minimize' | 'maximize' };
  /** The objective of a trial's settings; what it trains goes into `folder`. */
  readonly score: (values: Values, folder: string, run: Run | undefined) => Promise<number>;
  /** The preset with the settings of the best trial. */
  readonly best: (values: Values, number: number) => object;
  /** Called with every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord) => void) | undefined;
}

/** Outcome of a search of a preset's settings. */
export interface SettingsSearchSummary {
  readonly objective: string;
  readonly best: { readonly number: number; readonly value: number; readonly values: Values };
  readonly trials: readonly TrialRecord[];
  readonly status: StageResult['status'];
}

/**
 * The search that a preset states.
 *
 * @throws UserError (`input`) when it states none.
 */
export function statedSearch(name: string, search: SettingsSearch | undefined): SettingsSearch {
  if (search === undefined)
    throw inputError(`preset ${name}: has no "search"; give it one with trials and a space`);
  return search;
}

/**
 * Searches settings: `journal.log` (Optuna's journal format), `study.json`, `trials.csv`, a folder per trial,
 * `search.json`, and `best.json`, the preset with the best settings. A search that was stopped continues with the trial
 * and the part of it that it had reached.
 *
 * @throws UserError: `input` for a folder with another search, or when no trial succeeded; `interrupted` on request.
 */
export async function searchSettings(
  options: SettingsSearchOptions,
  context: StageContext,
): Promise<SettingsSearchSummary> {
  const { sibling, name, out, objective, onTrial } = options;
  const { sampler = 'gp', seed = 1, trials } = options.search;
  const space = options.search.space as Space;
  const settings = { ...options.settings, sampler, seed, space };
  const stated = path.join(out, 'study.json');
  const changed = fs.existsSync(stated) ? changedSettings(readJson(stated), settings) : [];
  if (changed.length > 0)
    throw inputError(
      `${out}: holds a search with other settings: ${listed(changed)}; restore them, or give another --out`,
    );
  const openStudy = (): ReturnType<typeof createStudy> =>
    createStudy({
      ...{ name: `${sibling}-${sha256(settings).slice(0, 12)}`, space, sampler, seed },
      ...{ direction: objective.direction, namespace: 'stm-lab', journal: path.resolve(out, 'journal.log') },
    });
  const { status } = await runTrackedStage(context, {
    stage: `${sibling}-search`,
    runName: `${sibling} search ${name}`,
    folder: out,
    parameters: { ...settings, trials },
    runKey: `${sibling}-search-${sha256([settings, path.resolve(out)]).slice(0, 16)}`,
    runParameters: { sampler, seed, objective: objective.title },
    inputs: options.inputs,
    engine: options.engine,
    run: async (run) => {
      writeJson(stated, settings);
      const study = openStudy();
      const { reason } = await optimize(
        study,
        async ({ number, values }) => {
          const value = await options.score(values, path.join(out, 'trials', String(number)), run);
          run?.logMetrics({ trial_value: value }, number);
          return value;
        },
        { trials, ...(onTrial && { onTrial }), ...(context.signal && { signal: context.signal }) },
      );
      writeTrials(path.join(out, 'trials.csv'), study);
      if (reason === 'aborted')
        throw new UserError('interrupted', 'search stopped on request; run it again to continue');
      const found = study.best();
      if (found === undefined || reason === 'failures')
        throw withoutTrials(
          `${sibling} search: ${reason === 'failures' ? 'the last trials all failed' : 'no trial succeeded'}`,
          study,
        );
      const best = { number: found.number, value: found.value!, values: found.values };
      writeJson(path.join(out, 'search.json'), { objective: objective.title, best });
      writeJson(path.join(out, 'best.json'), options.best(found.values, found.number));
      const files = ['journal.log', 'study.json', 'trials.csv', 'search.json', 'best.json'];
      for (const file of files) run?.logArtifact(path.join(out, file));
      return files;
    },
  });
  const record = readJson<Pick<SettingsSearchSummary, 'objective' | 'best'>>(path.join(out, 'search.json'));
  return { ...record, trials: openStudy().trials(), status };
}
