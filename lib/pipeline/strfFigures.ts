import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeCsv } from '../base/csv';
import { inputError } from '../base/errors';
import { readJson } from '../base/files';
import { quantile } from '../evaluation';
import {
  comparisonFigure,
  saveFigure,
  stmGridFigure,
  strfDistanceFigure,
  strfDriftFigure,
  strfGalleryFigure,
  strfTrajectoryFigure,
  type DriftRow,
  type FigureSpec,
} from '../figures';
import {
  bankTransfer,
  describeBank,
  displacements,
  filterTuning,
  gaborKernel,
  jensenShannonDistance,
  modulationDensity,
  modulationGrid,
  nullDistances,
  type BankDescription,
  type ModulationGrid,
  type StrfTaskName,
  type TrainingRecord,
  type UnitContext,
} from '../strf';
import { trackedRun, type StageContext } from './context';
import type { StrfFilterHistory, StrfTaskRecord } from './strf';
import { STRF_TASKS } from './strfExperiment';

/** Learned filters of one task, all seeds of one condition together. */
export interface LearnedTask {
  readonly task: StrfTaskName;
  readonly record: StrfTaskRecord;
  readonly units: UnitContext;
  readonly histories: readonly StrfFilterHistory[];
}

/** Row of the table that describes banks: before and after training, mean over seeds. */
export interface BankRow extends BankDescription {
  readonly task: StrfTaskName;
  readonly when: 'start' | 'learned';
}

/**
 * The tasks of a results folder that have learned filters of a condition.
 *
 * @param condition default "learn l2".
 */
export function learnedTasks(results: string, condition = 'learn l2'): LearnedTask[] {
  return STRF_TASKS.flatMap((task): LearnedTask[] => {
    const folder = path.join(results, task);
    const files = ['results.json', 'filters.json'].map((name) => path.join(folder, name));
    if (!files.every((file) => fs.existsSync(file))) return [];
    const record = readJson<StrfTaskRecord>(files[0]!);
    const histories = readJson<StrfFilterHistory[]>(files[1]!).filter(
      (history) => history.condition === condition,
    );
    return histories.length === 0 ? [] : [{ task, record, units: record.units, histories }];
  });
}

const ends = ({ histories }: LearnedTask, when: BankRow['when']): TrainingRecord[] =>
  histories.map(({ records }) => (when === 'start' ? records[0]! : records.at(-1)!));

const filtersAt = (learned: LearnedTask, when: BankRow['when']): TrainingRecord['filters'] =>
  ends(learned, when).flatMap(({ filters }) => filters);

/** Descriptions of every task's banks at the start and at the end, unweighted, mean over seeds. */
export function describeTasks(tasks: readonly LearnedTask[]): BankRow[] {
  return tasks.flatMap((learned) =>
    (['start', 'learned'] as const).map((when) => {
      const each = ends(learned, when).map(({ filters }) => describeBank(filters, learned.units));
      const names = Object.keys(each[0]!) as (keyof BankDescription)[];
      const means = Object.fromEntries(
        names.map((name) => [name, each.reduce((sum, bank) => sum + bank[name], 0) / each.length]),
      ) as unknown as BankDescription;
      return { task: learned.task, when, ...means };
    }),
  );
}

/** Distance of two tasks' filters, beside what chance gives. */
export interface TaskDistance {
  readonly first: string;
  readonly second: string;
  /** Jensen-Shannon distance of densities, 0 .. 1, mean over pairs of seeds. */
  readonly distance: number;
  /** (distance - mean of untrained banks) / their standard deviation. */
  readonly z: number;
}

/**
 * Distances between the densities of tasks' learned filters, seed by seed, and of each task to itself
 * (other seeds) and to its own start; all against distances of untrained banks of the same size and units.
 */
