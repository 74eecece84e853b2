import { readExperiment, searchStage } from '../../pipeline';
import { integerOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { EXPERIMENT, OUT, REDUCTION, SPLIT, statusText } from '../stageOptions';
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
      out,
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
