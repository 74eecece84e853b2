/**
 * One stage of the bench at the paper's size, in a process of its own.
 *
 *     tsx bench/paper/stage.ts NAME FOLDER
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  ablateStage,
  compareStage,
  evaluateStage,
  openTracker,
  readExperiment,
  reduceStage,
  reportOf,
  searchStage,
  splitStage,
  trainStage,
  withMlflow,
  type StageContext,
} from 'stm-lab/dist/pipeline';
import { featureKey } from 'stm-lab/dist/pipeline/featureSettings';
import { saveReport } from 'stm-lab/dist/report';

const [name, folder] = process.argv.slice(2) as [string, string];
const at = (part: string): string => path.join(folder, part);
const experiment = readExperiment(path.join(__dirname, 'preset.json'));
const features = at('features');
const places = { reduction: at('reduction'), split: at('split') };
const { search, model, protocol } = experiment;
const tracker = openTracker({ experiment: experiment.name, journalFolder: at('tracking'), mode: 'offline' });
const context: StageContext = {
  tracker,
  warn: (line) => console.error(line),
  progress: (line) => console.error(line),
};

const STAGES: Readonly<Record<string, () => Promise<unknown>>> = {
  split: () => splitStage({ features, out: at('split'), split: experiment.split }, context),
  reduce: () =>
    reduceStage(
      { features, split: at('split'), out: at('reduction'), reduction: experiment.reduction },
      context,
    ),
  search: () =>
    searchStage({ ...places, out: at('search'), search, preset: experiment, workers: 2 }, context),
  train: () => trainStage({ ...places, out: at('train'), model, protocol, seed: 23 }, context),
  evaluate: () =>
    evaluateStage({ ...places, model: at('train'), out: at('evaluate'), resamples: 100 }, context),
  // All features and one region, each with a training in each of two folds.
  ablate: () => {
    const hidden = [{ units: 128 }];
    const small = { ...model, hidden, fit: { ...model.fit, epochs: 1 } };
    return ablateStage({ features, out: at('ablate'), experiment: { ...experiment, model: small } }, context);
  },
  compare: () =>
    compareStage(
      { experiment, features: { [featureKey({ kind: 'stm' })]: features }, out: at('compare') },
      context,
    ),
  report: async () => {
    const mlflow = {
      results: at('mlflow'),
      journals: at('tracking'),
      warn: (line: string) => console.error(line),
    };
    const request = { settings: experiment, manifest: undefined, experiments: [experiment.name] };
    const document = await withMlflow(mlflow, (client) => reportOf(client, request));
    fs.mkdirSync(at('report'), { recursive: true });
    await saveReport(document, at('report'), { formats: ['html', 'md'] });
  },
};

void STAGES[name]!().finally(() => tracker.close());
