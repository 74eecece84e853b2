import * as path from 'node:path';
import { throwIfStopped } from 'research-basics/pace';
import { readJson, writeJson } from 'research-basics/files';
import { loadEngine } from '../../engine';
import { runTrackedStage, type StageContext } from '../../stages/context';
import { nameLabels } from '../../stages/labels';
import type { StageFailure, StageResult } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { runCell, type TmnnCell } from './cell';
import type { TmnnExperiment } from './experiment';
import { readyCollections } from './ready';
import { summarise, type TmnnStudy, writeDifferences, writeOutputs, writeScores } from './summary';

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

/** Outcome of a study. */
export interface TmnnStudySummary extends TmnnStudy {
  /** Trainings that diverged; the others are compared over the seeds that all of them have. */
  readonly failed: readonly StageFailure[];
  readonly status: StageResult['status'];
}

/**
 * Trains every system of an experiment with every seed and compares them: `study.json`, `scores.csv`, `outputs.csv`,
 * `differences.csv`, and a folder per system and seed (see `runCell`). Recordings that cannot be read are left out and named.
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
      // Earlier intervals left out the variance of training; later ones had no test per output.
      resampled: 'trainings and groups, each output',
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
            `tmnn: ${cells.length + parts.failed.length} of ${experiment.systems.length * experiment.seeds.length} training runs done`,
          );
        }
      const study = summarise(experiment, cells, ready, out, resamples);
      writeJson(path.join(out, 'study.json'), study);
      writeScores(path.join(out, 'scores.csv'), study);
      writeOutputs(path.join(out, 'outputs.csv'), study);
      writeDifferences(path.join(out, 'differences.csv'), study);
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
      return { files: ['study.json', 'scores.csv', 'outputs.csv', 'differences.csv'], failed: parts.failed };
    },
  });
  const { failed = [] } = record;
  return { status, ...readJson<TmnnStudy>(path.join(out, 'study.json')), failed };
}
