import type { ReportDocument, ReportSection } from '../../report';
import type { MlflowClient, RemoteRun } from 'mlflow-tracking-client';
import { ablationSection } from './ablation';
import { comparisonSection } from './comparison';
import { readResults } from './runs';
import { scoresSection } from './scores';
import { searchSection, trainingSection } from './training';

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
 * A report of one MLflow experiment, from its runs alone: of every stage the latest finished run. Each number is
 * a metric of a run and is written as the server holds it; figures are drawn from the same metrics.
 *
 * @param client an open client of the server.
 * @param experiment name of the MLflow experiment, e.g. "stm-lab/demo/smoke".
 * @throws StmLabError (`input`) when the experiment is missing or has no finished run.
 */
export async function reportOf(client: MlflowClient, experiment: string): Promise<ReportDocument> {
  const results = await readResults(client, experiment);
  const runs = STAGES.flatMap((stage) => results.latest(stage) ?? []);
  const note = runs.map(({ tags }) => tags['stm.note']).find((text) => text !== undefined);
  const parts = [
    await scoresSection(results, note),
    await comparisonSection(results, note),
    await ablationSection(results, note),
    await searchSection(results, note),
    await trainingSection(results, note),
    runsSection(runs),
  ];
  return {
    title: `Spectrotemporal modulation: ${experiment}`,
    subtitle: [
      'Written by stm-lab report from the runs that MLflow holds; every number can be looked up there by its run.',
      ...(note === undefined ? [] : [`Recordings: ${note}.`]),
    ].join(' '),
    sections: parts.filter((section): section is ReportSection => section !== undefined),
  };
}

/** Which runs the report is made of, and on what. */
function runsSection(runs: readonly RemoteRun[]): ReportSection {
  const tag = (name: string): string | undefined =>
    runs.map(({ tags }) => tags[name]).find((text) => text !== undefined);
  const facts = [
    ['corpus', tag('stm.corpus')],
    ['experiment', tag('stm.experiment')],
    ['manifest (SHA-256)', tag('stm.manifest')],
    ['packages (SHA-256 of the lock file)', tag('stm.lockfile')],
    ['engine', tag('stm.engine')],
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
        caption: 'The latest finished run of each stage.',
        columns: [
          { key: 'stage', title: 'stage' },
          { key: 'run', title: 'run' },
          { key: 'finished', title: 'finished (UTC)' },
          { key: 'seconds', title: 'seconds', decimals: 1 },
        ],
        rows: runs.map((run) => ({
          stage: run.tags['stm.stage'],
          run: run.id,
          finished:
            run.endTime === undefined
              ? undefined
              : new Date(run.endTime).toISOString().slice(0, 16).replace('T', ' '),
          seconds: run.endTime === undefined ? undefined : { value: (run.endTime - run.startTime) / 1000 },
        })),
        source: { runs: [] },
      },
    ],
    figures: [],
  };
}
