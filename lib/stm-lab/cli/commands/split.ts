import { splitStage } from '../../pipeline';
import { type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { PRESET, presetOption, FEATURES, OUT, statusText } from '../stageOptions';
import { printTable } from '../table';

export const split: Command = {
  name: 'split',
  summary: 'Divide extracted recordings into folds and roles, keeping groups together.',
  options: {
    features: FEATURES,
    manifest: {
      value: 'M.csv',
      help: 'recordings: if the preset takes folds from a column (split.column)',
    },
    out: OUT,
    preset: PRESET,
    ...TRACKING_OPTIONS,
  },
  details: [
    'Writes split.csv (path, label, group, row, fold, role) and split.json. Train, validation and test are 8:1:1 for ten',
    'folds. The flavour (corrected or published) and the seed come from the preset.',
  ].join('\n'),
  example: 'stm-lab split --features results/corpus/features --out results/corpus/split',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = presetOption(options);
    const { status, balance } = await withStage(options, out, terminal, (context) =>
      splitStage(
        { features: options['features']!, out, split: experiment.split, manifest: options['manifest'] },
        context,
      ),
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
