import * as fs from 'node:fs';
import * as path from 'node:path';
import { regionColumns, regionGrid, regionName, selectColumns, type Region } from '../ablation';
import { writeCsv } from '../base/csv';
import { readJson, sha256, writeJson } from '../base/files';
import { loadEngine, type Engine } from '../engine';
import { crossValidate, type Interval } from '../evaluation';
import { stratifiedGroupKFold } from '../splits';
import type { Run } from '../tracking';
import { runTrackedStage, trackedRun, type StageContext, type TrackedRunRequest } from './context';
import type { Experiment, ModelChoice } from './experiment';
import { classNumbers, modulationAxes, openFeatureFolder, type FeatureFolder } from './featureFolder';
import { fitFoldModel } from './foldModel';
import type { StageResult } from './stage';

/** What `ablateStage` reads and writes. */
export interface AblateStageOptions {
  readonly features: string;
  readonly out: string;
  readonly ablation: Experiment['ablation'];
  readonly model: ModelChoice;
}

/** Score of one region of the modulation plane; `region` is absent for the reference with all features. */
export interface AblationCellRecord {
  readonly name: string;
  readonly region?: Region;
  /** Features kept. */
  readonly kept: number;
  /** Mean over the repeats with a 95 % interval from resampling groups. */
  readonly macroF1: Interval;
  readonly accuracy: Interval;
  /** Exact one-vs-rest ROC-AUC, mean over classes. */
  readonly macroRocAuc: number;
  /** Keras-binned micro-averaged ROC-AUC, as published. */
  readonly microRocAuc: number;
}

/** What `ablation.json` says. */
export interface AblationRecord {
  readonly folds: number;
  readonly seeds: number;
  readonly reference: AblationCellRecord;
  readonly cells: readonly AblationCellRecord[];
}

/** Outcome of an ablation. */
export interface AblateSummary extends AblationRecord {
  readonly status: StageResult['status'];
}

interface CellTask {
  readonly name: string;
  readonly region: Region | undefined;
  readonly columns: Int32Array;
}

/**
 * Trains on parts of the modulation plane: each region of the grid, and all features for reference, by
 * group-wise cross-validation on standardised features without PCA, as published. `ablation.json`,
 * `cells.csv`; one child run per cell. Finished cells are kept when the stage is killed.
 *
 * @throws StmLabError (`input`) when the features have no modulation axes.
 */
export async function ablateStage(
  options: AblateStageOptions,
  context: StageContext = {},
): Promise<AblateSummary> {
  const { out, ablation } = options;
  const folder = openFeatureFolder(options.features);
  try {
    const axes = modulationAxes(folder);
    const model: ModelChoice = { ...options.model, fit: { ...options.model.fit, ...ablation.fit } };
    const tasks: CellTask[] = [
      {
        name: 'all',
        region: undefined,
        columns: Int32Array.from({ length: folder.matrix.columns }, (_, c) => c),
      },
      ...regionGrid(ablation).map((region) => ({
        name: regionName(region),
        region,
        columns: regionColumns(axes, region),
      })),
    ];
    const { status } = await runTrackedStage(context, {
      stage: 'ablate',
      folder: out,
      parameters: { ablation, model },
      inputs: { features: folder.featuresHash, index: folder.indexHash, axes: folder.axesHash },
      run: async (run) => {
        const engine = await loadEngine();
        const fixed = {
          folds: ablation.folds,
          seeds: ablation.seeds,
          model,
          features: folder.featuresHash,
          index: folder.indexHash,
          engine: engine.description,
        };
        const features = folder.matrix.readRows(0, folder.matrix.rows);
        const cells: AblationCellRecord[] = [];
        for (const [at, task] of tasks.entries()) {
          context.signal?.throwIfAborted();
          context.progress?.(`ablate: cell ${at + 1} of ${tasks.length} (${task.name})`);
          cells.push(await cellOnce(task, { engine, folder, features, fixed, out }, context, run));
        }
        const [reference, ...rest] = cells;
        writeJson(path.join(out, 'ablation.json'), {
          folds: ablation.folds,
          seeds: ablation.seeds,
          reference: reference!,
          cells: rest,
        } satisfies AblationRecord);
        writeCells(path.join(out, 'cells.csv'), cells);
        run?.setTags({ 'stm.engine': engine.description });
        run?.logMetrics({ cells: rest.length, reference_macro_f1: reference!.macroF1.value });
        run?.logArtifact(path.join(out, 'cells.csv'));
        run?.logArtifact(path.join(out, 'ablation.json'));
        return ['ablation.json', 'cells.csv'];
      },
    });
    return { ...readJson<AblationRecord>(path.join(out, 'ablation.json')), status };
  } finally {
    folder.matrix.close();
  }
}

