import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import {
  evaluateTmnn,
  readTmnnExperiment,
  tmnnComparisonTable,
  tmnnCost,
  type TmnnExperiment,
  configurationNames,
  tmnnScoreTable,
  tmnnSearchStage,
  tmnnStudyStage,
} from '../../pipeline';
import { type Command, integerOption, type OptionValues } from '../command';
import { terminalContext, TRACKING_OPTIONS, withStage } from '../context';
import { printSettingsSearch, trialLine } from '../settingsSearch';
import { exitCodeOf, statusText } from '../stageOptions';
import { printTable } from '../table';
import type { Terminal } from '../terminal';

const ACTIONS = ['train', 'keywords', 'tags', 'search', 'evaluate', 'cost'] as const;
type Action = (typeof ACTIONS)[number];

/** An experiment, restricted to the systems and seeds that the options name. */
function experimentFor(action: Action, options: OptionValues): TmnnExperiment {
  const usual =
    action === 'keywords' || action === 'tags' ? action : action === 'cost' ? 'magnatagatune' : 'small';
  const experiment = readTmnnExperiment(options['preset'] ?? usual);
  const listed = (name: string): string[] | undefined => options[name]?.split(',').map((part) => part.trim());
  const systems = listed('systems');
  for (const name of systems ?? [])
    if (!experiment.systems.some((system) => system.name === name))
      throw inputError(
        `--systems ${name}: preset ${experiment.name} has ${experiment.systems.map((system) => system.name).join(', ')}`,
      );
  const kept = experiment.systems.filter(({ name }) => systems?.includes(name) ?? true);
  return {
    ...experiment,
    systems: kept,
    seeds: seedsOf(experiment, options),
    comparisons: experiment.comparisons.filter((pair) =>
      pair.every((name) => kept.some((system) => system.name === name)),
    ),
  };
}

/** The first N seeds of a preset, or those of a list. */
function seedsOf({ name, seeds }: TmnnExperiment, options: OptionValues): readonly number[] {
  const list = options['seeds']?.split(',').map(Number) ?? [];
  if (list.length < 2)
    return seeds.slice(
      0,
      integerOption(options, 'seeds', { min: 1, max: seeds.length, fallback: seeds.length }),
    );
  for (const seed of list)
    if (!seeds.includes(seed)) throw inputError(`--seeds ${seed}: preset ${name} has ${seeds.join(', ')}`);
  return list;
}

function required(options: OptionValues, name: string, action: Action): string {
  const value = options[name];
  if (value === undefined)
    throw inputError(`stm-lab tmnn ${action}: --${name} is required; see "stm-lab tmnn --help"`);
  return value;
}

async function study(action: Action, options: OptionValues, terminal: Terminal): Promise<number> {
  const out = required(options, 'out', action);
  const root = required(options, 'manifest', action);
  const experiment = experimentFor(action, options);
  const cache = options['cache'];
  const result = await withStage(options, out, terminal, (context) =>
    tmnnStudyStage({ experiment, root, out, ...(cache === undefined ? {} : { cache }) }, context),
  );
  result.notes.forEach((note) => terminal.warn(note));
  printTable(terminal, tmnnScoreTable(result));
  if (result.comparisons.length > 0) printTable(terminal, tmnnComparisonTable(result));
  const clips = result.clips
    .map(({ train, validation, test }) => `${train}/${validation}/${test}`)
    .join(', ');
  terminal.print(
    `${out}: ${experiment.systems.length} systems x ${experiment.seeds.length} seeds, clips (training/validation/test) ${clips}; ${statusText(result.status)}`,
  );
  return exitCodeOf(`tmnn ${action}`, result.failed, terminal);
}

async function searchSettings(options: OptionValues, terminal: Terminal): Promise<void> {
  const out = required(options, 'out', 'search');
  const root = required(options, 'manifest', 'search');
  const { search, ...experiment } = experimentFor('search', options);
  const trials = integerOption(options, 'trials', { min: 1, fallback: search?.trials ?? 1 });
  const cache = options['cache'];
  const found = await withStage(options, out, terminal, (context) =>
    tmnnSearchStage(
      {
        experiment: { ...experiment, ...(search === undefined ? {} : { search: { ...search, trials } }) },
        ...{ root, out, ...(cache === undefined ? {} : { cache }) },
        onTrial: (trial) => terminal.print(trialLine(trial)),
      },
      context,
    ),
  );
  printSettingsSearch(terminal, out, found);
}

