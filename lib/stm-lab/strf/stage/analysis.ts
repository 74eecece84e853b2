import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson } from 'research-basics/files';
import { quantile } from '../../evaluation';
import type { DriftRow } from '../../figures';
import {
  describeBank,
  displacements,
  filterTuning,
  PUBLISHED_RANGES,
  shareWithin,
  type BankDescription,
  type StrfTaskName,
  type TrainingRecord,
  type UnitContext,
} from '..';
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

/** Each seed's record at the start, or the one that is scored. */
export const recordsAt = ({ histories }: LearnedTask, when: BankRow['when']): TrainingRecord[] =>
  histories.map(({ records }) =>
    when === 'start' ? records[0]! : (records.find(({ chosen }) => chosen === true) ?? records.at(-1)!),
  );

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

/**
 * Medians and quartiles over filters of |rate| and of the way from the start, and over trainings of the share of sigmas on a
 * bound, at every record: of the trainings that have not stopped before.
 */
export function driftRows({ task, units, histories }: LearnedTask): DriftRow[] {
  const longest = Math.max(...histories.map(({ records }) => records.length));
  return Array.from({ length: longest }, (_, i) => i).flatMap((i) => {
    const running = histories.filter(({ records }) => records.length > i);
    const { step } = running[0]!.records[i]!;
    const now = running.flatMap(({ records }) => records[i]!.filters);
    const start = running.flatMap(({ records }) => records[0]!.filters);
    const tuned = now.map((filter) => filterTuning(filter, units));
    const measures: [string, number[]][] = [
      ['|rate| (Hz)', tuned.map(({ rateHz }) => Math.abs(rateHz))],
      [
        'path from the start (bandwidths)',
        displacements(start, now, units).map(({ rate, scale }) => Math.hypot(rate, scale)),
      ],
      [
        'sigmas on a bound (%)',
        running.map(({ records }) => (100 * records[i]!.clamped) / (2 * records[i]!.filters.length)),
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

/** How many filters of a task lie where a study found that modulations matter to listeners. */
export interface PublishedShareRow {
  readonly task: StrfTaskName;
  readonly range: string;
  readonly source: string;
  /** Share of the filters of all seeds, 0 .. 1, before and after training. */
  readonly start: number;
  readonly learned: number;
}

/** Shares of filters within published ranges: learned ones mean nothing without those of the start. */
export function publishedShares(tasks: readonly LearnedTask[]): PublishedShareRow[] {
  return tasks.flatMap((learned) =>
    PUBLISHED_RANGES.map((range) => ({
      task: learned.task,
      range: range.name,
      source: range.source,
      start: shareWithin(filtersAt(learned, 'start'), learned.units, range),
      learned: shareWithin(filtersAt(learned, 'learned'), learned.units, range),
    })),
  );
}
