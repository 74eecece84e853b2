import { uniqueCodes } from '../../base/codePoints';
import { fastDoubles } from '../../models/random';
import { deriveSeed } from '../../base/random/seeds';
import { argmaxScores, rankingAreas, rankScores } from '../../evaluation';
import { stratifiedGroupKFold } from '../../splits';
import { bandsPerOctave, createLogMel, frameRate } from '../logMel';
import { createSceneNetwork, maskStripes, type SceneNetworkOptions } from '../networks';
import { trapezoidPrecisionRecall } from '../precisionRecall';
import { classTargets, logMelScale, selectSounds, standardise, type SoundSet } from '../soundSet';
import { predictStrf, type TrainingContext, type TrainingRecord } from '../train';
import { listScenes } from './labelled';
import { contentHash, samplesFor, soundAt } from './sounds';
import { foldContext, sizedLayer, withTrained, type PreparedTask, type TaskSettings } from './task';

/** Settings of the scene task. */
export interface UrbanSettings extends TaskSettings, Pick<SceneNetworkOptions, 'dropout'> {
  readonly blocks: readonly number[];
  readonly dense: number;
  /** Labels that are told apart. */
  readonly labels: readonly string[];
  readonly folds: number;
  /** Most excerpts of a recording, spread evenly over it. */
  readonly excerpts: number;
  /** Whether training batches are mixed in pairs and masked in stripes, as Arnault et al. do. */
  readonly augment: 'none' | 'mixup-stripes';
}

/**
 * Reads a scene task, judged by group-wise cross-validation: probabilities are averaged over a
 * recording's excerpts, and the network after its last update is judged (not the best epoch on the
 * judged fold).
 */
