import { uniqueCodes } from '../../base/codePoints';
import { createPace } from 'research-basics/pace';
import { deriveSeed } from 'research-basics/random/seeds';
import { argmaxScores, countConfusion, mostProbable } from '../../evaluation';
import { bandsPerOctave, createLogMel, frameRate } from '../../features/mel/logMel';
import { createCallNetwork, inverseFrequencyWeights } from '../networks';
import { classTargets, fitFrames, logMelScale, selectSounds, standardise, type SoundSet } from '../soundSet';
import { predictStrf, type StrfValues } from '../predict';
import type { TrainingRecord } from '../train';
import { CALL_CLASSIFIERS, callDescriptions, classifyCalls, type CallClassifier } from './callClassifiers';
import { developmentOf, developmentOutcome, epochRemark, holdOut } from './development';
import { listCalls } from './labelled';
import { contentHash, logMelOf, soundAt } from './sounds';
import {
  foldContext,
  frontOptions,
  withTrained,
  type CellOutcome,
  type PreparedTask,
  type TaskExtras,
  type TaskMeasure,
  type FrontSettings,
} from './task';

/** Settings of the call task. */
export interface BirdSettings extends FrontSettings {
  readonly recurrent: number;
  readonly dense: number;
}

/**
 * Reads a call task, scored by leaving one group out (a bird for call types, a recording day for who
 * calls). A group that holds all recordings of a class is never left out: nothing could be learned of it.
 */
