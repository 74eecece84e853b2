import * as path from 'node:path';
import { writeCsv } from '../../base/csv';
import { inputError } from 'research-basics/errors';
import {
  comparisonFigure,
  saveFigure,
  stmGridFigure,
  strfDriftFigure,
  strfGalleryFigure,
  strfTrajectoryFigure,
  type FigureSpec,
} from '../../figures';
import { bankTransfer, filterTuning, gaborKernel, modulationDensity } from '..';
import { trackedRun, type StageContext } from '../../stages/context';
import {
  describeTasks,
  driftRows,
  filtersAt,
  learnedTasks,
  publishedShares,
  recordsAt,
  type BankRow,
  type LearnedTask,
} from './analysis';
import { comparisonFigures } from './comparisonFigures';
import { commonGrid, taskDistances, type TaskDistance } from './distances';
import { profileFigures } from './profileFigures';

/**
 * Figures of learned filters by name.
 *
 * @param distances where they are known already: untrained banks make them slow to compute.
 */
export function strfFigures(
  tasks: readonly LearnedTask[],
  note?: string,
  distances: readonly TaskDistance[] = taskDistances(tasks),
): Map<string, FigureSpec> {
  const figures = new Map<string, FigureSpec>();
  const text = note === undefined ? {} : { note };
  const grid = commonGrid(tasks);
  for (const learned of tasks) {
    const { task, units, record } = learned;
    const last = recordsAt(learned, 'learned')[0]!;
    const order = last.filters.map((_, k) => k).sort((a, b) => last.weights[b]! - last.weights[a]!);
    figures.set(
      `${task}-gallery`,
      strfGalleryFigure({
        ...text,
        title: `Learned filters: ${task}, by weight`,
        filters: order.slice(0, 16).map((k) => ({
          ...filterTuning(last.filters[k]!, units),
          kernel: gaborKernel(last.filters[k]!, units.shape).real,
        })),
        ...units.shape,
        frameRate: units.frameRate,
        bandsPerOctave: units.bandsPerOctave,
      }),
    );
    const density = (when: BankRow['when']): Float64Array =>
      modulationDensity(
        filtersAt(learned, when).map((filter) => filterTuning(filter, units)),
        grid,
      );
    figures.set(
      `${task}-density`,
      stmGridFigure({
        ...text,
        title: `Density of filters: ${task}`,
        axes: grid,
        colourTitle: 'Share of filters per cell',
        perRow: 2,
        panels: [
          { title: 'start', values: density('start') },
          { title: 'learned', values: density('learned') },
        ],
      }),
    );
    const transfers = (['start', 'learned'] as const).map((when) =>
      bankTransfer(filtersAt(learned, when), units, {
        weights: recordsAt(learned, when).flatMap(({ weights }) => weights),
      }),
    );
    figures.set(
      `${task}-transfer`,
      stmGridFigure({
        ...text,
        title: `Modulation transfer function of the bank: ${task}`,
        axes: transfers[0]!,
        colourTitle: 'log10 share of energy',
        perRow: 2,
        colour: { palette: 'sequential', domain: [-6, -2.5] },
        panels: transfers.map(({ values }, i) => ({
          title: i === 0 ? 'start' : 'learned',
          values: values.map((value) => Math.log10(Math.max(value, 1e-12))),
        })),
      }),
    );
    figures.set(
      `${task}-scores`,
      comparisonFigure({
        ...text,
        title: `Learned filters and controls: ${task}`,
        intervalName: '95 % interval from resampling what is scored, and trainings',
        rows: record.conditions.flatMap(({ condition, scores }) =>
          record.measures
            .slice(0, 2)
            .map(({ name, title }) => ({ name: condition, metric: title, ...scores[name]! })),
        ),
      }),
    );
  }
  figures.set(
    'paths',
    strfTrajectoryFigure({
      ...text,
      paths: tasks.flatMap(({ task, units, histories }) =>
        histories.flatMap(({ records }) =>
          records[0]!.filters.map((_, k) => ({
            task,
            points: records.map(({ filters }) => filterTuning(filters[k]!, units)),
          })),
        ),
      ),
    }),
  );
  figures.set('drift', strfDriftFigure({ ...text, rows: tasks.flatMap(driftRows) }));
  const further = [...profileFigures(tasks, grid, text), ...comparisonFigures(tasks, grid, distances, text)];
  for (const [name, figure] of further) figures.set(name, figure);
  return figures;
}

/** What `strfFiguresStage` reads and writes. */
export interface StrfFiguresOptions {
  /** Folder with the tasks' results. */
  readonly results: string;
  /** Default `figures` in the results. */
  readonly out?: string;
  /** Whose filters are drawn; default "learn l2". */
  readonly condition?: string;
}

/**
 * Draws the learned filters of all tasks found: galleries, densities and transfer functions against the
 * start, paths, drift, distances, map and tree, published ranges; with `banks.csv`, `distances.csv` and
 * `published.csv`.
 *
 * @returns the files written.
 * @throws UserError (`input`) when no task has learned filters.
 */
export async function strfFiguresStage(
  options: StrfFiguresOptions,
  context: StageContext = {},
): Promise<string[]> {
  const { results, out = path.join(results, 'figures'), condition } = options;
  const tasks = learnedTasks(results, condition);
  if (tasks.length === 0)
    throw inputError(
      `${results}: no task has learned filters of "${condition ?? 'learn l2'}"; run "stm-lab strf speaker" (or speech, birds, urban) first`,
    );
  return trackedRun(
    context,
    {
      name: 'strf figures',
      key: `strf-figures-${path.resolve(out)}`,
      params: { tasks: tasks.map(({ task }) => task).join(',') },
      tags: { 'stm.stage': 'strf-figures' },
    },
    async (run) => {
      const files: string[] = [];
      const distances = taskDistances(tasks);
      for (const [name, figure] of strfFigures(tasks, context.note, distances)) {
        context.progress?.(`strf figures: ${name}`);
        files.push(
          ...(await saveFigure(figure, path.join(out, name), { formats: ['svg', 'png', 'vl.json'] })),
        );
      }
      const banks = describeTasks(tasks);
      for (const [name, rows] of [
        ['banks.csv', banks],
        ['distances.csv', distances],
        ['published.csv', publishedShares(tasks)],
      ] as const) {
        if (rows.length === 0) continue;
        const file = path.join(out, name);
        writeCsv(
          file,
          Object.keys(rows[0]!),
          rows.map((row) => ({ ...row })),
        );
        files.push(file);
      }
      for (const file of files) run?.logArtifact(file, 'figures');
      return files;
    },
  );
}
