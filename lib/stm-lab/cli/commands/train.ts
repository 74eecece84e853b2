import * as path from 'node:path';
import { stageFile } from '../../base/stageFile';
import { inputError } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import { readJson } from 'research-basics/files';
import {
  checkSearchOf,
  collectionSentence,
  DEFAULT_EXCERPT_MODEL,
  excerptSentence,
  type Experiment,
  type ModelChoice,
  trainExcerptStage,
  trainableModel,
  trainedModel,
  trainStage,
  type SearchRecord,
} from '../../pipeline';
import { saveKeras } from '../../models';
import { choiceOption, integerOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { PRESET, presetOption, OUT, statusText } from '../stageOptions';

/** The network that a search of this experiment found. */
function foundModel(folder: string, experiment: Experiment, reduction: string): ModelChoice {
  checkSearchOf(folder, experiment.search);
  const { recipe, model } = readJson<SearchRecord>(stageFile(folder, 'search.json', 'search'));
  const network = trainableModel({ recipe, model }, experiment.features);
  const { parameters } = readJson<{ parameters: unknown }>(stageFile(reduction, 'stage.json', 'reduce'));
  if (recipe !== undefined && canonicalJson(parameters) !== canonicalJson(recipe.reduction))
    throw inputError(
      `${reduction}: is not the reduction of the best trial of ${folder}; create it with "stm-lab reduce --preset ${path.join(folder, 'best.json')}" and give it with --reduction`,
    );
  return network;
}

export const train: Command = {
  name: 'train',
  summary: 'Train one network on the training rows, or a model of excerpts on all recordings.',
  options: {
    features: {
      value: 'DIR',
      help: 'results of "stm-lab extract --keep excerpts": trains the excerpt model of the preset on all recordings',
    },
    reduction: { value: 'DIR', help: 'results of "stm-lab reduce"; with --split, for a network' },
    split: { value: 'DIR', help: 'results of "stm-lab split"' },
    search: {
      value: 'DIR',
      help: 'results of "stm-lab search", whose best trial is trained',
      default: "the preset's model",
    },
    out: OUT,
    preset: PRESET,
    seed: { value: 'N', help: 'seed of the training', default: "the search's" },
    export: {
      value: 'FORMAT',
      help: 'also write the network for another tool: "keras" (model.keras, Keras 3)',
    },
    ...TRACKING_OPTIONS,
  },
  details: [
    'With --reduction and --split: model/ (model.json and NPY arrays), history.csv (one line per epoch) and training.json.',
    'With --features: one folder, complete for "stm-lab predict", with MODEL_CARD.md. The recipe is scored by',
    'group and, where the manifest names collections, by collection; then it is fitted to all recordings.',
  ].join('\n'),
  example: 'stm-lab train --features results/corpus/features --out results/corpus/excerpt-model',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = presetOption(options);
    const features = options['features'];
    const format = choiceOption(options, 'export', ['keras', 'none'] as const, 'none');
    if (features !== undefined) {
      if (format !== 'none')
        throw inputError(
          '--export: an excerpt model is not a network; train one with --reduction and --split',
        );
      const { crossValidation, excerptModel = DEFAULT_EXCERPT_MODEL } = experiment;
      const { record, status } = await withStage(options, out, terminal, (context) =>
        trainExcerptStage({ features, out, choice: excerptModel, crossValidation }, context),
      );
      const { byGroup, byCollection } = record.scores;
      terminal.print(excerptSentence('group', byGroup));
      if (byCollection !== undefined) {
        terminal.print(collectionSentence(byCollection));
        terminal.print(
          `calibration error by collection: ${byCollection.eceBefore.toFixed(3)} before the temperature, ${byCollection.ece.toFixed(3)} after`,
        );
      }
      terminal.print(`${out}: fitted to ${record.trainedOn.recordings} recordings; ${statusText(status)}`);
      return 0;
    }
    const { reduction, split } = options;
    if (reduction === undefined || split === undefined) {
      terminal.warn('stm-lab train: give --features, or --reduction and --split');
      return 2;
    }
    const found = options['search'];
    const model = found === undefined ? experiment.model : foundModel(found, experiment, reduction);
    const seed = integerOption(options, 'seed', {
      min: 1,
      max: 2147483647,
      fallback: experiment.search.seed,
    });
    const summary = await withStage(options, out, terminal, (context) =>
      trainStage(
        {
          reduction,
          split,
          out,
          model,
          protocol: experiment.protocol,
          seed,
        },
        context,
      ),
    );
    if (format === 'keras') await saveKeras(path.join(out, 'model.keras'), trainedModel(out));
    terminal.print(
      `${out}: ${summary.parameters} weights, best epoch ${summary.bestEpoch} of ${summary.epochs}; ${statusText(summary.status)}`,
    );
    return 0;
  },
};