export async function prepareBirds(
  source: string,
  settings: BirdSettings,
  { signal }: Pick<TaskExtras, 'signal'> = {},
): Promise<PreparedTask> {
  const { frontEnd, frames } = settings;
  const { bands } = frontEnd;
  const kernel = createLogMel(frontEnd);
  const calls = listCalls(source);
  const { values: classes, codes: labels } = uniqueCodes(calls.map(({ label }) => label));
  const { values: groups, codes: groupOf } = uniqueCodes(calls.map(({ group }) => group));
  const values = new Float32Array(calls.length * bands * frames);
  for (const [row, { file }] of calls.entries())
    values.set(
      fitFrames(logMelOf(await soundAt(file, frontEnd.sampleRate, signal), kernel), bands, frames),
      row * bands * frames,
    );
  const rowsOf = (keep: (row: number) => boolean): number[] =>
    calls.map((_, row) => row).filter((row) => keep(row));
  const leftOut = groups.flatMap((_, g) => {
    const known = new Set(rowsOf((row) => groupOf[row] !== g).map((row) => labels[row]!));
    return rowsOf((row) => groupOf[row] === g).every((row) => known.has(labels[row]!)) ? [g] : [];
  });
  const development: TaskMeasure = { name: 'uar', title: 'unweighted average recall', better: 'higher' };
  const scored = rowsOf((row) => leftOut.includes(groupOf[row]!));
  const skipped = calls.length - scored.length;
  const shape = { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps };
  const scoredLabels = Int32Array.from(scored, (row) => labels[row]!);
  const counts = classes.map((_, c) => scoredLabels.filter((label) => label === c).length);

  const statisticOf: PreparedTask['statistic'] =
    ({ outputs }) =>
    (weights) => {
      const counted = countConfusion(scoredLabels, outputs['predicted']!, classes.length, weights);
      const { accuracy, uar } = argmaxScores(counted);
      return { accuracy, uar };
    };

  const classified =
    (name: CallClassifier) =>
    async (seed: number, stop: AbortSignal | undefined): Promise<CellOutcome> => {
      const predicted = new Float32Array(scored.length);
      const pace = createPace(stop, 'classifying calls');
      for (const g of leftOut) {
        await pace();
        const [train, test] = [rowsOf((row) => groupOf[row] !== g), rowsOf((row) => groupOf[row] === g)];
        const all = { values, bands, frames, rows: calls.length, targets: new Float32Array(), targetSize: 0 };
        const scale = logMelScale(selectSounds(all, train).values);
        const descriptions = callDescriptions(values, { bands, frames }, scale);
        const parts = { classes: classes.length, train, test, seed };
        const found = await classifyCalls(name, descriptions, labels, parts);
        test.forEach((row, i) => (predicted[scored.indexOf(row)] = found[i]!));
      }
      const outcome = { records: [], outputs: { predicted } };
      return { ...outcome, metrics: statisticOf(outcome)(new Float64Array(scored.length).fill(1)) };
    };

  return {
    name: 'birds',
    hash: contentHash([values], { calls: calls.map(({ label, group }) => [label, group]) }),
    units: { frameRate: frameRate(frontEnd), bandsPerOctave: bandsPerOctave(frontEnd), shape },
    development,
    measures: [development, { name: 'accuracy', title: 'accuracy', better: 'higher' }],
    design: { groups: Int32Array.from(scored, (row) => groupOf[row]!), labels: scoredLabels },
    remarks: [
      `${calls.length} calls, ${classes.length} classes, ${groups.length} groups; ${leftOut.length} groups are left out in turn (${scored.length} calls scored${skipped > 0 ? `; ${skipped} calls are in a group that is all there is of a class, and only train` : ''}).`,
      epochRemark(settings.training, development),
    ],
    baselines: {
      'largest class': {
        uar: 1 / counts.filter((count) => count > 0).length,
        accuracy: Math.max(...counts) / scored.length,
      },
    },
    classifiers: Object.fromEntries(CALL_CLASSIFIERS.map((name) => [name, classified(name)])),
    run: async (engine, strf, seed, context) => {
      const predicted = new Float32Array(scored.length);
      let records: readonly TrainingRecord[] = [];
      for (const [fold, g] of leftOut.entries()) {
        const others = rowsOf((row) => groupOf[row] !== g);
        const { train, development: held } = holdOut(settings.training, others, labels, groupOf);
        const test = rowsOf((row) => groupOf[row] === g);
        const weights = inverseFrequencyWeights(
          train.map((row) => labels[row]!),
          classes.length,
        );
        const all: SoundSet = {
          values,
          rows: calls.length,
          bands,
          frames,
          targets: classTargets(labels, classes.length, weights),
          targetSize: classes.length,
        };
        const chosen = selectSounds(all, train);
        const scale = logMelScale(chosen.values, settings.input);
        const scaled = (set: SoundSet): SoundSet => ({ ...set, values: standardise(set.values, scale) });
        const network = createCallNetwork(engine, {
          ...frontOptions(settings, strf),
          recurrent: settings.recurrent,
          dense: settings.dense,
          classes: classes.length,
        });
        const foundIn = async (trained: StrfValues, rows: readonly number[]): Promise<Int32Array> => {
          const part = scaled(selectSounds(all, rows));
          const { probabilities } = await predictStrf(engine, network, trained, part, context);
          return mostProbable(probabilities, classes.length);
        };
        const truth = held.map((row) => labels[row]!);
        const best = developmentOf(
          development,
          async (trained) =>
            argmaxScores(countConfusion(truth, await foundIn(trained, held), classes.length)).uar,
        );
        const options = [
          { ...settings.training, seed: deriveSeed(seed, 'fold', fold) },
          { ...foldContext(context, `group-${fold + 1}`), development: best },
        ] as const;
        if (context.purpose === 'development')
          return withTrained(engine, network, scaled(chosen), ...options, developmentOutcome);
        await withTrained(engine, network, scaled(chosen), ...options, async (trained) => {
          if (fold === 0) records = trained.records;
          const found = await foundIn(trained, test);
          test.forEach((row, i) => {
            predicted[scored.indexOf(row)] = found[i]!;
          });
        });
      }
      const outcome = { records, outputs: { predicted } };
      const metrics = statisticOf(outcome)(new Float64Array(scored.length).fill(1));
      return { ...outcome, metrics };
    },
    statistic: statisticOf,
  };
}
