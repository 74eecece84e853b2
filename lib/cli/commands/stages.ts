import * as path from 'node:path';
import { readJson } from '../../base/files';
import {
  ablateStage,
  crossValidationStage,
  evaluateStage,
  extractStage,
  readExperiment,
  reduceStage,
  scoreTable,
  searchStage,
  splitStage,
  trainStage,
  type SearchRecord,
} from '../../pipeline';
import { choiceOption, integerOption, type Command, type OptionSpec } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { printTable } from '../table';

const EXPERIMENT: OptionSpec = {
  value: 'NAME',
  help: 'configuration in experiments/, or a JSON file',
  default: 'smoke',
};
const FEATURES: OptionSpec = { value: 'DIR', help: 'results of "stm-lab extract"', required: 'yes' };
const SPLIT: OptionSpec = { value: 'DIR', help: 'results of "stm-lab split"', required: 'yes' };
const REDUCTION: OptionSpec = { value: 'DIR', help: 'results of "stm-lab reduce"', required: 'yes' };
const OUT: OptionSpec = {
  value: 'DIR',
  help: 'folder of the results; a finished one is kept',
  required: 'yes',
};

const journalBeside = (out: string): string => path.join(path.dirname(path.resolve(out)), 'tracking');
const statusText = (status: 'computed' | 'kept'): string =>
  status === 'kept' ? 'kept from an earlier run' : 'done';

export const extract: Command = {
  name: 'extract',
  summary: 'Extract features of every recording of a manifest.',
  options: {
    manifest: {
      value: 'M.csv',
      help: 'recordings: columns path, label, group, optionally start_s',
      required: 'yes',
    },
    out: OUT,
    features: { value: 'KIND', help: 'stm or mel', default: 'stm' },
    channels: {
      value: 'SET',
      help: 'filter bank of the STM: published (150) or paper (128)',
      default: 'published',
    },
    workers: { value: 'N', help: 'worker threads; the result does not depend on them', default: 'all cores' },
    ...TRACKING_OPTIONS,
  },
  details: [
    'Reads WAV, SPHERE, FLAC, MP3, Ogg Vorbis, Opus and declared raw PCM. Writes features.npy (float32, accepted',
    'recordings in manifest order), index.csv, rejected.csv (path, reason), axes.json, extraction.json. A recording',
    'that was extracted before (same bytes, same parameters) is not extracted again, also after a kill.',
  ].join('\n'),
  example: 'stm-lab extract --manifest corpus/manifest.csv --out results/corpus/features',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const kind = choiceOption(options, 'features', ['stm', 'mel'] as const, 'stm');
    const channels = choiceOption(options, 'channels', ['published', 'paper'] as const, 'published');
    const workers =
      options['workers'] === undefined
        ? undefined
        : integerOption(options, 'workers', { min: 1, fallback: 1 });
    const summary = await withStage(options, journalBeside(out), terminal, (context) =>
      extractStage(
        {
          manifest: options['manifest']!,
          out,
          features: kind === 'stm' ? { kind, channels } : { kind },
          workers,
        },
        context,
      ),
    );
    const speed =
      summary.computed === 0
        ? ''
        : `, ${((3600 * summary.audioHours) / summary.seconds).toFixed(0)} x real time`;
    terminal.print(
      `${out}: ${summary.accepted} accepted, ${summary.rejected.length} rejected (${summary.computed} computed, ${summary.reused} kept${speed})`,
    );
    return 0;
  },
};

export const split: Command = {
  name: 'split',
  summary: 'Divide extracted recordings into folds and roles, groups kept together.',
  options: { features: FEATURES, out: OUT, experiment: EXPERIMENT, ...TRACKING_OPTIONS },
  details: [
    'Writes split.csv (path, label, group, row, fold, role) and split.json. Train, validation and test are 8:1:1 for ten',
    'folds. The flavour (fixed or published) and the seed come from the experiment.',
  ].join('\n'),
  example: 'stm-lab split --features results/corpus/features --out results/corpus/split',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const { status, balance } = await withStage(options, journalBeside(out), terminal, (context) =>
      splitStage({ features: options['features']!, out, split: experiment.split }, context),
    );
    printTable(
      terminal,
      balance.classes.map(({ label, rows, groups, byRole }) => ({
        class: label,
        recordings: rows,
        groups,
        ...byRole,
      })),
    );
    terminal.print(`${out}: ${statusText(status)}`);
    return 0;
  },
};

export const reduce: Command = {
  name: 'reduce',
  summary: 'Standardise and reduce features, fitted on the training rows only.',
  options: { features: FEATURES, split: SPLIT, out: OUT, experiment: EXPERIMENT, ...TRACKING_OPTIONS },
  details:
    'Writes reduction.json, its arrays (NPY, float64) and reduced.npy (float32, every row of the features).',
  example: 'stm-lab reduce --features F --split S --out results/corpus/reduction',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const { status, reduction, varianceKept } = await withStage(
      options,
      journalBeside(out),
      terminal,
      (context) =>
        reduceStage(
          { features: options['features']!, split: options['split']!, out, reduction: experiment.reduction },
          context,
        ),
    );
    terminal.print(
      `${out}: ${reduction.columns} features to ${reduction.width}, ${(100 * varianceKept).toFixed(1)} % of the training variance; ${statusText(status)}`,
    );
    return 0;
  },
};

