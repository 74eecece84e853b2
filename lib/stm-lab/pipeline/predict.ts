import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, sha256 } from 'research-basics/files';
import { loadEngine } from '../engine';
import { findFeatures } from '../features';
import { loadModel, predictProbabilities } from '../models';
import { featuresInMemory, loadReduction, transform, type Reduction } from '../reduction';
import type { Prediction } from './prediction';
import { isExcerptModel, openExcerptPredictor } from './excerptModel';
import { silenceSeconds, type SilenceLimit } from './silenceLimit';
import { openFileFeatures } from './stmOfFile';

/** A trained network and the reduction it was trained on. */
export interface PredictOptions {
  /** A model folder of `trainExcerptStage`, or results of `trainStage`. */
  readonly model: string;
  /** For results of `trainStage`: those of `reduceStage`. */
  readonly reduction?: string | undefined;
  /** The limit with which the training recordings were extracted. Default 1 s, as published. */
  readonly maxSilenceSeconds?: SilenceLimit | undefined;
}

/**
 * Prepares predictions of new recordings.
 *
 * @returns a function from an audio file to its class probabilities; it throws UserError (`input`)
 *   naming the file when it cannot be read or no excerpt is accepted.
 * @throws UserError (`input`) when model and reduction do not belong together, or the reduction is of
 *   features that need more than the recording (embeddings, mel).
 */
export async function openPredictor(options: PredictOptions): Promise<(file: string) => Promise<Prediction>> {
  if (isExcerptModel(options.model)) return openExcerptPredictor(options.model);
  const { reduction: reductionFolder } = options;
  if (reductionFolder === undefined)
    throw inputError(
      `${options.model}: holds a network alone; name the reduction that it was trained on with --reduction`,
    );
  const model = loadModel(path.join(options.model, 'model'));
  const reduction = loadReduction(reductionFolder);
  const { hash } = readJson<{ hash: string }>(path.join(reductionFolder, 'reduction.json'));
  if (model.info.hashes['reduction'] !== hash) {
    throw inputError(
      `${options.model}: was trained on another reduction than ${reductionFolder}; name the one it was trained on`,
    );
  }
  const { kind, parameters } = featuresOf(reduction, reductionFolder);
  const maxSilenceSeconds = silenceSeconds(options.maxSilenceSeconds);
  const silence = maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds };
  const featuresOfFile = await openFileFeatures(kind, { ...parameters, ...silence });
  const engine = await loadEngine();
  return async (file) => {
    const own = await featuresOfFile(file);
    const rows = [own.features, ...own.perExcerpt.map(({ features }) => features)];
    const matrix = new Float32Array(rows.length * reduction.columns);
    rows.forEach((row, i) => matrix.set(row, i * reduction.columns));
    const reduced = await transform(reduction, { features: featuresInMemory(matrix, reduction.columns) });
    const all = predictProbabilities(engine, model, reduced, rows.length);
    const { classNames } = model.info;
    const ofRow = (row: number): number[] => [
      ...all.subarray(row * classNames.length, (row + 1) * classNames.length),
    ];
    return {
      file,
      classes: classNames,
      probabilities: ofRow(0),
      course: own.perExcerpt.map(({ startSeconds }, i) => ({ startSeconds, probabilities: ofRow(i + 1) })),
    };
  };
}

/** The features whose axes the reduction was fitted with. */
function featuresOf(reduction: Reduction, folder: string): NonNullable<ReturnType<typeof findFeatures>> {
  // As `axes.json` is written.
  const found = findFeatures(
    (axes) => sha256(`${JSON.stringify(axes, null, 2)}\n`) === reduction.provenance.axesHash,
  );
  if (found !== undefined) return found;
  throw inputError(
    `${folder}: was fitted on other features than this version can extract of a recording; extract, reduce and train again`,
  );
}
