import * as path from 'node:path';
import { writeCsv } from '../../base/csv';
import { divergedError, inputError } from 'research-basics/errors';
import { throwIfStopped } from 'research-basics/pace';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine } from '../../engine';
import type { Interval } from '../../evaluation';
import { type ClipCollection, labelMatrix } from '../../corpus';
import {
  cacheSpectrograms,
  fileSource,
  pairedTest,
  resampledScores,
  type ScoredBlock,
  type ScoreDifference,
  scoreDifference,
  scoreInterval,
  signedRankTest,
} from '..';
import { runTrackedStage, type StageContext } from '../../stages/context';
import { nameLabels } from '../../stages/labels';
import type { StageFailure, StageResult } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { cellPredictions, clipsOf, type ReadyCollection, runCell, type TmnnCell } from './cell';
import { collectClips } from './collection';
import { systemSpec, type TmnnExperiment } from './experiment';

/** What `tmnnStudyStage` reads and writes. */
export interface TmnnStudyOptions {
  readonly experiment: TmnnExperiment;
  /** Folder of the collection, or the manifest. */
  readonly root: string;
  readonly out: string;
  /** Where power spectrograms are kept; default `<out>/spectrograms`. */
  readonly cache?: string;
  /** Resamples of groups for intervals; default 1000. */
  readonly resamples?: number;
}

/** A system's scores over its seeds. */
export interface TmnnSystemSummary {
  readonly system: string;
  readonly parameters: number;
  /** Per metric: of each seed; mean over seeds with an interval from resampling trainings and groups of test clips. */
  readonly scores: Readonly<Record<string, { readonly seeds: readonly number[]; readonly mean: Interval }>>;
  readonly seconds: number;
}

/** First minus second system on the same clips. */
export interface TmnnComparison {
  readonly first: string;
  readonly second: string;
  /** By resampling trainings and groups of test clips, both systems on the same resamples. */
  readonly difference: Readonly<Record<string, ScoreDifference>>;
  /** Student's t test of the seeds' differences: with one seed both systems have the same clips. Needs two seeds. */
  readonly overSeeds: Readonly<Record<string, number>>;
  /** Wilcoxon's signed-rank test over tags or classes of the mean over seeds (tags: average precision; classes: share found). */
  readonly perOutput: { readonly pairs: number; readonly better: number; readonly pValue: number };
}

/** What `study.json` says. */
export interface TmnnStudy {
  readonly experiment: TmnnExperiment;
  readonly outputs: readonly string[];
  readonly task: ClipCollection['task'];
  readonly clips: readonly Readonly<Record<string, number>>[];
  readonly systems: readonly TmnnSystemSummary[];
  readonly comparisons: readonly TmnnComparison[];
  readonly cells: readonly TmnnCell[];
  readonly notes: readonly string[];
}

/** Outcome of a study. */
export interface TmnnStudySummary extends TmnnStudy {
  /** Trainings that diverged; the others are compared over the seeds that all of them have. */
  readonly failed: readonly StageFailure[];
  readonly status: StageResult['status'];
}

/**
 * Trains every system of an experiment with every seed and compares them: `study.json`, `scores.csv`, `outputs.csv`, and
 * a folder per system and seed (see `runCell`). Recordings that cannot be read are left out and named.
 *
 * @throws UserError (`input`) when the collection cannot be used.
 */
