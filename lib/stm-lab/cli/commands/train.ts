import * as path from 'node:path';
import { readJson } from '../../base/files';
import { readExperiment, trainStage, type SearchRecord } from '../../pipeline';
import { integerOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { EXPERIMENT, OUT, REDUCTION, SPLIT, statusText } from '../stageOptions';

export const train: Command = {
  name: 'train',
  summary: 'Train one network on the training rows.',
  options: {
    reduction: REDUCTION,
    split: SPLIT,
    search: {
      value: 'DIR',
      help: 'results of "stm-lab search", whose best trial is trained',
      default: "the experiment's model",
    },
    out: OUT,
    experiment: EXPERIMENT,
    seed: { value: 'N', help: 'seed of the training', default: "the search's" },
    ...TRACKING_OPTIONS,
  },
  details: 'Writes model/ (model.json and NPY arrays), history.csv (one line an epoch) and training.json.',
  example: 'stm-lab train --reduction R --split S --search H --out results/corpus/model',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const found = options['search'];
    const model =
      found === undefined ? experiment.model : readJson<SearchRecord>(path.join(found, 'search.json')).model;
    const seed = integerOption(options, 'seed', {
      min: 1,
      max: 2147483647,
      fallback: experiment.search.seed,
    });
    const summary = await withStage(options, out, terminal, (context) =>
      trainStage(
        {
          reduction: options['reduction']!,
          split: options['split']!,
          out,
          model,
          protocol: experiment.protocol,
          seed,
        },
        context,
      ),
    );
    terminal.print(
      `${out}: ${summary.parameters} weights, best epoch ${summary.bestEpoch} of ${summary.epochs}; ${statusText(summary.status)}`,
    );
    return 0;
  },
};
