import { inputError } from 'research-basics/errors';
import { checkSeed } from 'research-basics/random/seeds';
import type { LossOptions } from '../training/focalLoss';
import type { AdamConstants, Lookahead } from '../training/optimiser';
import { checkSchedule, type Schedule } from '../training/schedule';

/** When to stop before the last epoch. */
export interface EarlyStopping {
  /** `loss` or `accuracy` of the validation rows, or the name of one of the given metrics. */
  readonly monitor: string;
  /** Whether less or more of it is better. */
  readonly direction: 'minimise' | 'maximise';
  /** Epochs without improvement before stopping, 1 or more. Default 10. */
  readonly patience?: number;
  /** A change smaller than this is not an improvement. Default 0. */
  readonly minimumChange?: number;
}

/** How a network is trained. Every default is the published search protocol's (paper code, January 2025). */
export interface FitOptions extends Partial<Schedule> {
  /** Seed of initialisation, batch order, dropout and augmentation: 1 .. 2^31 - 1. Default 1. */
  readonly seed?: number;
  /** Passes over the training rows. Default 2. */
  readonly epochs?: number;
  /** Rows per micro-batch; the last of an epoch may be shorter and counts as whole. Default 256. */
  readonly batchSize?: number;
  /**
   * Micro-batches per weight update, whose mean gradient is used. The count continues over the end of an
   * epoch; what is left at the end of training is dropped. Default 8.
   */
  readonly accumulation?: number;
  /** Peak learning rate. Default 1e-4. */
  readonly learningRate?: number;
  /** Whether Adam's bias correction counts updates (`standard`) or, as Keras 3.0 to 3.4 did, micro-batches: see
   * `AdamRule.countsPerUpdate`. Default `keras-3.2`, as published. */
  readonly biasCorrection?: 'keras-3.2' | 'standard';
  readonly adam?: AdamConstants;
  /** Default: none. */
  readonly lookahead?: Lookahead | undefined;
  /** Share of each kernel taken away per update, times the learning rate (AdamW). Default 0. */
  readonly weightDecay?: number;
  readonly loss?: LossOptions;
  /** `shuffled` (default): a new order each epoch, from the seed. `stored`: as the rows lie. */
  readonly order?: 'shuffled' | 'stored';
  /** Standard deviation of normal noise added to each training feature. Default 0. */
  readonly inputNoise?: number;
  /**
   * Parameter of mixup (Zhang et al. 2018): each training row is blended with another of its micro-batch,
   * with a weight from Beta(mixup, mixup). Default 0: none.
   */
  readonly mixup?: number;
  readonly earlyStopping?: EarlyStopping;
  /** Which weights to return: those of the `best` epoch by early stopping's monitor (default with it), or the `last`. */
  readonly restore?: 'best' | 'last';
}

/** Options with every default filled in. */
export type ResolvedFitOptions = Required<Omit<FitOptions, 'earlyStopping'>> & {
  readonly earlyStopping: Required<EarlyStopping> | undefined;
};

/** Defaults of `FitOptions`: the published search protocol. */
export const PUBLISHED_FIT: ResolvedFitOptions = {
  seed: 1,
  epochs: 2,
  batchSize: 256,
  accumulation: 8,
  learningRate: 1e-4,
  schedule: 'constant',
  warmupUpdates: 0,
  finalRate: 0,
  cycleUpdates: undefined,
  biasCorrection: 'keras-3.2',
  adam: {},
  lookahead: undefined,
  weightDecay: 0,
  loss: {},
  order: 'shuffled',
  inputNoise: 0,
  mixup: 0,
  earlyStopping: undefined,
  restore: 'last',
};

/**
 * Fills in defaults and checks ranges.
 *
 * @throws UserError (`input`) naming the option, its value and what would be accepted.
 */
export function resolveFitOptions(options: FitOptions): ResolvedFitOptions {
  const { earlyStopping } = options;
  const resolved: ResolvedFitOptions = {
    ...PUBLISHED_FIT,
    ...options,
    earlyStopping:
      earlyStopping === undefined ? undefined : { patience: 10, minimumChange: 0, ...earlyStopping },
    restore: options.restore ?? (earlyStopping === undefined ? 'last' : 'best'),
  };
  checkSeed(resolved.seed);
  for (const name of ['epochs', 'batchSize', 'accumulation'] as const)
    if (!Number.isInteger(resolved[name]) || resolved[name] < 1)
      throw inputError(`fit option ${name} is ${resolved[name]}: must be a whole number from 1`);
  checkSchedule(resolved, 'fit option');
  for (const name of ['weightDecay', 'inputNoise', 'mixup'] as const)
    if (!(resolved[name] >= 0 && resolved[name] < Infinity))
      throw inputError(`fit option ${name} is ${resolved[name]}: must be 0 or more`);
  const choices = {
    biasCorrection: ['keras-3.2', 'standard'],
    order: ['shuffled', 'stored'],
    restore: ['best', 'last'],
  } as const;
  for (const [name, allowed] of Object.entries(choices) as [keyof typeof choices, readonly string[]][])
    if (!allowed.includes(resolved[name]))
      throw inputError(
        `fit option ${name} is "${resolved[name]}": must be ${allowed.map((c) => `"${c}"`).join(' or ')}`,
      );
  if (resolved.earlyStopping !== undefined && !(resolved.earlyStopping.patience >= 1))
    throw inputError(`early stopping patience ${resolved.earlyStopping.patience}: must be 1 or more`);
  if (resolved.restore === 'best' && resolved.earlyStopping === undefined)
    throw inputError('fit option restore "best" needs earlyStopping, which says what is best');
  return resolved;
}
