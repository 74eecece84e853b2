import { availableParallelism } from 'node:os';
import { inputError } from 'research-basics/errors';
import {
  ABLATION_SIZES,
  ablateShard,
  ablateStage,
  mergeAblation,
  openProject,
  readAblation,
  type AblateStageOptions,
  type AblateSummary,
  type AblationCellRecord,
  type AblationSize,
} from '../../pipeline';
import { integerOption, shardOption, type Command, type OptionValues } from '../command';
import {
  HEARD_MANIFEST,
  heardRecordings,
  terminalContext,
  TRACKING_OPTIONS,
  trackingMode,
  withStage,
} from '../context';
import {
  exitCodeOf,
  PRESET,
  presetOption,
  sizeOption,
  SHARD_OPTIONS,
  statusText,
  workersOption,
} from '../stageOptions';
import { printTable } from '../table';
import type { Terminal } from '../terminal';

export const ablate: Command = {
  name: 'ablate',
  summary: 'Train on parts of the modulation plane and compare.',
  options: {
    manifest: {
      value: 'M.csv',
      help: `recordings; features are extracted when they are missing. With --features: ${HEARD_MANIFEST}`,
    },
    results: { value: 'DIR', help: 'folder for all results, with --manifest', default: 'results' },
    features: { value: 'DIR', help: 'results of "stm-lab extract"; the results then go to --out' },
    out: { value: 'DIR', help: 'folder for the results, with --features' },
    preset: PRESET,
    size: { value: 'SIZE', help: ABLATION_SIZES.join(', '), default: "the preset's own ablation" },
    workers: { value: 'N', help: 'processes; the results are the same for any number', default: 'all cores' },
    ...SHARD_OPTIONS,
    ...TRACKING_OPTIONS,
  },
  details: [
    'Every region of the grid and all features, standardised, without PCA. Sizes: small (a coarse grid, one seed); quick (all 98',
    'published cells, their complements, each axis alone; fixed hyperparameters, 3 seeds, group-wise cross-validation); paper',
    "(98 cells, each by a search of 40 trials x 3 in the preset's space, scored on the test fold). Writes ablation.json and",
    'cells.csv; every cell is a child run of the ablation. Finished cells are reused: rerun to resume.',
  ].join('\n'),
  example: 'stm-lab ablate --size quick --manifest corpus/manifest.csv',
  async run(options, _positionals, terminal) {
    const size = sizeOption(options);
    const workers = workersOption(options);
    const shard = shardOption(options, 'shard');
    if (shard !== undefined) {
      const request = featuresRequest(options, size, workers);
      const { cells, failed } = await withStage(options, request.out, terminal, (context) =>
        ablateShard({ ...request, shard }, context),
      );
      terminal.print(`${request.out}: shard ${shard.number} of ${shard.of}: ${cells} cells`);
      return exitCodeOf('ablate', failed, terminal);
    }
    const { summary, out } =
      options['features'] === undefined
        ? await ofManifest(options, size, workers, terminal)
        : await ofFeatures(options, size, workers, terminal);
    const { reference, cells, support, status } = summary;
    printTable(terminal, [
      ...[reference, ...cells].map((cell) => ({
        region: cell.name,
        features: cell.kept,
        'macro-F1': cell.macroF1.value,
        low: cell.macroF1.low,
        high: cell.macroF1.high,
        'less all': cell === reference ? 0 : (cell as AblationCellRecord).difference.value,
        ...(cell.byCollection === undefined ? {} : { 'by collection': cell.byCollection.macroF1.value }),
        'ROC-AUC': cell.macroRocAuc,
        'max F1': cell.maxMacroF1,
      })),
      ...summary.failed.map(({ name }) => ({ region: name, features: 'diverged' })),
    ]);
    terminal.print('\nWhat this corpus supports');
    support.statements.forEach((statement) => terminal.print(`  ${statement}`));
    terminal.print(`\n${out}: ${cells.length} cells and all features; ${statusText(status)}`);
    return exitCodeOf('ablate', summary.failed, terminal);
  },
};

interface Ablated {
  readonly summary: AblateSummary;
  readonly out: string;
}

async function ofManifest(
  options: OptionValues,
  size: AblationSize | undefined,
  workers: number | undefined,
  terminal: Terminal,
): Promise<Ablated> {
  for (const name of ['out', 'journal', 'mlflow-experiment', 'merge'])
    if (options[name] !== undefined)
      throw inputError(`--${name}: goes with --features; with --manifest, results go below --results`);
  const lab = await openProject({
    manifest: options['manifest'],
    preset: options['preset'],
    results: options['results'],
    tracking: trackingMode(options),
    ablation: size,
    workers,
    ...terminalContext(terminal),
  });
  try {
    return { summary: await lab.ablate(), out: lab.folders.ablation };
  } finally {
    terminal.progressDone();
    await lab.close();
  }
}

async function ofFeatures(
  options: OptionValues,
  size: AblationSize | undefined,
  workers: number | undefined,
  terminal: Terminal,
): Promise<Ablated> {
  const request = featuresRequest(options, size, workers);
  const summary = await withStage(options, request.out, terminal, (given) => {
    const context = { ...given, ...heardRecordings(options) };
    return options['merge'] === undefined
      ? ablateStage(request, context)
      : mergeAblation(
          { ...request, shards: integerOption(options, 'merge', { min: 1, fallback: 1 }) },
          context,
        );
  });
  return { summary, out: request.out };
}

function featuresRequest(
  options: OptionValues,
  size: AblationSize | undefined,
  workers: number | undefined,
): AblateStageOptions {
  const { features, out } = options;
  if (features === undefined) throw inputError('--features DIR is required with --shard');
  if (out === undefined) throw inputError('--out DIR is required with --features');
  const named = presetOption(options);
  const experiment = size === undefined ? named : { ...named, ablation: readAblation(size) };
  return { features, out, experiment, workers: workers ?? availableParallelism() };
}
