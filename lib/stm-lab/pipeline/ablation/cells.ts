import * as path from 'node:path';
import { ablationRegions, regionColumns, regionName, regionText } from '../../ablation';
import { throwIfStopped } from 'research-basics/pace';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine } from '../../engine';
import type { Run, RunReference } from 'mlflow-tracking-client';
import { flattenParameters, type StageContext, type TrackedRunRequest } from '../../stages/context';
import { cachedCell } from '../../stages/cachedCell';
import { collectionMetrics } from '../byCollection';
import { planeAxes, type FeatureFolder } from '../featureFolder';
import { processScorer, type CellScorer, type CellTask } from './pool';
import { readAblationData, type AblationData } from './data';
import { scoreCell, type AblationPlan, type CellOutcome, type CellScore } from './score';
import type { AblateStageOptions } from './options';
import type { StageParts } from '../../stages/stageParts';

/**
 * The cells of an ablation: all features, then every region.
 *
 * @throws UserError (`input`) for features without modulation axes and a region that keeps nothing: before hours of
 *   training, not after.
 */
export function ablationTasks(
  { experiment }: Pick<AblateStageOptions, 'experiment'>,
  folder: FeatureFolder,
): CellTask[] {
  const axes = planeAxes(folder);
  const regions = ablationRegions(experiment.ablation, axes);
  for (const region of regions) regionColumns(axes, region);
  return [{ name: 'all' }, ...regions.map((region) => ({ name: regionName(region), region }))];
}

/** What an ablation is about. */
export interface AblationIdentity {
  /** Closed: what it says of itself. */
  readonly folder: FeatureFolder;
  readonly plan: AblationPlan;
  /** Part of the keys of cells that are scored by collection too, which earlier versions did not do. */
  readonly scoring: { readonly by?: 'group and collection' };
}

/**
 * Scores cells in this process or in several, each under a run of its own. Cells found finished are not scored again.
 *
 * @returns the outcomes in the order of `tasks`; undefined for a cell that diverged.
 */
export async function scoreAll(
  { features, out, workers = 1 }: AblateStageOptions,
  { folder, plan, scoring }: AblationIdentity,
  tasks: readonly CellTask[],
  context: StageContext,
  parent: RunReference | undefined,
  parts: StageParts,
): Promise<(CellOutcome | undefined)[]> {
  const engine = await loadEngine({ signal: context.signal });
  const cells = path.join(out, 'cells');
  const identity = {
    plan,
    features: folder.featuresHash,
    index: folder.indexHash,
    engine: engine.description,
    ...scoring,
  };
  const outcomes = new Array<CellOutcome | undefined>(tasks.length);
  let [next, done] = [0, 0];
  const lane = async (open: () => CellScorer): Promise<void> => {
    // A lane that finds only cells scored before needs no data and no process.
    let scorer: CellScorer | undefined;
    try {
      for (let at = next++; at < tasks.length; at = next++) {
        const task = tasks[at]!;
        throwIfStopped(context.signal, 'ablation');
        outcomes[at] = await parts.attempt(task.name, () =>
          cachedCell(context, {
            request: cellRun(task, identity, parent),
            read: () => storedOutcome(cells, task, identity),
            compute: () => (scorer ??= open()).score(task),
            write: (outcome) => {
              const stored = { key: cellKey(task, identity), ...outcome };
              writeJson(cellFile(cells, task), { ...stored, check: sha256(stored) } satisfies StoredCell);
            },
            log: (run, { cell }) => logCell(run, cell),
          }),
        );
        done++;
        context.progress?.(`ablate: ${done} of ${tasks.length} cells (${task.name})`);
      }
    } catch (error) {
      next = tasks.length;
      throw error;
    } finally {
      scorer?.close();
    }
  };
  const order = { features: path.resolve(features), plan, cells: path.resolve(cells) };
  const open = (): CellScorer =>
    workers === 1
      ? localScorer(readAblationData(features, engine, plan), plan, cells, context.signal)
      : processScorer(order, context.signal);
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(workers, tasks.length) }, () => lane(open)),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return outcomes;
}

/** Scores cells in this process. */
function localScorer(
  data: AblationData,
  plan: AblationPlan,
  cells: string,
  signal: AbortSignal | undefined,
): CellScorer {
  return { score: (task) => scoreCell(task, data, plan, cells, signal), close: () => undefined };
}

interface StoredCell extends CellOutcome {
  readonly key: string;
  /** Hash of the rest: a file that was damaged is not believed. */
  readonly check: string;
}

/** Where a finished cell is kept. */
export const cellFile = (cells: string, { name }: CellTask): string => path.join(cells, `${name}.json`);
const cellKey = ({ region }: CellTask, identity: unknown): string =>
  sha256({ identity, region: region ?? 'all' });

/** The cell's outcome from an earlier run on the same data and settings. */
function storedOutcome(cells: string, task: CellTask, identity: unknown): CellOutcome | undefined {
  try {
    const { check, ...stored } = readJson<StoredCell>(cellFile(cells, task));
    if (stored.key !== cellKey(task, identity) || check !== sha256(stored)) return undefined;
    return { cell: stored.cell, predicted: stored.predicted };
  } catch {
    return undefined;
  }
}

function cellRun(task: CellTask, identity: unknown, parent: RunReference | undefined): TrackedRunRequest {
  return {
    name: task.name,
    key: `ablation-${cellKey(task, identity).slice(0, 16)}`,
    parent,
    params: task.region === undefined ? { pass: 'all' } : flattenParameters(task.region),
    tags: {
      'stm.stage': 'ablation-cell',
      'stm.region': task.region === undefined ? 'all features' : regionText(task.region),
    },
  };
}

function logCell(run: Run, cell: CellScore): void {
  const { kept, macroF1, accuracy, searched } = cell;
  run.logParams({ kept, ...(searched === undefined ? {} : flattenParameters(searched.best, 'best')) });
  run.logMetrics({
    macro_f1: macroF1.value,
    macro_f1_low: macroF1.low,
    macro_f1_high: macroF1.high,
    accuracy: accuracy.value,
    accuracy_low: accuracy.low,
    accuracy_high: accuracy.high,
    macro_roc_auc: cell.macroRocAuc,
    published_roc_auc: cell.microRocAuc,
    published_max_macro_f1: cell.maxMacroF1,
    ...(cell.byCollection === undefined ? {} : collectionMetrics(cell.byCollection)),
  });
}