export async function tmnnStudyStage(
  options: TmnnStudyOptions,
  context: StageContext = {},
): Promise<TmnnStudySummary> {
  const { experiment, out } = options;
  const { resamples = 1000 } = options;
  const ready = await readyCollections(options, context);
  const { data, segmentSeconds, network, fit, testWindows, seeds, systems, comparisons } = experiment;
  const engine = await loadEngine({ kernels: 'onednn', signal: context.signal });
  const { status, record } = await runTrackedStage(context, {
    stage: 'tmnn',
    runName: `tmnn ${experiment.name}`,
    folder: out,
    parameters: {
      ...{ data, segmentSeconds, network, fit, testWindows, seeds, systems, comparisons, resamples },
      // Earlier intervals left out the variance of training.
      resampled: 'trainings and groups',
    },
    inputs: Object.fromEntries(ready.map(({ hash }, i) => [`clips-seed-${experiment.seeds[i]}`, hash])),
    engine: engine.description,
    run: async (run) => {
      const cells: TmnnCell[] = [];
      const parts = stageParts(context);
      for (const system of experiment.systems)
        for (const [i, seed] of experiment.seeds.entries()) {
          throwIfStopped(context.signal, 'tmnn');
          const cell = await parts.attempt(`${system.name}, seed ${seed}`, () =>
            runCell(engine, experiment, system, seed, ready[i]!, out, context, run),
          );
          if (cell !== undefined) cells.push(cell);
          context.progress?.(
            `tmnn: ${cells.length + parts.failed.length} of ${experiment.systems.length * experiment.seeds.length} trainings done`,
          );
        }
      const study = summarise(experiment, cells, ready, out, resamples);
      writeJson(path.join(out, 'study.json'), study);
      writeScores(path.join(out, 'scores.csv'), study);
      writeOutputs(path.join(out, 'outputs.csv'), study);
      const nameOf = nameLabels(
        run,
        study.systems.map(({ system }) => system),
      );
      for (const { system, scores } of study.systems)
        run?.logMetrics(
          Object.fromEntries(
            Object.entries(scores).map(([metric, { mean }]) => [`${metric}/${nameOf(system)}`, mean.value]),
          ),
        );
      run?.logArtifact(path.join(out, 'study.json'));
      run?.logArtifact(path.join(out, 'scores.csv'));
      return { files: ['study.json', 'scores.csv', 'outputs.csv'], failed: parts.failed };
    },
  });
  const { failed = [] } = record;
  return { status, ...readJson<TmnnStudy>(path.join(out, 'study.json')), failed };
}

/** The experiment's clips as each seed parts them, their spectrograms computed once. */
export async function readyCollections(
  { experiment, root, out, cache = path.join(out, 'spectrograms') }: TmnnStudyOptions,
  context: StageContext,
): Promise<ReadyCollection[]> {
  const { analysis } = systemSpec(experiment, experiment.systems[0]!, 1);
  const collections = experiment.seeds.map((seed) => collectClips(experiment, root, seed));
  const files = [...new Set(collections.flatMap(({ clips }) => clips.map(({ file }) => file)))];
  const cached = await cacheSpectrograms(cache, files, {
    analysis,
    minSamples: Math.round(experiment.segmentSeconds * analysis.sampleRate),
    signal: context.signal,
    progress: (done, total) => {
      if (done % 100 === 0) context.progress?.(`tmnn: spectrogram ${done} of ${total}`);
    },
  });
  const byFile = new Map(files.map((file, i) => [file, cached[i]!]));
  const unreadable = cached.flatMap((one) => (one.file === undefined ? [one.reason] : []));
  unreadable.forEach((reason) => context.warn?.(reason));
  return collections.map((collection) => {
    const found = collection.clips.flatMap((clip) => {
      const stored = byFile.get(clip.file)!;
      return stored.file === undefined ? [] : [{ clip, stored }];
    });
    if (found.length === 0) throw inputError(`${root}: none of its recordings can be read`);
    const clips = found.map(({ clip }) => clip);
    return {
      collection: { ...collection, clips, notes: [...collection.notes, ...unreadable] },
      source: fileSource(
        found.map(({ stored }) => stored),
        analysis,
      ),
      hash: sha256(
        found.map(({ clip: { name, group, outputs, part }, stored }) => [
          name,
          group,
          outputs,
          part,
          stored.hash,
        ]),
      ),
    };
  });
}