export async function prepareUrban(manifest: string, settings: UrbanSettings): Promise<PreparedTask> {
  const { frontEnd, frames, folds } = settings;
  const { bands } = frontEnd;
  const kernel = createLogMel(frontEnd);
  const scenes = listScenes(manifest, settings.labels);
  const { values: classes, codes: labels } = uniqueCodes(scenes.map(({ label }) => label));
  const { codes: groups } = uniqueCodes(scenes.map(({ group }) => group));
  const length = samplesFor(frames, frontEnd);
  const excerpts: Float32Array[] = [];
  const owner: number[] = [];
  for (const [row, { file }] of scenes.entries()) {
    const samples = await soundAt(file, frontEnd.sampleRate);
    const whole =
      samples.length < length
        ? Float32Array.from({ length }, (_, i) => samples[i % samples.length]!)
        : samples;
    const count = Math.min(settings.excerpts, Math.max(1, Math.floor(whole.length / length)));
    for (let i = 0; i < count; i++) {
      const from = count === 1 ? 0 : Math.floor(((whole.length - length) * i) / (count - 1));
      excerpts.push(kernel.compute(whole.subarray(from, from + length)).values);
      owner.push(row);
    }
  }
  const size = bands * frames;
  const values = new Float32Array(excerpts.length * size);
  excerpts.forEach((excerpt, i) => values.set(excerpt, i * size));
  const all: SoundSet = {
    values,
    rows: excerpts.length,
    bands,
    frames,
    targets: classTargets(
      owner.map((row) => labels[row]!),
      classes.length,
    ),
    targetSize: classes.length,
  };
  const foldOf = stratifiedGroupKFold({
    labels: scenes.map(({ label }) => label),
    groups: scenes.map(({ group }) => group),
    folds,
  });
  const shape = { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps };

  const statisticOf: PreparedTask['statistic'] = ({ outputs }) => {
    const probabilities = outputs['probabilities']!;
    const rankings = classes.map((_, c) =>
      rankScores(
        scenes.map((_scene, row) => probabilities[row * classes.length + c]!),
        (row) => labels[row] === c,
      ),
    );
    const predicted = scenes.map((_, row) => {
      const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
      return own.indexOf(Math.max(...own));
    });
    return (weights) => {
      const table = new Float64Array(classes.length ** 2);
      labels.forEach((label, row) => {
        table[label * classes.length + predicted[row]!]! += weights[row]!;
      });
      const weightOf = (row: number): number => weights[row]!;
      const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
      return {
        map: mean(rankings.map((ranking) => rankingAreas(ranking, weightOf).ap)),
        auprc: mean(rankings.map((ranking) => trapezoidPrecisionRecall(ranking, weightOf))),
        accuracy: argmaxScores({ classes: classes.length, counts: table }).accuracy,
      };
    };
  };

  return {
    name: 'urban',
    hash: contentHash(
      [values],
      scenes.map(({ label, group }) => [label, group]),
    ),
    units: { frameRate: frameRate(frontEnd), bandsPerOctave: bandsPerOctave(frontEnd), shape },
    measures: [
      { name: 'auprc', title: 'macro AUPRC (trapezoid)', better: 'higher' },
      { name: 'map', title: 'mean average precision (steps)', better: 'higher' },
      { name: 'accuracy', title: 'accuracy', better: 'higher' },
    ],
    design: { groups, labels },
    remarks: [
      `${scenes.length} recordings of ${new Set(groups).size} groups, ${excerpts.length} excerpts of ${(length / frontEnd.sampleRate).toFixed(1)} s; ${folds} group-wise folds.`,
    ],
    baselines: {
      'largest class': {
        accuracy:
          Math.max(...classes.map((_, c) => labels.filter((label) => label === c).length)) / labels.length,
        auprc: 1 / classes.length,
        map: 1 / classes.length,
      },
    },
    run: async (engine, strf, seed, context) => {
      const probabilities = new Float32Array(scenes.length * classes.length);
      const perRecording = new Float32Array(scenes.length);
      owner.forEach((row) => perRecording[row]!++);
      let records: readonly TrainingRecord[] = [];
      for (let fold = 0; fold < folds; fold++) {
        const rows = owner.map((_, i) => i);
        const chosen = selectSounds(
          all,
          rows.filter((i) => foldOf[owner[i]!] !== fold),
        );
        const test = rows.filter((i) => foldOf[owner[i]!] === fold);
        const scale = logMelScale(chosen.values);
        const scaled = (set: SoundSet): SoundSet => ({ ...set, values: standardise(set.values, scale) });
        const foldSeed = deriveSeed(seed, 'fold', fold);
        const network = createSceneNetwork(engine, {
          tags: classes.length,
          bands,
          strf: sizedLayer(settings, strf),
          blocks: settings.blocks,
          dense: settings.dense,
          ...(settings.dropout === undefined ? {} : { dropout: settings.dropout }),
        });
        await withTrained(
          engine,
          network,
          scaled(chosen),
          { ...settings.training, seed: foldSeed },
          {
            ...foldContext(context, `fold-${fold + 1}`),
            ...(settings.augment === 'none' ? {} : { vary: mixAndMask(foldSeed, { bands, frames }) }),
          },
          (trained) => {
            if (fold === 0) records = trained.records;
            const predicted = predictStrf(engine, network, trained, scaled(selectSounds(all, test)));
            test.forEach((i, n) => {
              for (let c = 0; c < classes.length; c++)
                probabilities[owner[i]! * classes.length + c]! +=
                  predicted.probabilities[n * classes.length + c]! / perRecording[owner[i]!]!;
            });
          },
        );
      }
      const outcome = { records, outputs: { probabilities } };
      const metrics = statisticOf(outcome)(new Float64Array(labels.length).fill(1));
      return { ...outcome, metrics };
    },
    statistic: statisticOf,
  };
}

/**
 * Mixes each spectrogram of a batch with the next one, in a share drawn uniformly (Beta(1, 1)), targets
 * alike, after masking stripes.
 */
function mixAndMask(
  seed: number,
  shape: { readonly bands: number; readonly frames: number },
): NonNullable<TrainingContext['vary']> {
  const size = shape.bands * shape.frames;
  return ({ values, targets, rows }, step) => {
    const next = fastDoubles(seed, 'vary', step);
    for (let row = 0; row < rows; row++)
      maskStripes(values.subarray(row * size, (row + 1) * size), shape, next);
    const [before, tags] = [values.slice(), targets.slice()];
    const width = targets.length / rows;
    for (let row = 0; row < rows; row++) {
      const share = next();
      const other = (row + 1) % rows;
      for (let i = 0; i < size; i++)
        values[row * size + i] = share * before[row * size + i]! + (1 - share) * before[other * size + i]!;
      for (let i = 0; i < width; i++)
        targets[row * width + i] = share * tags[row * width + i]! + (1 - share) * tags[other * width + i]!;
    }
  };
}
