import { comparisonTable, divisionText, openProject } from '../../pipeline';
import type { Command } from '../command';
import { terminalContext, TRACKING, trackingMode } from '../context';
import {
  COLLECTION,
  CORPUS,
  exitCodeOf,
  EXTRACTION_WORKERS,
  PRESET,
  RESULTS,
  statusText,
  workersOption,
} from '../stageOptions';
import { printTable } from '../table';

const METRIC_WORDS = { accuracy: 'accuracy', macroF1: 'macro-F1', microRocAuc: 'micro ROC-AUC' } as const;

export const compare: Command = {
  name: 'compare',
  summary: 'Compare features and models on the same recordings, folds and repeats, with paired differences.',
  options: {
    manifest: CORPUS,
    collection: COLLECTION,
    preset: PRESET,
    results: RESULTS,
    workers: EXTRACTION_WORKERS,
    tracking: TRACKING,
  },
  details: [
    'Extracts what the rows of the preset\'s "comparison" need, and scores each by group-wise cross-validation. Writes',
    'comparison.json, comparison.csv and comparison.svg; every row is a child run of the comparison. Finished rows',
    'and folds are reused. Columns: macro-F1 at the most probable class, mean of single repeats; "averaged", of the repeats\'',
    'averaged probabilities; "by collection", on collections that the model was not trained on; "difference" from the reference',
    'row in pairs, with p, also by collection; "published", threshold chosen on the test rows; "cost", processor time of the',
    'extraction, in seconds per hour of sound.',
  ].join('\n'),
  example: 'stm-lab compare --manifest corpus/manifest.csv',
  async run(options, _positionals, terminal) {
    const lab = await openProject({
      manifest: options['manifest'],
      collection: options['collection'],
      results: options['results'],
      preset: options['preset'],
      tracking: trackingMode(options),
      workers: workersOption(options),
      ...terminalContext(terminal),
    });
    try {
      const summary = await lab.compare();
      terminal.progressDone();
      printTable(terminal, comparisonTable(summary));
      for (const { name, chosen } of summary.rows)
        if (chosen !== undefined)
          terminal.print(
            `${name}: ${chosen.map(({ recipe, folds, collectionFolds }) => `${recipe} in ${folds} folds${collectionFolds === undefined ? '' : `, by collection in ${collectionFolds}`}`).join('; ')}`,
          );
      const first = summary.rows[0]?.byCollection;
      if (first !== undefined)
        terminal.print(
          `by collection: ${first.folds} folds over ${first.collections} collections${first.notScorable.length === 0 ? '' : `; not scorable that way, since all recordings come from one collection: ${first.notScorable.join(', ')}`}`,
        );
      for (const { name, metric, value, source } of summary.published ?? [])
        terminal.print(`published: ${name}, ${METRIC_WORDS[metric]} ${value.toFixed(3)} (${source})`);
      const { recordings, groups, status } = summary;
      terminal.print(
        `${lab.folders.comparison}: ${recordings} recordings of ${groups} groups${lab.note === undefined ? '' : ` (${lab.note})`}, ${divisionText(summary)}; ${statusText(status)}`,
      );
      return exitCodeOf('compare', summary.failed, terminal);
    } finally {
      terminal.progressDone();
      await lab.close();
    }
  },
};
