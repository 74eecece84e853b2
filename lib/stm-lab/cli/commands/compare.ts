import { comparisonTable, openProject } from '../../pipeline';
import { choiceOption, integerOption, type Command } from '../command';
import { terminalContext } from '../context';
import { COLLECTION, exitCodeOf, EXPERIMENT, statusText } from '../stageOptions';
import { printTable } from '../table';

const METRIC_WORDS = { accuracy: 'accuracy', macroF1: 'macro-F1', microRocAuc: 'micro ROC-AUC' } as const;

export const compare: Command = {
  name: 'compare',
  summary: 'Features and models side by side: same recordings, folds and repeats, paired differences.',
  options: {
    manifest: { value: 'M.csv', help: 'recordings', default: 'the synthetic demo corpus, made on first use' },
    collection: COLLECTION,
    experiment: EXPERIMENT,
    results: { value: 'DIR', help: 'folder of all results', default: 'results' },
    workers: { value: 'N', help: 'worker threads of the extraction', default: 'all cores' },
    tracking: {
      value: 'MODE',
      help: 'online, offline (journal only, see "stm-lab sync") or disabled',
      default: 'online when MLFLOW_TRACKING_URI is set, else offline',
    },
  },
  details: [
    'Extracts what the rows of the experiment\'s "comparison" need, and scores each by group-wise cross-validation. Writes',
    'comparison.json, comparison.csv and comparison.svg; every row is a run below the run of the comparison. Finished rows',
    'and folds are reused. Columns: macro-F1 at the most probable class, mean of single repeats; "averaged", of the repeats\'',
    'averaged probabilities; "by collection", on collections that no model has met; "difference" to the reference row, with p; "published", threshold chosen on the test rows.',
  ].join('\n'),
  example: 'stm-lab compare --manifest corpus/manifest.csv',
  async run(options, _positionals, terminal) {
    const lab = await openProject({
      manifest: options['manifest'],
      collection: options['collection'],
      results: options['results'],
      experiment: options['experiment'],
      tracking:
        options['tracking'] === undefined
          ? undefined
          : choiceOption(options, 'tracking', ['online', 'offline', 'disabled'] as const, 'offline'),
      workers:
        options['workers'] === undefined
          ? undefined
          : integerOption(options, 'workers', { min: 1, fallback: 1 }),
      ...terminalContext(terminal),
    });
    try {
      const summary = await lab.compare();
      terminal.progressDone();
      printTable(terminal, comparisonTable(summary));
      for (const { name, chosen } of summary.rows)
        if (chosen !== undefined)
          terminal.print(
            `${name}: ${chosen.map(({ recipe, folds }) => `${recipe} in ${folds} folds`).join('; ')}`,
          );
      const first = summary.rows[0]?.byCollection;
      if (first !== undefined)
        terminal.print(
          `by collection: ${first.folds} folds over ${first.collections} collections${first.notScorable.length === 0 ? '' : `; not scorable that way, since all recordings come from one collection: ${first.notScorable.join(', ')}`}`,
        );
      for (const { name, metric, value, source } of summary.published ?? [])
        terminal.print(`published: ${name}, ${METRIC_WORDS[metric]} ${value.toFixed(3)} (${source})`);
      const { recordings, groups, seeds, folds, status } = summary;
      terminal.print(
        `${lab.folders.comparison}: ${recordings} recordings of ${groups} groups${lab.note === undefined ? '' : ` (${lab.note})`}, ${seeds} repeat(s) of ${folds} group-wise folds; ${statusText(status)}`,
      );
      return exitCodeOf('compare', summary.failed, terminal);
    } finally {
      terminal.progressDone();
      await lab.close();
    }
  },
};
