import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson } from '../../base/files';
import { quantile } from '../../evaluation';
import type { DriftRow } from '../../figures';
import {
  describeBank,
  displacements,
  filterTuning,
  jensenShannonDistance,
  modulationDensity,
  modulationGrid,
  nullDistances,
  type BankDescription,
  type ModulationGrid,
  type StrfTaskName,
  type TrainingRecord,
  type UnitContext,
} from '../../strf';
import type { StrfFilterHistory } from './task';
import { STRF_TASKS } from './experiment';
import type { StrfTaskRecord } from './scores';

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

/** Each seed's record at the start or at the end. */
export const recordsAt = ({ histories }: LearnedTask, when: BankRow['when']): TrainingRecord[] =>
  histories.map(({ records }) => (when === 'start' ? records[0]! : records.at(-1)!));

/** All seeds' filters at the start or at the end. */
export const filtersAt = (learned: LearnedTask, when: BankRow['when']): TrainingRecord['filters'] =>
  recordsAt(learned, when).flatMap(({ filters }) => filters);

/** Descriptions of every task's banks at the start and at the end, unweighted, mean over seeds. */
export function describeTasks(tasks: readonly LearnedTask[]): BankRow[] {
  return tasks.flatMap((learned) =>
    (['start', 'learned'] as const).map((when) => {
      const each = recordsAt(learned, when).map(({ filters }) => describeBank(filters, learned.units));
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
    recordsAt(learned, when).map(({ filters }) =>
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
    // Banks of one seed share their start, also across tasks: only pairs of different seeds are independent.
    const pairs = a.flatMap((p, i) =>
      b.flatMap((q, j) => ((first === second ? i < j : i !== j) ? [[p, q] as const] : [])),
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

/** One grid for the densities of several tasks. */
export function commonGrid(tasks: readonly LearnedTask[]): ModulationGrid {
  return modulationGrid({
    scaleCycPerOct: Math.max(...tasks.map(({ units }) => 0.3 * units.bandsPerOctave), 0.1),
  });
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
