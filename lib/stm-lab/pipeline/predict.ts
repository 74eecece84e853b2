import { inputError } from 'research-basics/errors';
import { loadEngine } from '../engine';
import { predictProbabilities } from '../models';
import { featuresInMemory, loadReduction, transform } from '../reduction';
import type { Prediction } from './prediction';
import { isExcerptModel, openExcerptPredictor } from './excerptModel';
import { openFileFeatures } from './fileFeatures';
import { silenceParameter, type SilenceLimit } from './silenceLimit';
import { trainedModel } from './train';

/** A trained model, and what differs from its training. */
export interface PredictOptions {
  /** A model folder of `trainExcerptStage`, or results of `trainStage`. */
  readonly model: string;
  /** For results of `trainStage`: those of `reduceStage`. */
  readonly reduction?: string | undefined;
  /** Default: the limit with which the training recordings were extracted. */
  readonly maxSilenceSeconds?: SilenceLimit | undefined;
}

/**
 * Prepares predictions of new recordings, whose features are computed with the parameters of the training's extraction.
 *
 * @returns a function from an audio file to its class probabilities; it throws UserError (`input`)
 *   naming the file when it cannot be read or no excerpt is accepted.
 * @throws UserError (`input`) when model and reduction do not belong together, or this version cannot compute the
 *   features of the training.
 */
export async function openPredictor(options: PredictOptions): Promise<(file: string) => Promise<Prediction>> {
  const silence = silenceParameter(options.maxSilenceSeconds);
  if (isExcerptModel(options.model)) return openExcerptPredictor(options.model, silence);
  const model = trainedModel(options.model);
  const { reduction: reductionFolder } = options;
  if (reductionFolder === undefined)
    throw inputError(
      `${options.model}: holds a network alone; name the reduction that it was trained on with --reduction`,
    );
  const reduction = loadReduction(reductionFolder);
  if (model.info.hashes['reduction'] !== reduction.hash) {
    throw inputError(
      `${options.model}: was trained on another reduction than ${reductionFolder}; name the one it was trained on`,
    );
  }
  const { extraction } = reduction.provenance;
  if (extraction === undefined)
    throw inputError(
      `${reductionFolder}: does not say how its features were extracted, as reductions of earlier versions do not; run "stm-lab reduce" again`,
    );
  const featuresOfFile = await openFileFeatures(reductionFolder, extraction, silence);
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
