import { randomState } from 'research-basics/random/mt19937';

/** Random decisions of one recording, all from one seed, in the order they are asked for. */
export interface Draw {
  /** Number in [low, high). */
  uniform(low: number, high: number): number;
  /** Number in [low, high) whose logarithm is uniform: for frequencies, durations and rates. */
  ratio(low: number, high: number): number;
  /** Integer in [low, high], both included. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items, all equally likely. */
  pick<T>(items: readonly T[]): T;
  /** The items in random order (a copy). */
  shuffled<T>(items: readonly T[]): T[];
  /** Normal value. */
  normal(mean: number, deviation: number): number;
  /** Uniform noise in [-1, 1), one 32-bit draw a sample. */
  noise(): number;
}

/** The decisions that follow from a seed (1 .. 2^31 - 1, by `deriveSeed`). */
export function drawFrom(seed: number): Draw {
  const state = randomState(seed);
  const uniform = (low: number, high: number): number => low + (high - low) * state.double();
  return {
    uniform,
    ratio: (low, high) => low * Math.pow(high / low, state.double()),
    integer: (low, high) => low + state.interval(high - low),
    chance: (probability) => state.double() < probability,
    pick: (items) => items[state.interval(items.length - 1)]!,
    shuffled: (items) => state.shuffle([...items]),
    normal: (mean, deviation) => mean + deviation * state.normal(),
    noise: () => state.uint32() / 2147483648 - 1,
  };
}
