import * as path from 'node:path';
import { writeCsv } from '../base/csv';
import { inputError } from 'research-basics/errors';
import { readJson, writeJson } from 'research-basics/files';
import { loadEngine, type Engine } from '../engine';
import {
  evaluate,
  mostProbable,
  type EvaluationReport,
  type Interval,
  type IntervalName,
} from '../evaluation';
import { modelHash, predictProbabilities, type MlpModel } from '../models';
import type { MetricContext, Run } from 'mlflow-tracking-client';
import { tellOfKeptLosses, tellOfZeroF1 } from './classLosses';
import { runTrackedStage, type StageContext } from '../stages/context';
import { nameLabels } from '../stages/labels';
import { scoredNetwork } from '../stages/scoredModel';
import { readRoleData, type RoleRows } from './roleData';
import { logPredictedSounds } from './runSounds';
import { engineFor, type StageResult } from '../stages/stage';
import { trainedModel } from './train';

/** What `evaluateStage` reads and writes. */
export interface EvaluateStageOptions {
  /** Results of `trainStage`. */
  readonly model: string;
  readonly reduction: string;
  readonly split: string;
  readonly out: string;
  /** Resamples of the group bootstrap; default 1000. */
  readonly resamples?: number;
}

/** Test-set scores of one model by both protocols. */
export interface EvaluateSummary {
  readonly status: StageResult['status'];
  readonly report: EvaluationReport;
}

/** A score with both columns, as reports print it. */
export interface ScoreRow {
  readonly [column: string]: string;
  readonly score: string;
  readonly published: string;
  readonly corrected: string;
}

/**
 * Scores a trained network on the test rows: `evaluation.json` (both protocols, intervals, confusion,
 * calibration) and `predictions.csv` (one line per test recording).
 *
 * @throws UserError (`input`) when the model was trained on another reduction, or there are no test rows.
 */
export async function evaluateStage(
  options: EvaluateStageOptions,
  context: StageContext = {},
): Promise<EvaluateSummary> {
  const { out } = options;
  const model = trainedModel(options.model);
  const data = readRoleData(options);
  tellOfKeptLosses(options.split, context);
  if (model.info.hashes['reduction'] !== data.hashes.reduction) {
    throw inputError(
      `${options.model}: was trained on another reduction than ${options.reduction}; run "stm-lab train" again`,
    );
  }
  const parameters = { resamples: options.resamples ?? 1000 };
  const { status } = await runTrackedStage(context, {
    stage: 'evaluate',
    folder: out,
    parameters,
    inputs: { ...data.hashes, model: modelHash(model) },
    engine: await engineFor(out, context.signal),
    run: async (run) => {
      const engine = await loadEngine({ signal: context.signal });
      const test = data.role('test');
      if (test.rows === 0)
        throw inputError(`${options.split}: the split has no test rows; use more recordings or fewer folds`);
      const validation = data.role('validation');
      const probabilities = predictProbabilities(engine, model, test.x, test.rows);
      const report = evaluate({
        labels: test.y,
        probabilities,
        classNames: data.classes,
        groups: test.groups,
        validation: { labels: validation.y, probabilities: predictOn(engine, model, validation) },
        bootstrap: { resamples: parameters.resamples },
      });
      writeJson(path.join(out, 'evaluation.json'), report);
      writePredictions(path.join(out, 'predictions.csv'), test, probabilities, data.classes);
      logReport(run, report, 'test', scoredNetwork(run, options.model, context));
      run?.logArtifact(path.join(out, 'evaluation.json'));
      run?.logArtifact(path.join(out, 'predictions.csv'));
      await logPredictedSounds(run, context, { ...test, probabilities, classes: data.classes });
      return ['evaluation.json', 'predictions.csv'];
    },
  });
  const report = readJson<EvaluationReport>(path.join(out, 'evaluation.json'));
  tellOfZeroF1(report, 'the network', context);
  return { status, report };
}

function predictOn(engine: Engine, model: MlpModel, rows: RoleRows): Float32Array {
  return predictProbabilities(engine, model, rows.x, rows.rows);
}

/** One line per row: path, true class, most probable class, probability of each class. */
export function writePredictions(
  file: string,
  rows: { readonly paths: readonly string[]; readonly y: Int32Array },
  probabilities: Float32Array,
  classes: readonly string[],
): void {
  const names = classes.map((name) => `p(${name})`);
  const predicted = mostProbable(probabilities, classes.length);
  const lines = rows.paths.map((recording, row) => {
    const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
    return {
      path: recording,
      label: classes[rows.y[row]!]!,
      predicted: classes[predicted[row]!]!,
      ...Object.fromEntries(names.map((name, c) => [name, own[c]!.toFixed(6)])),
    };
  });
  writeCsv(file, ['path', 'label', 'predicted', ...names], lines);
}