export function taskDistances(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid = commonGrid(tasks),
): TaskDistance[] {
  const densities = (learned: LearnedTask, when: BankRow['when']): Float64Array[] =>
    ends(learned, when).map(({ filters }) =>
      modulationDensity(
        filters.map((filter) => filterTuning(filter, learned.units)),
        grid,
      ),
    );
  const compare = (
    [first, a]: readonly [string, readonly Float64Array[]],
    [second, b]: readonly [string, readonly Float64Array[]],
    of: readonly [LearnedTask, LearnedTask],
  ): TaskDistance[] => {
    // Banks of one seed share their start: only pairs of different seeds are independent.
    const pairs = a.flatMap((p, i) =>
      b.flatMap((q, j) => {
        const apart = of[0] !== of[1] || (first === second ? i < j : i !== j);
        return apart ? [[p, q] as const] : [];
      }),
    );
    if (pairs.length === 0) return [];
    const distance = pairs.reduce((sum, [p, q]) => sum + jensenShannonDistance(p, q), 0) / pairs.length;
    const sizes = of.map(({ histories, units }) => ({
      filters: histories[0]!.records[0]!.filters.length,
      units,
    }));
    const chance = nullDistances([sizes[0]!, sizes[1]!], grid);
    return [{ first, second, distance, z: (distance - chance.mean) / chance.deviation }];
  };
  const learned = tasks.map((task) => [task.task, densities(task, 'learned')] as const);
  const between = learned.flatMap((a, i) =>
    learned.slice(i).flatMap((b, j) => compare(a, b, [tasks[i]!, tasks[i + j]!])),
  );
  const moved = tasks.flatMap((task, i) =>
    compare([`${task.task} start`, densities(task, 'start')], learned[i]!, [task, task]),
  );
  return [...between, ...moved];
}

function commonGrid(tasks: readonly LearnedTask[]): ModulationGrid {
  return modulationGrid({
    scaleCycPerOct: Math.max(...tasks.map(({ units }) => 0.3 * units.bandsPerOctave), 0.1),
  });
}

/** Figures of learned filters by name. */
export function strfFigures(tasks: readonly LearnedTask[], note?: string): Map<string, FigureSpec> {
  const figures = new Map<string, FigureSpec>();
  const text = note === undefined ? {} : { note };
  const grid = commonGrid(tasks);
  for (const learned of tasks) {
    const { task, units, record } = learned;
    const last = ends(learned, 'learned')[0]!;
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
        weights: ends(learned, when).flatMap(({ weights }) => weights),
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
        intervalName: '95 % interval from resampling what is judged',
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
  const distances = taskDistances(tasks, grid);
  // One task with one seed has nothing to be compared with.
  if (distances.length > 0) figures.set('distances', strfDistanceFigure({ ...text, distances }));
  return figures;
}

/** Medians and quartiles of |rate|, scale and displacement at every record of training. */
export function driftRows({ task, units, histories }: LearnedTask): DriftRow[] {
  const steps = histories[0]!.records.map(({ step }) => step);
  return steps.flatMap((step, i) => {
    const now = histories.flatMap(({ records }) => records[i]!.filters);
    const start = histories.flatMap(({ records }) => records[0]!.filters);
    const tuned = now.map((filter) => filterTuning(filter, units));
    const measures: [string, number[]][] = [
      ['|rate| (Hz)', tuned.map(({ rateHz }) => Math.abs(rateHz))],
      [
        'path from the start (bandwidths)',
        displacements(start, now, units).map(({ rate, scale }) => Math.hypot(rate, scale)),
      ],
    ];
    return measures.map(([measure, values]) => ({
      task,
      step,
      measure,
      median: quantile(values, 0.5),
      lowerQuartile: quantile(values, 0.25),
      upperQuartile: quantile(values, 0.75),
    }));
  });
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
 * start, paths, drift, distances; with `banks.csv` and `distances.csv`.
 *
 * @returns the files written.
 * @throws StmLabError (`input`) when no task has learned filters.
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
      for (const [name, figure] of strfFigures(tasks, context.note)) {
        context.progress?.(`strf figures: ${name}`);
        files.push(
          ...(await saveFigure(figure, path.join(out, name), { formats: ['svg', 'png', 'vl.json'] })),
        );
      }
      const banks = describeTasks(tasks);
      const distances = taskDistances(tasks);
      for (const [name, rows] of [
        ['banks.csv', banks],
        ['distances.csv', distances],
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
