import { learningCurvesFigure, renderSvg, searchHistoryFigure } from '../../figures';
import type { ReportSection, ReportTable } from '../../report';
import type { RemoteRun } from 'mlflow-tracking-client';
import { measured, sourceOf, type TrackedResults } from './runs';

/** The hyperparameter search: its course and its best trials. */
export async function searchSection(
  results: TrackedResults,
  note: string | undefined,
): Promise<ReportSection | undefined> {
  const run = results.latest('search');
  if (run === undefined) return undefined;
  const source = sourceOf(run);
  const objective = (run.params['objective'] ?? 'macroF1').split(', ')[0]!;
  const trials = results
    .children(run)
    .flatMap((trial) =>
      trial.metrics[objective] === undefined
        ? []
        : [{ run: trial, number: Number(trial.tags['stm.trial']), value: trial.metrics[objective] }],
    )
    .sort((a, b) => a.number - b.number);
  if (trials.length === 0) return undefined;
  const best = [...trials].sort((a, b) => b.value - a.value || a.number - b.number).slice(0, 5);
  const names = [...new Set(best.flatMap((trial) => Object.keys(trial.run.params)))].sort();
  return {
    title: 'Hyperparameter search',
    paragraphs: [
      `${trials.length} trials by ${run.params['sampler'] ?? 'an unnamed sampler'}, each the mean of ${run.params['executions'] ?? '?'} training(s), scored by ${objective} on the validation fold. The best of many is optimistic: the scores above come from other recordings.`,
    ],
    tables: [
      {
        id: 'trials',
        caption: 'The best trials.',
        columns: [
          { key: 'trial', title: 'trial', decimals: 0 },
          { key: 'value', title: `validation ${objective}`, best: 'highest' },
          ...names.map((name) => ({ key: `parameter/${name}`, title: name })),
        ],
        rows: best.map(({ run: trial, number }) => ({
          trial: { value: number },
          value: measured(trial, objective),
          ...Object.fromEntries(names.map((name) => [`parameter/${name}`, shortText(trial.params[name])])),
        })),
        source: sourceOf(run, ...best.map((trial) => trial.run)),
      },
    ],
    figures: [
      {
        id: 'search',
        caption: 'Objective of each trial, and the best so far.',
        svg: await renderSvg(
          searchHistoryFigure({
            trials: trials.map(({ number, value }) => ({ number, value, state: 'complete' })),
            direction: 'maximize',
            objective: `Validation ${objective}`,
            note,
          }),
        ),
        source,
      },
    ],
  };
}

const shortText = (text: string | undefined): string | undefined =>
  text === undefined || !/^-?\d+\.\d{5,}|e-/.test(text) ? text : Number(text).toPrecision(4);

/** The training of the network that is scored: learning curves and size. */
export async function trainingSection(
  results: TrackedResults,
  note: string | undefined,
): Promise<ReportSection | undefined> {
  const run = results.latest('train');
  if (run === undefined) return undefined;
  const source = sourceOf(run);
  const figure = await curves(results, run, note);
  const facts = ['parameters', 'updates', 'best_epoch'];
  const table: ReportTable = {
    id: 'training',
    caption: 'The trained network.',
    columns: facts.map((key) => ({ key, title: key.replace('_', ' '), decimals: 0 })),
    rows: [Object.fromEntries(facts.map((metric) => [metric, measured(run, metric)]))],
    source,
  };
  return {
    title: 'Training',
    paragraphs: [],
    tables: [table],
    figures:
      figure === undefined
        ? []
        : [{ id: 'learning-curves', caption: 'Scores by epoch.', svg: figure, source }],
  };
}

async function curves(
  { client }: TrackedResults,
  run: RemoteRun,
  note: string | undefined,
): Promise<string | undefined> {
  const named = { loss: 'loss', accuracy: 'accuracy', macroF1: 'macro-F1' };
  // After early stopping the restored epoch's values are logged once more, as Keras does.
  const last = run.metrics['stopped_epoch'] ?? Infinity;
  const rows = [];
  for (const [key, metric] of Object.entries(named))
    for (const [prefix, split] of [
      ['', 'train'],
      ['val_', 'validation'],
    ] as const) {
      if (run.metrics[`${prefix}${key}`] === undefined) continue;
      for (const { step, value } of await client.metricHistory(run.id, `${prefix}${key}`))
        if (step <= last) rows.push({ epoch: step + 1, metric, split, value });
    }
  const bestEpoch = run.metrics['best_epoch'];
  return rows.length === 0 ? undefined : renderSvg(learningCurvesFigure({ rows, bestEpoch, note }));
}
