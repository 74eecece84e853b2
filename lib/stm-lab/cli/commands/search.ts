import { joinSearch, mergeSearch, readExperiment, searchStage } from '../../pipeline';
import { integerOption, shardOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { EXPERIMENT, OUT, REDUCTION, SHARD_OPTIONS, SPLIT, statusText } from '../stageOptions';
import { printTable } from '../table';

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
    ...SHARD_OPTIONS,
    ...TRACKING_OPTIONS,
  },
  details: [
    "Writes journal.log (Optuna's journal format) and search.json (the best trial). Every trial is a run below the run",
    'of the search. A search that was stopped goes on with the trials it had left. With --shard this process takes trials',
    'of the study in OUT until all are done, beside others on any machine; --merge then writes search.json.',
  ].join('\n'),
  example: 'stm-lab search --reduction R --split S --out results/corpus/search --trials 40',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = readExperiment(options['experiment'] ?? 'smoke');
    const trials = integerOption(options, 'trials', { min: 1, fallback: experiment.search.trials });
    const request = {
      reduction: options['reduction']!,
      split: options['split']!,
      out,
      search: { ...experiment.search, trials },
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
    const { status, best, objective, completed, failed } = await withStage(
      options,
      out,
      terminal,
      (context) => run(request, context),
    );
    terminal.print(
      `${out}: ${completed} trials completed, ${failed} failed; best ${objective} ${best.value.toFixed(4)} in trial ${best.number}; ${statusText(status)}`,
    );
    printTable(terminal, [best.values as Readonly<Record<string, string | number>>]);
    return 0;
  },
};
