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
import { loadEngine } from 'stm-lab/dist/engine';
import { fitMlp } from 'stm-lab/dist/models';
import { readRoleData } from 'stm-lab/dist/pipeline/roleData';
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
  // One pass of the paper's largest network over the training rows.
  epoch: async () => {
    const data = readRoleData(places);
    const engine = await loadEngine();
    const { family, hidden, fit } = model;
    const spec = { family, hidden, inputs: data.columns, classes: data.classes.length };
    const train = data.role('train');
    const began = performance.now();
    const before = process.cpuUsage();
    const { history } = await fitMlp(engine, { spec, train, options: { ...fit, epochs: 1, seed: 23 } });
    const { user, system } = process.cpuUsage(before);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.error(
      `one epoch of ${train.rows} x ${train.columns}, loss ${history[0]!.loss.toFixed(4)}: ${seconds} s, of the processor ${((user + system) / 1e6).toFixed(1)} s, largest memory ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB`,
    );
  },
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