function summarise(
  experiment: TmnnExperiment,
  cells: readonly TmnnCell[],
  ready: readonly ReadyCollection[],
  out: string,
  resamples: number,
): TmnnStudy {
  const { outputs, task } = ready[0]!.collection;
  // What diverged is missing: the systems that have trained are compared over the seeds that all of them have.
  const names = experiment.systems
    .map(({ name }) => name)
    .filter((name) => cells.some((c) => c.system === name));
  const seeds = experiment.seeds.filter(
    (seed) =>
      names.length > 0 && names.every((name) => cells.some((c) => c.system === name && c.seed === seed)),
  );
  if (seeds.length === 0)
    throw divergedError(
      `tmnn ${experiment.name}: no seed is left that all systems could be trained with; lower the learning rate, or check the recordings`,
    );
  const cellsOf = (system: string): TmnnCell[] =>
    cells.filter((cell) => cell.system === system && seeds.includes(cell.seed));
  const blocks = seeds.map((seed, i): ScoredBlock => {
    const { collection } = ready[experiment.seeds.indexOf(seed)]!;
    const clips = clipsOf(collection, 'test').map((clip) => collection.clips[clip]!);
    return {
      labels: labelMatrix(clips, outputs.length),
      groups: clips.map(({ group }) => group),
      models: names.map((system) => cellPredictions(out, cellsOf(system)[i]!)),
    };
  });
  const resampled = resampledScores(blocks, outputs.length, task, { resamples });
  const seedScores = (system: string, metric: string): number[] =>
    cellsOf(system).map(({ scores }) => scores[metric]!);
  return {
    experiment,
    outputs,
    task,
    clips: cellsOf(names[0]!).map(({ clips }) => clips),
    systems: names.map((system, m) => ({
      system,
      parameters: cellsOf(system)[0]!.parameters,
      scores: Object.fromEntries(
        resampled.metrics.map((metric, i) => [
          metric,
          { seeds: seedScores(system, metric), mean: scoreInterval(resampled, m, i) },
        ]),
      ),
      seconds: cellsOf(system).reduce((sum, { seconds }) => sum + seconds, 0),
    })),
    comparisons: experiment.comparisons
      .filter((pair) => pair.every((name) => names.includes(name)))
      .map(([first, second]) => ({
        first,
        second,
        difference: Object.fromEntries(
          resampled.metrics.map((metric, i) => [
            metric,
            scoreDifference(resampled, names.indexOf(first), names.indexOf(second), i),
          ]),
        ),
        overSeeds:
          seeds.length < 2
            ? {}
            : Object.fromEntries(
                resampled.metrics.map((metric) => [
                  metric,
                  pairedTest(seedScores(first, metric), seedScores(second, metric)).pValue,
                ]),
              ),
        perOutput: comparedOutputs(cellsOf(first), cellsOf(second)),
      })),
    cells,
    notes: [...new Set(ready.flatMap(({ collection }) => collection.notes))],
  };
}

/** A tag's average precision, or a class's share of clips found. */
function outputScore(entry: TmnnCell['perOutput'][number]): number | undefined {
  if ('prAuc' in entry) return entry['prAuc'] as number;
  if ('found' in entry) return (entry['found'] as number) / (entry['clips'] as number);
  return undefined;
}

/** Mean over seeds of each output's score; undefined where no seed has one. */
export function meanOutputScores(cells: readonly TmnnCell[]): (number | undefined)[] {
  return cells[0]!.perOutput.map((_, output) => {
    const values = cells
      .map(({ perOutput }) => outputScore(perOutput[output]!))
      .filter((value): value is number => value !== undefined && Number.isFinite(value));
    return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;
  });
}

function comparedOutputs(
  first: readonly TmnnCell[],
  second: readonly TmnnCell[],
): TmnnComparison['perOutput'] {
  const [a, b] = [meanOutputScores(first), meanOutputScores(second)];
  const both = a.flatMap((value, i) => (value === undefined || b[i] === undefined ? [] : [[value, b[i]]]));
  const { pairs, pValue } = signedRankTest(
    both.map(([x]) => x!),
    both.map(([, y]) => y!),
  );
  return { pairs, better: both.filter(([x, y]) => x! > y!).length, pValue };
}

function writeScores(file: string, { systems }: TmnnStudy): void {
  const rows = systems.flatMap(({ system, parameters, scores, seconds }) =>
    Object.entries(scores).map(([metric, { seeds, mean }]) => ({
      system,
      parameters,
      metric,
      mean: mean.value.toFixed(4),
      low: mean.low.toFixed(4),
      high: mean.high.toFixed(4),
      seeds: seeds.map((value) => value.toFixed(4)).join(' '),
      seconds,
    })),
  );
  writeCsv(file, ['system', 'parameters', 'metric', 'mean', 'low', 'high', 'seeds', 'seconds'], rows);
}

/** One line per tag or class, a column per system. */
function writeOutputs(file: string, { systems, cells, outputs }: TmnnStudy): void {
  const columns = systems.map(({ system }) => ({
    system,
    scores: meanOutputScores(cells.filter((cell) => cell.system === system)),
  }));
  writeCsv(
    file,
    ['output', ...columns.map(({ system }) => system)],
    outputs.map((output, i) => ({
      output,
      ...Object.fromEntries(columns.map(({ system, scores }) => [system, scores[i]?.toFixed(4) ?? ''])),
    })),
  );
}
