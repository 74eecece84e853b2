import { ablateStage, readExperiment } from '../../pipeline';
import { type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { EXPERIMENT, FEATURES, OUT, journalBeside, statusText } from '../stageOptions';
import { printTable } from '../table';

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
