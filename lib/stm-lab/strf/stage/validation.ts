import * as path from 'node:path';
import type { Run } from 'mlflow-tracking-client';
import { inputError } from 'research-basics/errors';
import { CALL_CLASSIFIERS, type StrfTaskName, type TaskMeasure } from '..';
import { loadEngine } from '../../engine';
import type { StageContext } from '../../stages/context';
import { runStrfCell } from './cell';
import type { StrfExperiment } from './experiment';
import { prepareStrfTask, type StrfTaskStageOptions } from './task';

/** Settings of one task. */
export type StrfSection = StrfExperiment[StrfTaskName];

/** Trainings of a task that are compared by their development part alone. */
export interface StrfValidation {
  /** Description of the TensorFlow in use. */
  readonly engine: string;
  /** Hash of all recordings and parts. */
  readonly sounds: string;
  readonly measure: TaskMeasure;
  /**
   * Trains every condition of a section with every seed, a folder each below `out`; what was finished is reused.
   *
   * @returns the mean development score of their best records.
   */
  score(section: StrfSection, out: string, parent: Run | undefined): Promise<number>;
}

/** A section whose trainings end in their best record, by which they are compared. */
export const developing = <T extends StrfSection>(section: T): T => ({
  ...section,
  training: { ...section.training, epoch: 'best' },
});

/**
 * Prepares trainings of variants of a task's settings on the same development part; test recordings are not scored.
 *
 * @throws UserError (`input`) when no recording can be read, nothing can be held out, or no condition has a network.
 */
export async function strfValidation(
  { task, source, out, noise, experiment }: Omit<StrfTaskStageOptions, 'conditions' | 'seeds' | 'resamples'>,
  context: StageContext,
): Promise<StrfValidation> {
  const conditions = experiment[task].conditions.filter(
    (name) => !(CALL_CLASSIFIERS as readonly string[]).includes(name),
  );
  if (conditions.length === 0)
    throw inputError(`${task}: no condition has a network whose settings could be searched`);
  const engine = await loadEngine({ signal: context.signal });
  const prepare = (section: StrfSection): ReturnType<typeof prepareStrfTask> =>
    prepareStrfTask(
      task,
      source,
      { ...experiment, [task]: developing(section) },
      { noise, cache: path.join(out, 'sounds'), signal: context.signal },
    );
  const { hash, development: measure } = await prepare(experiment[task]);
  return {
    engine: engine.description,
    sounds: hash,
    measure,
    async score(section, folder, parent) {
      // Another front end, or other lengths, need other spectrograms.
      const prepared = await prepare(section);
      const settings = developing(section);
      const scores: number[] = [];
      for (const condition of conditions)
        for (let seed = 1; seed <= section.seeds; seed++) {
          const cell = {
            engine,
            prepared,
            condition,
            seed,
            settings,
            out: folder,
            purpose: 'development',
          } as const;
          scores.push((await runStrfCell(cell, context, parent)).metrics['development']!);
        }
      return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    },
  };
}
