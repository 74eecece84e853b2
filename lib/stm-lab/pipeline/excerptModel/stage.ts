import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeFileAtomic } from 'research-basics/files';
import { runTrackedStage, type StageContext } from '../../stages/context';
import { collectionMetrics } from '../byCollection';
import { forgetOtherFolds } from '../partialFolds';
import type { StageResult } from '../../stages/stage';
import { modelCard } from './card';
import type { ExcerptModelChoice } from './choice';
import { readExtraction } from '../featureFolder';
import { openExcerptFolder } from './data';
import { fitExcerptModel } from './fit';
import { excerptTask, scoreExcerptModel } from './score';
import { loadExcerptModel, saveExcerptModel, type ExcerptModelRecord } from './store';

/** What `trainExcerptStage` reads and writes. */
export interface TrainExcerptStageOptions {
  /** Results of an extraction that kept excerpts. */
  readonly features: string;
  readonly out: string;
  readonly choice: ExcerptModelChoice;
  readonly crossValidation: { readonly folds: number; readonly seeds: number };
}

/** Outcome of the training of an excerpt model. */
export interface TrainExcerptSummary {
  readonly status: StageResult['status'];
  readonly record: ExcerptModelRecord;
}

/**
 * Scores a recipe by group and by collection, then fits it to all recordings and writes one folder that
 * `openPredictor` needs nothing beside: reduction, members, temperature, distance threshold, the scores it was accepted
 * with, and `MODEL_CARD.md`. A scoring that was stopped continues with its next fold.
 *
 * @throws UserError (`input`) when excerpts were not kept.
 */
export async function trainExcerptStage(
  options: TrainExcerptStageOptions,
  context: StageContext = {},
): Promise<TrainExcerptSummary> {
  const { out, choice, crossValidation } = options;
  const data = openExcerptFolder(options.features);
  const { status } = await runTrackedStage(context, {
    stage: 'train-excerpts',
    folder: out,
    parameters: { choice, crossValidation },
    inputs: data.hashes,
    run: async (run) => {
      const partial = path.join(out, 'folds');
      const identity = { choice, crossValidation, inputs: data.hashes };
      forgetOtherFolds(partial, identity);
      const vectors = { ...data.read(choice), scratch: partial };
      const scores = await scoreExcerptModel(vectors, data.index, choice, {
        ...crossValidation,
        folder: partial,
        identity,
        signal: context.signal,
        onFold: (by, finished, total) => context.progress?.(`score by ${by}: fold ${finished} of ${total}`),
      });
      const task = excerptTask(vectors, data.index);
      const all = Int32Array.from(data.index.keys());
      const model = await fitExcerptModel(task, choice, all, 1);
      const { versions } = readExtraction(options.features);
      const { kind, parameters, revision } = data.extraction;
      // A class may be called "constructor": no plain object while counting.
      const perClass = new Map<string, number>();
      for (const { label } of data.index) perClass.set(label, (perClass.get(label) ?? 0) + 1);
      const { byGroup, byCollection } = scores;
      const { files, record } = saveExcerptModel(out, model, {
        classes: task.classes,
        choice,
        parameters,
        kind,
        revision,
        ...data.axes,
        trainedOn: {
          recordings: data.index.length,
          excerpts: vectors.starts[data.index.length]!,
          collections: [
            ...new Set(
              data.index.flatMap(({ collection }) => (collection === undefined ? [] : [collection])),
            ),
          ].sort(),
          perClass: Object.fromEntries(perClass),
          inputs: data.hashes,
        },
        scores: { ...crossValidation, byGroup, ...(byCollection === undefined ? {} : { byCollection }) },
        versions,
      });
      writeFileAtomic(path.join(out, 'MODEL_CARD.md'), modelCard(record));
      files.push('MODEL_CARD.md');
      run?.logMetrics({
        group_macro_f1: byGroup.macroF1.value,
        group_ece: byGroup.ece,
        group_ece_before: byGroup.eceBefore,
        ...(byCollection === undefined
          ? {}
          : { ...collectionMetrics(byCollection), collection_ece_before: byCollection.eceBefore }),
        temperature: model.temperature,
      });
      for (const file of files)
        run?.logArtifact(path.join(out, file), path.join('model', path.dirname(file)));
      fs.rmSync(partial, { recursive: true, force: true });
      return files;
    },
  });
  return { status, record: loadExcerptModel(out).record };
}
