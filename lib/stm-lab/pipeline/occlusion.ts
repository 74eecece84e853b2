import * as path from 'node:path';
import { occlusionMaps, type PatchSize } from '../ablation';
import { tellOfLosses } from './classLosses';
import { inputError } from 'research-basics/errors';
import { readJson, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../base/npy';
import { loadEngine } from '../engine';
import type { PlaneAxes } from '../features';
import { modelHash, predictProbabilities } from '../models';
import { featuresInMemory, loadReduction, transform } from '../reduction';
import { readSplit } from '../splits';
import { runTrackedStage, type StageContext } from '../stages/context';
import { classNumbers, planeAxes, openFeatureFolder } from './featureFolder';
import { nameLabels } from '../stages/labels';
import type { StageResult } from '../stages/stage';
import { trainedModel } from './train';

/** What `occlusionStage` reads and writes. */
export interface OcclusionStageOptions {
  readonly features: string;
  readonly split: string;
  readonly reduction: string;
  readonly model: string;
  readonly out: string;
  readonly patch?: PatchSize;
}

/** What `occlusion.json` says. */
export interface OcclusionRecord {
  readonly classes: readonly string[];
  /** Test recordings of each class. */
  readonly rows: readonly number[];
  readonly patch: Required<PatchSize>;
  readonly patches: number;
}

/** Outcome of an occlusion. */
export interface OcclusionSummary extends OcclusionRecord {
  readonly status: StageResult['status'];
  readonly axes: PlaneAxes;
  /** Per class, one value per cell; see `occlusionMaps`. */
  readonly drops: readonly ArrayLike<number>[];
}

/**
 * Which parts of the modulation plane a trained network relies on, from the test recordings: a patch of cells
 * is replaced by the training mean, everywhere in turn. `occlusion.npy` (float64, classes x cells),
 * `occlusion.json`.
 *
 * @throws UserError (`input`) when the features have no modulation axes, the network was trained on another
 *   reduction, or there are no test recordings.
 */
export async function occlusionStage(
  options: OcclusionStageOptions,
  context: StageContext = {},
): Promise<OcclusionSummary> {
  const { out } = options;
  const patch = { rateHz: 2, scaleCycPerOct: 1, ...options.patch };
  const folder = openFeatureFolder(options.features);
  tellOfLosses(options.features, context);
  try {
    const axes = planeAxes(folder);
    const split = readSplit(options.split);
    const reduction = loadReduction(options.reduction, { featuresHash: folder.featuresHash });
    const model = trainedModel(options.model);
    if (model.info.hashes['reduction'] !== reduction.hash)
      throw inputError(
        `${options.model}: was trained on another reduction than ${options.reduction}; run "stm-lab train" again`,
      );
    const engine = await loadEngine({ signal: context.signal });
    const { status } = await runTrackedStage(context, {
      stage: 'occlusion',
      folder: out,
      parameters: { patch },
      inputs: { features: folder.featuresHash, split: split.hash, model: modelHash(model) },
      engine: engine.description,
      run: async (run) => {
        const test = split.roles.flatMap((role, i) => (role === 'test' ? [i] : []));
        if (test.length === 0)
          throw inputError(
            `${options.split}: the split has no test rows; use more recordings or fewer folds`,
          );
        const { classes, y } = classNumbers(split.labels);
        const { columns } = folder.matrix;
        const maps = await occlusionMaps({
          ...patch,
          axes,
          features: folder.matrix.readRowList(test.map((i) => split.row[i]!)),
          labels: Int32Array.from(test, (i) => y[i]!),
          classes: classes.length,
          baseline: reduction.standardiser.mean,
          predict: async (features) =>
            predictProbabilities(
              engine,
              model,
              await transform(reduction, { features: featuresInMemory(features, columns) }),
              test.length,
            ),
          onPatch: (done, patches) => context.progress?.(`occlusion: patch ${done} of ${patches}`),
          signal: context.signal,
        });
        const data = new Float64Array(classes.length * columns);
        maps.drops.forEach((drop, c) => data.set(drop, c * columns));
        writeNpy(path.join(out, 'occlusion.npy'), { shape: [classes.length, columns], data });
        const record: OcclusionRecord = { classes, rows: maps.rows, patch, patches: maps.patches };
        writeJson(path.join(out, 'occlusion.json'), record);
        const nameOf = nameLabels(run, classes);
        run?.logMetrics(
          Object.fromEntries(
            maps.drops.flatMap((drop, c) =>
              maps.rows[c] === 0 ? [] : [[`largest_drop/${nameOf(classes[c]!)}`, Math.max(...drop)]],
            ),
          ),
        );
        run?.logArtifact(path.join(out, 'occlusion.npy'));
        run?.logArtifact(path.join(out, 'occlusion.json'));
        return ['occlusion.json', 'occlusion.npy'];
      },
    });
    const record = readJson<OcclusionRecord>(path.join(out, 'occlusion.json'));
    const { data } = readNpy(path.join(out, 'occlusion.npy'));
    const cells = data.length / record.classes.length;
    return {
      ...record,
      status,
      axes,
      drops: record.classes.map((_, c) => Float64Array.from(data.subarray(c * cells, (c + 1) * cells))),
    };
  } finally {
    folder.matrix.close();
  }
}
