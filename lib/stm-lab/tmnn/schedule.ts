import { inputError } from 'research-basics/errors';
import type { OptimiserOptions } from '../training';

/** A stretch of epochs under one rule and learning rate. */
export interface Stage {
  readonly rule: 'adam' | 'sgd';
  readonly learningRate: number;
  readonly epochs: number;
}

/**
 * The published schedule: Adam, then Nesterov momentum in three falling steps; each change goes back to the best
 * weights so far.
 */
export const PUBLISHED_STAGES: readonly Stage[] = [
  { rule: 'adam', learningRate: 1e-4, epochs: 80 },
  { rule: 'sgd', learningRate: 1e-3, epochs: 20 },
  { rule: 'sgd', learningRate: 1e-4, epochs: 20 },
  { rule: 'sgd', learningRate: 1e-5, epochs: 80 },
];

/** How a network is trained. */
export interface TmnnFitOptions {
  /** Default `PUBLISHED_STAGES`. */
  readonly stages?: readonly Stage[];
  /** Segments an update; default 16. What is left over at the end of an epoch is dropped. */
  readonly batchSize?: number;
  /** Coupled L2; default 1e-4. */
  readonly decay?: number;
  /** Windows a clip in validation; default 16. */
  readonly windows?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** The optimiser of a stage: the constants that the published training uses. */
export function stageOptimiser({ rule }: Stage, decay: number): OptimiserOptions {
  return rule === 'adam'
    ? { rule: { kind: 'adam' }, decay }
    : { rule: { kind: 'sgd', momentum: 0.9, form: 'nesterov' }, decay };
}

/**
 * `TmnnFitOptions` with every default.
 *
 * @throws UserError (`input`) for a schedule, learning rate or batch size that cannot be trained with.
 */
export function resolveFit(options: TmnnFitOptions): Required<TmnnFitOptions> {
  const resolved = {
    stages: PUBLISHED_STAGES,
    batchSize: 16,
    decay: 1e-4,
    windows: 16,
    seed: 1,
    ...options,
  };
  if (resolved.stages.length === 0) throw inputError('tmnn: the schedule has no stages');
  for (const { learningRate, epochs } of resolved.stages)
    if (!(learningRate > 0) || !Number.isInteger(epochs) || epochs < 1)
      throw inputError(
        `tmnn: a stage of ${epochs} epochs at learning rate ${learningRate}; give whole epochs from 1 and a rate above 0`,
      );
  if (!Number.isInteger(resolved.batchSize) || resolved.batchSize < 2)
    throw inputError(`tmnn: batchSize ${resolved.batchSize} must be a whole number from 2`);
  return resolved;
}