export const search: Command = {
  name: 'search',
  summary: 'Search hyperparameters on the validation rows.',
  options: {
    reduction: REDUCTION,
    split: SPLIT,
    out: OUT,
    experiment: EXPERIMENT,
    trials: { value: 'N', help: 'trials in all, those done before included', default: "the experiment's" },
    workers: { value: 'N', help: 'processes that run trials; one that dies is replaced', default: '1' },
    ...TRACKING_OPTIONS,
  },
  details: [
    "Writes journal.log (Optuna's journal format) and search.json (the best trial). Every trial is a run below the run",
    'of the search. A search that was stopped goes on with the trials it had left.',
  ].join('\n'),
  example: 'stm-lab search --reduction R --split S --out results/corpus/search --trials 40',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const trials = integerOption(options, 'trials', { min: 1, fallback: experiment.search.trials });
    const { status, best, objective, completed, failed } = await withStage(
      options,
      journalBeside(out),
      terminal,
      (context) =>
        searchStage(
          {
            reduction: options['reduction']!,
            split: options['split']!,
            out,
            search: { ...experiment.search, trials },
            workers: integerOption(options, 'workers', { min: 1, max: 256, fallback: 1 }),
          },
          context,
        ),
    );
    terminal.print(
      `${out}: ${completed} trials completed, ${failed} failed; best ${objective} ${best.value.toFixed(4)} in trial ${best.number}; ${statusText(status)}`,
    );
    printTable(terminal, [best.values as Readonly<Record<string, string | number>>]);
    return 0;
  },
};

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
    const summary = await withStage(options, journalBeside(out), terminal, (context) =>
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

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Judge a trained network on the test rows, or a fixed one by group-wise cross-validation.',
  options: {
    model: { value: 'DIR', help: 'results of "stm-lab train"; with --reduction and --split' },
    reduction: { value: 'DIR', help: 'results of "stm-lab reduce"' },
    split: { value: 'DIR', help: 'results of "stm-lab split"' },
    features: {
      value: 'DIR',
      help: 'results of "stm-lab extract": cross-validates the experiment\'s model instead',
    },
    out: OUT,
    experiment: EXPERIMENT,
    ...TRACKING_OPTIONS,
  },
  details: [
    'With --model: evaluation.json (published and corrected protocol, 95 % intervals from resampling groups) and',
    'predictions.csv. With --features: cross-validation.json and predictions.csv of every recording.',
  ].join('\n'),
  example: 'stm-lab evaluate --features results/corpus/features --out results/corpus/cross-validation',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const features = options['features'];
    if (features !== undefined) {
      const { crossValidation, reduction, model } = experiment;
      const summary = await withStage(options, journalBeside(out), terminal, (context) =>
        crossValidationStage({ features, out, crossValidation, reduction, model }, context),
      );
      const { value, low, high } = summary.mean.macroF1;
      printTable(
        terminal,
        scoreTable(summary.averaged).map(({ score, corrected }) => ({ score, value: corrected })),
      );
      terminal.print(
        `${out}: macro-F1 ${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], mean of ${summary.repeats.length} repeat(s) of ${summary.folds} group-wise folds; ${statusText(summary.status)}`,
      );
      return 0;
    }
    const { model, reduction, split: splitFolder } = options;
    if (model === undefined || reduction === undefined || splitFolder === undefined) {
      terminal.warn('stm-lab evaluate: give --features, or --model with --reduction and --split');
      return 2;
    }
    const { status, report } = await withStage(options, journalBeside(out), terminal, (context) =>
      evaluateStage({ model, reduction, split: splitFolder, out }, context),
    );
    printTable(terminal, scoreTable(report));
    terminal.print(`${out}: ${statusText(status)}`);
    return 0;
  },
};

export const ablate: Command = {
  name: 'ablate',
  summary: 'Train on parts of the modulation plane and compare.',
  options: { features: FEATURES, out: OUT, experiment: EXPERIMENT, ...TRACKING_OPTIONS },
  details: [
    'Every region of the grid and all features, by group-wise cross-validation on standardised features. Writes',
    'ablation.json and cells.csv; every cell is a run below the run of the ablation. Finished cells are kept.',
  ].join('\n'),
  example: 'stm-lab ablate --features results/corpus/features --out results/corpus/ablation',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const { status, reference, cells } = await withStage(options, journalBeside(out), terminal, (context) =>
      ablateStage(
        { features: options['features']!, out, ablation: experiment.ablation, model: experiment.model },
        context,
      ),
    );
    printTable(
      terminal,
      [reference, ...cells].map(({ name, kept, macroF1, macroRocAuc }) => ({
        region: name,
        features: kept,
        'macro-F1': macroF1.value,
        low: macroF1.low,
        high: macroF1.high,
        'ROC-AUC': macroRocAuc,
      })),
    );
    terminal.print(`${out}: ${cells.length} cells; ${statusText(status)}`);
    return 0;
  },
};
