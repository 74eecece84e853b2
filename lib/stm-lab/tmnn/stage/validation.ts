import type { Run } from 'mlflow-tracking-client';
import { loadEngine } from '../../engine';
import type { StageContext } from '../../stages/context';
import { runCell } from './cell';
import type { TmnnExperiment } from './experiment';
import { readyCollections } from './ready';
import type { TmnnStudyOptions } from './study';

/** Trainings that are compared by their validation clips alone. */
export interface TmnnValidation {
  /** Description of the TensorFlow in use. */
  readonly engine: string;
  /** Hash of all recordings, labels and parts, by seed. */
  readonly clips: Readonly<Record<string, string>>;
  /**
   * Trains every system of an experiment with every seed, a folder each below `out`; what was finished is reused.
   *
   * @returns the mean validation loss of their best epochs.
   */
  score(experiment: TmnnExperiment, out: string, parent: Run | undefined): Promise<number>;
}

/**
 * Prepares trainings of variants of an experiment on the same clips.
 *
 * @throws UserError (`input`) when no recording can be read.
 */
export async function tmnnValidation(
  { experiment, root, out, cache }: Omit<TmnnStudyOptions, 'resamples'>,
  context: StageContext,
): Promise<TmnnValidation> {
  const engine = await loadEngine({ kernels: 'onednn', signal: context.signal });
  const readyFor = (own: TmnnExperiment, about: StageContext): ReturnType<typeof readyCollections> =>
    readyCollections({ experiment: own, root, out, ...(cache === undefined ? {} : { cache }) }, about);
  const ready = await readyFor(experiment, context);
  return {
    engine: engine.description,
    clips: Object.fromEntries(ready.map(({ hash }, i) => [`clips-seed-${experiment.seeds[i]}`, hash])),
    async score(variant, folder, parent) {
      // Another analysis needs other spectrograms; what could not be read was reported before.
      const own = await readyFor(variant, { ...context, warn: undefined });
      const losses: number[] = [];
      for (const system of variant.systems)
        for (const [i, seed] of variant.seeds.entries()) {
          const cell = await runCell(engine, variant, system, seed, own[i]!, folder, context, parent);
          losses.push(cell.history[cell.bestEpoch - 1]!.validationLoss);
        }
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    },
  };
}