/** Metrics whose intervals are logged beside them as `_low` and `_high`. */
const INTERVAL_METRICS = {
  macroF1: 'macro_f1',
  accuracy: 'accuracy',
  uar: 'uar',
  macroRocAuc: 'macro_roc_auc',
  macroAp: 'macro_average_precision',
} as const satisfies Record<IntervalName, string>;

/** Logs a report's scores and intervals, of a model where one is named; NaN (a class without rows) is left out. */
export function logReport(
  run: Run | undefined,
  report: EvaluationReport,
  prefix: string,
  about?: MetricContext,
): void {
  const { published, corrected, intervals } = report;
  const metrics: Record<string, number | undefined> = {
    macro_f1: corrected.macroF1,
    accuracy: corrected.accuracy,
    uar: corrected.uar,
    macro_roc_auc: corrected.macroRocAuc,
    macro_average_precision: corrected.macroAp,
    micro_roc_auc: corrected.microRocAuc,
    ece: report.calibration.ece,
    published_roc_auc: published.rocAuc,
    published_pr_auc: published.prAuc,
    published_max_macro_f1: published.maxMacroF1,
    published_threshold: published.threshold,
  };
  for (const [name, metric] of Object.entries(INTERVAL_METRICS)) {
    const interval = intervals?.[name as IntervalName];
    metrics[`${metric}_low`] = interval?.low;
    metrics[`${metric}_high`] = interval?.high;
  }
  const nameOf = nameLabels(
    run,
    corrected.perClass.map(({ name }) => name),
  );
  for (const { name, f1 } of corrected.perClass) metrics[`f1/${nameOf(name)}`] = f1;
  run?.logMetrics(
    Object.fromEntries(
      Object.entries(metrics)
        .filter((entry): entry is [string, number] => entry[1] !== undefined && Number.isFinite(entry[1]))
        .map(([name, value]) => [`${prefix}_${name}`, value]),
    ),
    0,
    about,
  );
}

/** Logs the macro-F1 of each repeat of a cross-validation, at its seed, and their mean with its interval. */
export function logRepeats(
  run: Run | undefined,
  repeats: readonly { readonly seed: number; readonly macroF1: number }[],
  { value, low, high }: Interval,
  about?: MetricContext,
): void {
  for (const { seed, macroF1 } of repeats) run?.logMetrics({ repeat_macro_f1: macroF1 }, seed, about);
  run?.logMetrics(
    { cv_mean_macro_f1: value, cv_mean_macro_f1_low: low, cv_mean_macro_f1_high: high },
    0,
    about,
  );
}

/** The scores that reports print, published and corrected side by side, with intervals where there are any. */
export function scoreTable(report: EvaluationReport): ScoreRow[] {
  const { published, corrected, intervals } = report;
  const shown = (value: number | null | undefined): string =>
    value === undefined || value === null || !Number.isFinite(value) ? '–' : value.toFixed(3);
  const ranged = (value: number, name: keyof NonNullable<typeof intervals>): string => {
    const interval = intervals?.[name];
    return interval === undefined
      ? shown(value)
      : `${shown(value)} [${shown(interval.low)}, ${shown(interval.high)}]`;
  };
  return [
    {
      score: 'macro-F1, most probable class',
      published: '–',
      corrected: ranged(corrected.macroF1, 'macroF1'),
    },
    {
      score: 'macro-F1 at a threshold',
      published: `${shown(published.maxMacroF1)} (chosen on these rows: ${published.threshold.toFixed(2)})`,
      corrected:
        corrected.validationThreshold === undefined
          ? '–'
          : `${shown(corrected.validationThreshold.macroF1)} (chosen on validation rows: ${corrected.validationThreshold.threshold.toFixed(2)})`,
    },
    {
      score: 'ROC-AUC',
      published: `${shown(published.rocAuc)} (micro)`,
      corrected: `${ranged(corrected.macroRocAuc, 'macroRocAuc')} (macro)`,
    },
    {
      score: 'PR-AUC',
      published: `${shown(published.prAuc)} (micro)`,
      corrected: `${ranged(corrected.macroAp, 'macroAp')} (macro)`,
    },
    {
      score: 'accuracy',
      published: shown(published.accuracy),
      corrected: ranged(corrected.accuracy, 'accuracy'),
    },
    { score: 'unweighted average recall', published: '–', corrected: ranged(corrected.uar, 'uar') },
    ...corrected.perClass.map(({ name, f1 }, c) => ({
      score: `F1 ${name}`,
      published: shown(published.perClassF1[c]),
      corrected: shown(f1),
    })),
  ];
}
