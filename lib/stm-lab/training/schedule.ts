import { inputError } from 'research-basics/errors';

/** Course of the learning rate over the updates of a training. */
export interface Schedule {
  /** Peak learning rate. */
  readonly learningRate: number;
  /**
   * `constant` (default); falling along a half `cosine` or a `linear` ramp from the peak to its share `finalRate`;
   * `cyclic`: rising and falling linearly between the two, the peak in the middle of each cycle (Smith 2017);
   * `warm-restarts`: a half cosine from the peak in every cycle (Loshchilov & Hutter 2017).
   */
  readonly schedule?: 'constant' | 'cosine' | 'linear' | 'cyclic' | 'warm-restarts';
  /** Updates over which the rate first rises from 0 to the peak. Default 0. */
  readonly warmupUpdates?: number;
  /** Lowest rate, as a share of the peak. Default 0. */
  readonly finalRate?: number;
  /** Updates of a cycle of `cyclic` and `warm-restarts`, which need it. */
  readonly cycleUpdates?: number | undefined;
}

/**
 * Checks a schedule's ranges.
 *
 * @param what names the place of the options at the start of the sentence, e.g. "fit option".
 * @throws UserError (`input`) naming the option, its value and what would be accepted.
 */
export function checkSchedule(options: Schedule, what: string): void {
  const { schedule = 'constant', cycleUpdates } = options;
  for (const name of ['learningRate', 'warmupUpdates', 'finalRate'] as const)
    if (!((options[name] ?? 0) >= 0 && (options[name] ?? 0) < Infinity))
      throw inputError(`${what} ${name} is ${options[name]}: must be 0 or more`);
  if (!['constant', 'cosine', 'linear', 'cyclic', 'warm-restarts'].includes(schedule))
    throw inputError(
      `${what} schedule is "${schedule}": must be "constant", "cosine", "linear", "cyclic" or "warm-restarts"`,
    );
  const cycles = ['cyclic', 'warm-restarts'].includes(schedule);
  if (cycles && !(Number.isInteger(cycleUpdates) && cycleUpdates! >= 2))
    throw inputError(
      `${what} cycleUpdates is ${cycleUpdates}: schedule "${schedule}" needs a whole number from 2`,
    );
}

/**
 * Learning rate of one update.
 *
 * @param update number of the update, from 1.
 * @param total updates of the whole training.
 */
export function scheduledRate(options: Schedule, update: number, total: number): number {
  const { learningRate, schedule = 'constant', warmupUpdates = 0, finalRate = 0 } = options;
  if (update <= warmupUpdates) return (learningRate * update) / (warmupUpdates + 1);
  if (schedule === 'constant') return learningRate;
  const done = update - 1 - warmupUpdates;
  const cycle = options.cycleUpdates ?? 1;
  const progress =
    schedule === 'cosine' || schedule === 'linear'
      ? Math.min(done / Math.max(total - warmupUpdates, 1), 1)
      : (done % cycle) / cycle;
  const share =
    schedule === 'linear'
      ? 1 - progress
      : schedule === 'cyclic'
        ? 1 - Math.abs(1 - 2 * progress)
        : (1 + Math.cos(Math.PI * progress)) / 2;
  return learningRate * (finalRate + (1 - finalRate) * share);
}
