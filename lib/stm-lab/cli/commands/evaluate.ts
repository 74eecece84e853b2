import {
  collectionSentence,
  crossValidationStage,
  officialColumn,
  evaluateStage,
  scoreTable,
} from '../../pipeline';
import { type Command } from '../command';
import { HEARD_MANIFEST, heardRecordings, TRACKING_OPTIONS, withStage } from '../context';
import { PRESET, presetOption, OUT, statusText } from '../stageOptions';
import { printTable } from '../table';

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Score a trained network on the test rows, or a fixed model by group and by collection.',
  options: {
    model: { value: 'DIR', help: 'results of "stm-lab train"; with --reduction and --split' },
    reduction: { value: 'DIR', help: 'results of "stm-lab reduce"' },
    split: { value: 'DIR', help: 'results of "stm-lab split"' },
    features: {
      value: 'DIR',
      help: 'results of "stm-lab extract": cross-validates the preset\'s model instead',
    },
    out: OUT,
    manifest: {
      value: 'M.csv',
      help: `with --model: ${HEARD_MANIFEST}; with --features: if the preset takes folds from a column (split.column)`,
    },
    preset: PRESET,
    ...TRACKING_OPTIONS,
  },
  details: [
    'With --model: evaluation.json (published and corrected protocol, 95 % intervals from resampling groups) and',
    'predictions.csv. With --features: cross-validation.json and predictions.csv of every recording;',
    'where the manifest named collections, also scores on collections that the model was not trained on (by collection).',
  ].join('\n'),
  example: 'stm-lab evaluate --features results/corpus/features --out results/corpus/cross-validation',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = presetOption(options);
    const features = options['features'];
    if (features !== undefined) {
      const { crossValidation, reduction, model } = experiment;
      const summary = await withStage(options, out, terminal, (context) =>
        crossValidationStage(
          {
            ...{ features, out, crossValidation, reduction, model },
            official: officialColumn(options['manifest'], experiment.split),
          },
          context,
        ),
      );
      const { value, low, high } = summary.mean.macroF1;
      printTable(
        terminal,
        scoreTable(summary.averaged).map(({ score, corrected }) => ({ score, value: corrected })),
      );
      terminal.print(
        `${out}: macro-F1 ${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], mean of ${summary.repeats.length} repeat(s) of ${summary.folds} group-wise folds; ${statusText(summary.status)}`,
      );
      if (summary.byCollection !== undefined) terminal.print(collectionSentence(summary.byCollection));
      return 0;
    }
    const { model, reduction, split: splitFolder } = options;
    if (model === undefined || reduction === undefined || splitFolder === undefined) {
      terminal.warn('stm-lab evaluate: give --features, or --model with --reduction and --split');
      return 2;
    }
    const { status, report } = await withStage(options, out, terminal, (context) =>
      evaluateStage(
        { model, reduction, split: splitFolder, out },
        { ...context, ...heardRecordings(options) },
      ),
    );
    printTable(terminal, scoreTable(report));
    terminal.print(`${out}: ${statusText(status)}`);
    return 0;
  },
};
