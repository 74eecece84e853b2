import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { type BootstrapOptions, groupBootstrap, type GroupDesign, type Interval } from './bootstrap';
import { argmaxScores, type Confusion } from './confusion';
import { checkPredictions, mostProbable, type Predictions } from './predictions';

/** Predictions of one model over the same rows: one entry per repeat (training seed), at least one. */
export type Repeats = readonly Float32Array[];

/** Difference in macro-F1 between two models on the same rows. */
export interface Comparison {
  /** First minus second, with its group-bootstrap interval. */
  readonly difference: Interval;
  readonly first: number;
  readonly second: number;
  /**
   * Probability of so large a difference, either way, if it did not matter which model made a group's
   * predictions: the models are exchanged group by group at random.
   */
  readonly pValue: number;
}

/** Counts per row and predicted class, averaged over repeats: everything macro-F1 needs to know. */
function voteShares(labels: Int32Array, repeats: Repeats, classes: number): Float64Array {
  const shares = new Float64Array(labels.length * classes);
  for (const probabilities of repeats)
    mostProbable(probabilities, classes).forEach((c, row) => {
      shares[row * classes + c]! += 1 / repeats.length;
    });
  return shares;
}

function macroF1Of(
  labels: Int32Array,
  shares: Float64Array,
  classes: number,
  weights?: Float64Array,
): number {
  const counts: Confusion = { classes, counts: new Float64Array(classes * classes) };
  for (let row = 0; row < labels.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    if (weight === 0) continue;
    for (let c = 0; c < classes; c++)
      counts.counts[labels[row]! * classes + c]! += weight * shares[row * classes + c]!;
  }
  return argmaxScores(counts).macroF1;
}

/**
 * Compares two models by macro-F1 at the most probable class, paired: both on the same resamples. With
 * several repeats each, the F1 is that of the counts averaged over repeats.
 *
 * @throws UserError (`input`) when the sizes disagree.
 */
export function compareModels(
  rows: GroupDesign & Pick<Predictions, 'classes'>,
  first: Repeats,
  second: Repeats,
  options: BootstrapOptions = {},
): Comparison {
  const { labels, groups, classes } = rows;
  if (first.length === 0 || second.length === 0) throw inputError('comparison: a model has no predictions');
  for (const probabilities of [...first, ...second]) checkPredictions({ labels, probabilities, classes });
  const a = voteShares(labels, first, classes);
  const b = voteShares(labels, second, classes);
  const { difference } = groupBootstrap(
    rows,
    (weights) => ({
      difference: macroF1Of(labels, a, classes, weights) - macroF1Of(labels, b, classes, weights),
    }),
    options,
  );
  const { resamples = 2000, seed = 1 } = options;
  const names = [...new Set(groups)];
  const place = new Map(names.map((name, i) => [name, i]));
  let asLarge = 0;
  for (let n = 0; n < resamples; n++) {
    const state = randomState(deriveSeed(seed, 'exchange', n));
    const exchanged = names.map(() => state.interval(1));
    const x = a.slice();
    const y = b.slice();
    for (let row = 0; row < labels.length; row++) {
      if (exchanged[place.get(groups[row]!)!] === 0) continue;
      const [from, to] = [row * classes, (row + 1) * classes];
      x.set(b.subarray(from, to), from);
      y.set(a.subarray(from, to), from);
    }
    const drawn = macroF1Of(labels, x, classes) - macroF1Of(labels, y, classes);
    if (Math.abs(drawn) >= Math.abs(difference.value) - 1e-12) asLarge++;
  }
  return {
    difference,
    first: macroF1Of(labels, a, classes),
    second: macroF1Of(labels, b, classes),
    // The observed assignment is one of the possible ones (Phipson & Smyth 2010).
    pValue: (asLarge + 1) / (resamples + 1),
  };
}