interface Shared {
  readonly engine: Engine;
  readonly folder: FeatureFolder;
  readonly features: Float32Array;
  /** What every cell depends on besides its region. */
  readonly fixed: { readonly folds: number; readonly seeds: number; readonly model: ModelChoice };
  readonly out: string;
}

interface StoredCell {
  readonly key: string;
  readonly cell: AblationCellRecord;
}

/** The cell's result, from an earlier run when there is one of the same data and settings. */
async function cellOnce(
  task: CellTask,
  shared: Shared,
  context: StageContext,
  parent: Run | undefined,
): Promise<AblationCellRecord> {
  const file = path.join(shared.out, 'cells', `${task.name}.json`);
  const key = sha256({ ...shared.fixed, region: task.region ?? 'all' });
  if (fs.existsSync(file)) {
    const stored = readJson<StoredCell>(file);
    if (stored.key === key) return stored.cell;
  }
  const request: TrackedRunRequest = {
    name: task.name,
    key: `ablation-${key.slice(0, 16)}`,
    parent,
    params: { ...(task.region ?? { pass: 'all' }), kept: task.columns.length },
    tags: { 'stm.stage': 'ablation-cell' },
  };
  return trackedRun(context, request, async (run) => {
    const cell = await scoreCell(task, shared, context.signal);
    writeJson(file, { key, cell } satisfies StoredCell);
    run?.logMetrics({
      macro_f1: cell.macroF1.value,
      macro_f1_low: cell.macroF1.low,
      macro_f1_high: cell.macroF1.high,
      accuracy: cell.accuracy.value,
      macro_roc_auc: cell.macroRocAuc,
      micro_roc_auc: cell.microRocAuc,
    });
    return cell;
  });
}

async function scoreCell(
  task: CellTask,
  shared: Shared,
  signal: AbortSignal | undefined,
): Promise<AblationCellRecord> {
  const { folder, engine, fixed } = shared;
  const labels = folder.index.map(({ label }) => label);
  const groups = folder.index.map(({ group }) => group);
  const { classes, y } = classNumbers(labels);
  const result = await crossValidate({
    labels: y,
    classNames: classes,
    groups: classNumbers(groups).y,
    folds: (seed) => stratifiedGroupKFold({ labels, groups, folds: fixed.folds, seed }),
    seeds: Array.from({ length: fixed.seeds }, (_, i) => i + 1),
    fitFold: (fold) =>
      fitFoldModel(
        {
          engine,
          features: selectColumns(shared.features, folder.matrix.columns, task.columns),
          columns: task.columns.length,
          y,
          classes,
          reduction: { method: 'none', components: 1 },
          model: fixed.model,
          signal,
        },
        fold,
      ),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    name: task.name,
    ...(task.region === undefined ? {} : { region: task.region }),
    kept: task.columns.length,
    macroF1: result.mean.macroF1,
    accuracy: result.mean.accuracy,
    macroRocAuc: result.averaged.corrected.macroRocAuc,
    microRocAuc: result.averaged.published.rocAuc,
  };
}

function writeCells(file: string, cells: readonly AblationCellRecord[]): void {
  writeCsv(
    file,
    [
      'name',
      'pass',
      'rate_hz',
      'scale_cyc_oct',
      'features',
      'macro_f1',
      'macro_f1_low',
      'macro_f1_high',
      'accuracy',
      'macro_roc_auc',
      'micro_roc_auc',
    ],
    cells.map(({ name, region, kept, macroF1, accuracy, macroRocAuc, microRocAuc }) => ({
      name,
      pass: region?.pass ?? 'all',
      rate_hz: region?.rateHz,
      scale_cyc_oct: region?.scaleCycPerOct,
      features: kept,
      macro_f1: macroF1.value,
      macro_f1_low: macroF1.low,
      macro_f1_high: macroF1.high,
      accuracy: accuracy.value,
      macro_roc_auc: macroRocAuc,
      micro_roc_auc: microRocAuc,
    })),
  );
}
