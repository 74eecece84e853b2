import type { ReportDocument, ReportSection } from '../../report';
import type { MlflowClient, RemoteRun } from 'mlflow-tracking-client';
import { ablationSection } from './ablation';
import { comparisonSection } from './comparison';
import { sha256 } from 'research-basics/files';
import { flattenParameters } from '../../stages/context';
import type { Experiment } from '../experiment';
import { readResults, type ReportRequest } from './runs';
import { scoresSection } from './scores';
import { summarySentences } from './summary';
import { searchSection, trainingSection } from './training';

export type { ReportRequest } from './runs';

/** Stages in the order of the pipeline. */
const STAGES = [
  'extract',
  'split',
  'reduce',
  'search',
  'train',
  'evaluate',
  'cross-validate',
  'compare',
  'ablate',
  'occlusion',
];

/**
 * A report of one manifest and one set of settings, from their MLflow runs alone: of every stage the latest finished
 * run, never one of other recordings or settings. Each number is a metric of a run and is written as the server holds
 * it; figures are drawn from the same metrics.
 *
 * @param client an open client of the server.
 * @throws UserError (`input`) when the server has no finished run of them.
 */
export async function reportOf(client: MlflowClient, request: ReportRequest): Promise<ReportDocument> {
  const results = await readResults(client, request);
  const settings = settingsHash(request.settings);
  const runs = STAGES.flatMap((stage) => results.latest(stage) ?? []);
  const note = runs.map(({ tags }) => tags['stm.note']).find((text) => text !== undefined);
  const parts = [
    await scoresSection(results, note),
    await comparisonSection(results, note),
    await ablationSection(results, note),
    await searchSection(results, note),
    await trainingSection(results, note),
    runsSection(runs, request.settings, settings),
  ];
  return {
    title: `Spectrotemporal modulation: ${request.experiments[0]}`,
    subtitle: [
      'Written by stm-lab report from the runs that MLflow holds; every number can be looked up there by its run.',
      `All runs are of the manifest ${results.manifest.slice(0, 12)} and the settings ${settings.slice(0, 12)} (SHA-256).`,
      ...(note === undefined ? [] : [`Recordings: ${note}.`]),
    ].join(' '),
    summary: summarySentences(results, note),
    sections: parts.filter((section): section is ReportSection => section !== undefined),
  };
}

/** Parts of an experiment that decide results; its name and title do not. */
const DECIDING = [
  ...(['features', 'split', 'reduction', 'search', 'model', 'protocol'] as const),
  ...(['crossValidation', 'ablation', 'comparison'] as const),
] as const;

const settingsHash = (experiment: Experiment): string =>
  sha256(Object.fromEntries(DECIDING.map((part) => [part, experiment[part] ?? null])));

/** The settings in words, part by part. */
function settingTexts(experiment: Experiment): [string, string][] {
  return DECIDING.flatMap((part): [string, string][] => {
    const value = experiment[part];
    if (value === undefined) return [];
    const { space, rows, ...rest } = value as Record<string, unknown>;
    const texts = Object.entries(flattenParameters(rest))
      .filter(([name]) => name !== 'title' && name !== 'cost')
      .map(([name, text]) => `${name} ${String(text)}`);
    if (space !== undefined) texts.push(`space of ${Object.keys(space as object).join(', ')}`);
    if (Array.isArray(rows)) texts.push(`${rows.length} rows`);
    return [[part, texts.join(', ')]];
  });
}

/** Which runs the report is made of, and on what. */
function runsSection(runs: readonly RemoteRun[], experiment: Experiment, settings: string): ReportSection {
  const tag = (name: string): string | undefined =>
    runs.map(({ tags }) => tags[name]).find((text) => text !== undefined);
  const facts = [
    ['corpus', tag('stm.corpus')],
    ['experiment', tag('stm.experiment')],
    ['manifest (SHA-256)', tag('stm.manifest')],
    ['settings (SHA-256)', settings],
    ...settingTexts(experiment),
    ['packages (SHA-256 of the lock file)', tag('stm.lockfile')],
    ['commit', tag('mlflow.source.git.commit')],
  ].filter((row): row is [string, string] => row[1] !== undefined);
  return {
    title: 'Runs',
    paragraphs: [],
    tables: [
      {
        id: 'provenance',
        caption: 'What it was made from.',
        columns: [
          { key: 'what', title: 'what' },
          { key: 'value', title: 'value' },
        ],
        rows: facts.map(([what, value]) => ({ what, value })),
        source: { runs: [] },
      },
      {
        id: 'runs',
        caption: 'The latest finished run of each stage, of this manifest and these settings.',
        columns: [
          { key: 'stage', title: 'stage' },
          { key: 'run', title: 'run' },
          { key: 'finished', title: 'finished (UTC)' },
          { key: 'seconds', title: 'seconds', decimals: 1 },
          { key: 'settings', title: 'settings (SHA-256)' },
          { key: 'engine', title: 'engine' },
        ],
        rows: runs.map((run) => ({
          stage: run.tags['stm.stage'],
          run: run.id,
          finished:
            run.endTime === undefined
              ? undefined
              : new Date(run.endTime).toISOString().slice(0, 16).replace('T', ' '),
          settings: run.tags['stm.settings']?.slice(0, 12),
          engine: run.tags['stm.engine'],
          seconds: run.endTime === undefined ? undefined : { value: (run.endTime - run.startTime) / 1000 },
        })),
        source: { runs: [] },
      },
    ],
    figures: [],
  };
}