async function evaluateModel(options: OptionValues, terminal: Terminal): Promise<void> {
  const model = required(options, 'model', 'evaluate');
  const experiment = experimentFor('evaluate', { ...options, seeds: undefined });
  const { scores, perOutput, loss, clips } = await evaluateTmnn(
    {
      experiment,
      root: required(options, 'manifest', 'evaluate'),
      model,
      cache: options['cache'] ?? path.join(path.dirname(path.resolve(model)), 'spectrograms'),
      seed: integerOption(options, 'seed', { min: 1, fallback: experiment.seeds[0]! }),
    },
    terminalContext(terminal),
  );
  terminal.progressDone();
  printTable(
    terminal,
    perOutput.map((entry) => ({ ...entry })),
  );
  const named = Object.entries(scores).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  terminal.print(`${model}: ${clips} clips, ${named.join(', ')}, loss ${loss.toFixed(4)}`);
}

async function cost(options: OptionValues, terminal: Terminal): Promise<void> {
  const experiment = experimentFor('cost', options);
  const system = experiment.systems.at(-1)!;
  const result = await tmnnCost(experiment, system, {
    steps: integerOption(options, 'steps', { min: 1, fallback: 3 }),
    signal: terminalContext(terminal).signal,
  });
  const seconds = result.stepSeconds.map((value) => value.toFixed(1)).join(', ');
  terminal.print(
    `${experiment.name}, ${result.system}: ${result.parameters} parameters, ${result.engine}, STM_LAB_THREADS=${process.env.STM_LAB_THREADS ?? '1'}`,
  );
  terminal.print(`steps: ${seconds} s; losses ${result.losses.map((value) => value.toFixed(4)).join(', ')}`);
  terminal.print(
    `projected: ${result.stepsPerEpoch} steps x ${result.epochs} epochs, ${result.hours.toFixed(0)} hours (${(result.hours / 24).toFixed(1)} days) per training run without validation; ${experiment.systems.length} systems x ${experiment.seeds.length} seeds ${((result.hours * experiment.systems.length * experiment.seeds.length) / 24).toFixed(0)} days`,
  );
}

export const tmnn: Command = {
  name: 'tmnn',
  summary: 'Learnable temporal modulation: train, compare and score front ends.',
  positionals: 'train|keywords|tags|search|evaluate|cost',
  options: {
    preset: {
      value: 'NAME',
      earlier: 'experiment',
      help: 'preset: a name in experiments/tmnn/, or a JSON file',
      default: 'keywords, tags: themselves; cost: magnatagatune; else small',
    },
    manifest: {
      value: 'M.csv',
      earlier: 'root',
      help: 'recordings: the folder of a collection; for tags a manifest',
    },
    out: { value: 'DIR', help: 'results folder; reused when complete' },
    cache: { value: 'DIR', help: 'folder of the power spectrograms', default: 'OUT/spectrograms' },
    systems: { value: 'A,B', help: 'only these systems of the preset' },
    seeds: {
      value: 'N',
      help: 'training runs per system: with the first N seeds, or those of a list such as 1,3',
      default: "the preset's",
    },
    seed: {
      value: 'N',
      help: 'with evaluate: the seed whose test part is used',
      default: "the preset's first",
    },
    model: { value: 'DIR', help: 'with evaluate: the folder "model" of a finished training run' },
    trials: {
      value: 'N',
      help: 'with search: total trials, including completed ones',
      default: "the preset's",
    },
    steps: { value: 'N', help: 'with cost: number of steps to measure', default: '3' },
    ...TRACKING_OPTIONS,
  },
  details: [
    'train, keywords and tags train every system of a preset with every seed and compare them: study.json, scores.csv,',
    'outputs.csv, differences.csv, and a folder per system and seed with its model, predictions and curves; each training run is a child of the',
    "run of the comparison, and an interrupted one continues from its last epoch. search tries settings that the preset's",
    '"search" names by their paths, by the validation loss, and writes best.json, a preset for train. evaluate scores a saved',
    'network on the test clips. cost trains a few steps at full shapes and estimates the cost of the whole on this machine.',
  ].join('\n'),
  example: 'stm-lab tmnn keywords --manifest free-spoken-digit-dataset --out results/tmnn/keywords',
  async run(options, positionals, terminal) {
    const action = positionals[0] as Action | undefined;
    if (positionals.length !== 1 || action === undefined || !ACTIONS.includes(action))
      throw inputError(
        `stm-lab tmnn ${positionals.join(' ')}: give one of ${ACTIONS.join(', ')}; presets: ${configurationNames('tmnn').join(', ')}`,
      );
    if (action === 'evaluate') await evaluateModel(options, terminal);
    else if (action === 'cost') await cost(options, terminal);
    else if (action === 'search') await searchSettings(options, terminal);
    else return study(action, options, terminal);
    return 0;
  },
};
