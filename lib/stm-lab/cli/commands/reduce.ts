import { reduceStage } from '../../pipeline';
import { type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { PRESET, presetOption, FEATURES, OUT, SPLIT, statusText } from '../stageOptions';

export const reduce: Command = {
  name: 'reduce',
  summary: 'Standardise and reduce features, fitted on the training rows only.',
  options: { features: FEATURES, split: SPLIT, out: OUT, preset: PRESET, ...TRACKING_OPTIONS },
  details:
    'Writes reduction.json, its arrays (NPY, float64) and reduced.npy (float32, every row of the features).',
  example: 'stm-lab reduce --features F --split S --out results/corpus/reduction',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const experiment = presetOption(options);
    const { status, reduction, varianceKept } = await withStage(options, out, terminal, (context) =>
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
