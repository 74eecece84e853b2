import type { TrialRecord, Values } from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import {
  joinSearch,
  mergeSearch,
  objectivesOf,
  searchableNames,
  searchStage,
  type Experiment,
} from '../../pipeline';
import type { Terminal } from '../terminal';
import { choiceOption, integerOption, shardOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { PRESET, presetOption, OUT, REDUCTION, SHARD_OPTIONS, SPLIT, statusText } from '../stageOptions';
import { printTable } from '../table';

export const search: Command = {
  name: 'search',
  summary: 'Search hyperparameters on the validation rows.',
  options: {
    reduction: REDUCTION,
    split: SPLIT,
    out: OUT,
    preset: PRESET,
    trials: { value: 'N', help: 'total trials, including completed ones', default: "the preset's" },
    features: {
      value: 'DIR',
      help: 'results of "stm-lab extract": if the space names features or reductions, or folds are scored',
    },
    manifest: {
      value: 'M.csv',
      help: 'recordings: if the space names features other than those of --features',
    },
    'space-change': {
      value: 'WHAT',
      help: 'when OUT holds a search of another space: refuse, or adopt the new one with the trials that fit it',
      default: 'refuse',
    },
    pruner: {
      value: 'NAME',
      help: 'none, median or asha: stops trials that fall behind',
      default: "the preset's",
    },
    enqueue: {
      value: 'FILE',
      help: 'JSON list of configurations to try first',
      default: "the preset's",
    },
    workers: { value: 'N', help: 'processes that run trials; one that dies is replaced', default: '1' },
    ...SHARD_OPTIONS,
    ...TRACKING_OPTIONS,
  },
  details: [
    "Writes journal.log (Optuna's journal format), trials.csv (every trial: settings, value, seconds, state, run),",
    'search.json (the best one) and best.json (the preset with its settings). With two objectives ("search.objective": a list of',
    'two, the second may be "weights"), search.json and trials.csv name the Pareto front, and the best trial is the one on it that',
    'is best in the first. Every trial is a child of the single run of the search, even when trials are added later. An interrupted search resumes with its remaining trials; more',
    '--trials extend it. With --shard this process takes trials of the study in OUT until all are done, alongside others on any',
    'machine; --merge then writes search.json. The space may name any of:',
    ...wrapped(searchableNames().join(', '), 110).map((line) => `  ${line}`),
  ].join('\n'),
  example: 'stm-lab search --reduction R --split S --out results/corpus/search --trials 40',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = presetOption(options);
    const trials = integerOption(options, 'trials', { min: 1, fallback: experiment.search.trials });
    const pruner =
      options['pruner'] === undefined
        ? {}
        : { pruner: choiceOption(options, 'pruner', ['none', 'median', 'asha'] as const, 'none') };
    const enqueue = options['enqueue'] === undefined ? {} : { enqueue: readEnqueued(options['enqueue']) };
    const table = trialTable(terminal, experiment);
    const request = {
      reduction: options['reduction']!,
      split: options['split']!,
      out,
      search: { ...experiment.search, ...pruner, ...enqueue, trials },
      preset: experiment,
      features: options['features'],
      manifest: options['manifest'],
      spaceChange: choiceOption(options, 'space-change', ['refuse', 'adopt'] as const, 'refuse'),
      onTrial: table,
      workers: integerOption(options, 'workers', { min: 1, max: 256, fallback: 1 }),
    };
    const shard = shardOption(options, 'shard');
    if (shard !== undefined) {
      const { finished } = await withStage(options, out, terminal, (context) => joinSearch(request, context));
      terminal.print(
        `${out}: worker ${shard.number} of ${shard.of}: ${finished} of ${trials} trials are done`,
      );
      return 0;
    }
    const run = options['merge'] === undefined ? searchStage : mergeSearch;
    const {
      status,
      best,
      front,
      objective,
      completed,
      failed,
      pruned = 0,
    } = await withStage(options, out, terminal, (context) => run(request, context));
    terminal.print(
      `${out}: ${completed} trials completed, ${failed} failed${pruned === 0 ? '' : `, ${pruned} pruned`}; best ${objective} ${best.value.toFixed(4)} in trial ${best.number}; ${statusText(status)}`,
    );
    if (front === undefined) printTable(terminal, [best.values]);
    else
      printTable(
        terminal,
        front.map(({ number, objectives, values }) => ({ trial: number, ...objectives, ...values })),
      );
    return 0;
  },
};

function readEnqueued(file: string): Values[] {
  const list = readJson<unknown>(file);
  if (
    !Array.isArray(list) ||
    list.some((one) => typeof one !== 'object' || one === null || Array.isArray(one))
  )
    throw inputError(`${file}: must be a list of configurations, such as [{"loss.gamma": 2, "lr": 0.001}]`);
  return list as Values[];
}

/** Prints a line for each trial as it ends: a table that grows while the search runs. */
function trialTable(
  terminal: Terminal,
  { search }: Experiment,
): (trial: TrialRecord, best?: TrialRecord) => void {
  const names = Object.keys(search.space);
  const objectives = objectivesOf(search.objective).map(({ name }) => name);
  const columns = objectives.length === 1 ? ['value'] : objectives;
  const width = (name: string): number => Math.max(name.length, 9);
  const cell = (value: unknown, name: string): string =>
    (typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value ?? '-')).padStart(
      width(name),
    );
  let lines = 0;
  return ({ number, state, value, objectives: scores, values, startedAt, finishedAt }, best) => {
    if (lines++ % 20 === 0)
      terminal.print(
        [
          'trial',
          '   state',
          ...columns.map((name) => name.padStart(width(name))),
          'seconds',
          ...names.map((name) => name.padStart(width(name))),
        ].join('  '),
      );
    const seconds =
      startedAt === undefined || finishedAt === undefined
        ? '-'
        : ((finishedAt - startedAt) / 1000).toFixed(1);
    const mark = best?.number === number ? '*' : ' ';
    terminal.print(
      [
        String(number).padStart(5),
        state.padStart(8),
        ...columns.map((name, i) => {
          const score = scores[i] ?? (i === 0 ? value : undefined);
          const text =
            score === undefined ? '-' : Number.isInteger(score) && i > 0 ? String(score) : score.toFixed(4);
          return `${text}${i === 0 ? mark : ''}`.padStart(width(name));
        }),
        seconds.padStart(7),
        ...names.map((name) => cell(values[name], name)),
      ].join('  '),
    );
  };
}

/** Text in lines of at most so many characters. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1)!.length + word.length + 1 > width) lines.push('');
    lines[lines.length - 1] += `${lines.at(-1) === '' ? '' : ' '}${word}`;
  }
  return lines;
}
