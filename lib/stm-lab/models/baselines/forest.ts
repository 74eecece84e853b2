import { inputError } from 'research-basics/errors';
import { randomState, type RandomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { balancedWeights } from '../../training/focalLoss';
import { checkFeatures, checkRows, type LabelledRows } from '../data';
import type { Classifier } from './classifier';

/** Options of the random forest. */
export interface ForestOptions {
  /** Default 200. */
  readonly trees?: number;
  /** Fewest training rows of a leaf, as drawn; default 5. */
  readonly leafRows?: number;
  /** Columns tried at every split; default the root of their number. */
  readonly columnsTried?: number;
  /** `balanced` (default): each class weighs the same in all, as with equal priors. */
  readonly classWeights?: 'none' | 'balanced';
  /** Default 1. */
  readonly seed?: number;
}

/** A leaf holds the shares of the classes, an inner node what it asks. */
type Node =
  | { readonly shares: Float64Array }
  | { readonly column: number; readonly threshold: number; readonly below: Node; readonly above: Node };

/**
 * Random forest (Breiman 2001): every tree is grown on rows drawn with replacement, splits lower the Gini impurity most among
 * a few columns drawn again at each node, and probabilities are the mean of the leaves' class shares.
 *
 * @throws UserError (`input`) for options out of range.
 */
export function randomForest(options: ForestOptions = {}): Classifier {
  const { trees = 200, leafRows = 5, classWeights = 'balanced', seed = 1 } = options;
  for (const [name, value] of Object.entries({ trees, leafRows }))
    if (!Number.isInteger(value) || value < 1)
      throw inputError(`random forest: ${name} ${value} must be a whole number from 1`);
  return {
    fit: (train, classes) => {
      checkRows(train, train.columns, classes, 'training rows');
      if (train.rows > MOST_ROWS)
        throw inputError(`random forest: ${train.rows} training rows are more than ${MOST_ROWS}; use fewer`);
      const { columns } = train;
      const tried = options.columnsTried ?? Math.max(1, Math.round(Math.sqrt(columns)));
      if (!Number.isInteger(tried) || tried < 1 || tried > columns)
        throw inputError(`random forest: columnsTried ${tried} must be a whole number from 1 to ${columns}`);
      const weights =
        classWeights === 'balanced' ? balancedWeights(train.y, classes) : new Float64Array(classes).fill(1);
      const forest = Array.from({ length: trees }, (_, tree) => {
        const state = randomState(deriveSeed(seed, 'tree', tree));
        const rows = Int32Array.from({ length: train.rows }, () => state.interval(train.rows - 1));
        return grow(train, rows, { weights, leafRows, tried, state });
      });
      return {
        description: `random forest, ${trees} trees, leaves of ${leafRows} rows, class weights ${classWeights}`,
        predictProbabilities: (x, rows) => {
          checkFeatures(x, rows, columns, 'rows');
          const probabilities = new Float32Array(rows * classes);
          for (let row = 0; row < rows; row++)
            for (const tree of forest) {
              const { shares } = leafOf(tree, x.subarray(row * columns, (row + 1) * columns));
              for (let c = 0; c < classes; c++) probabilities[row * classes + c]! += shares[c]! / trees;
            }
          return probabilities;
        },
      };
    },
  };
}

function leafOf(tree: Node, row: Float32Array): { readonly shares: Float64Array } {
  let node = tree;
  while ('column' in node) node = row[node.column]! <= node.threshold ? node.below : node.above;
  return node;
}

interface Growth {
  /** Of each class. */
  readonly weights: Float64Array;
  readonly leafRows: number;
  readonly tried: number;
  readonly state: RandomState;
}

function grow(train: LabelledRows, rows: Int32Array, growth: Growth): Node {
  const { y } = train;
  const counts = new Float64Array(growth.weights.length);
  for (const row of rows) counts[y[row]!]! += growth.weights[y[row]!]!;
  const total = counts.reduce((a, b) => a + b, 0);
  const split = counts.some((count) => count === total) ? undefined : bestSplit(train, rows, counts, growth);
  if (split === undefined) return { shares: counts.map((count) => count / total) };
  const { column, threshold } = split;
  const isBelow = (row: number): boolean => train.x[row * train.columns + column]! <= threshold;
  return {
    ...{ column, threshold },
    below: grow(train, rows.filter(isBelow), growth),
    above: grow(
      train,
      rows.filter((row) => !isBelow(row)),
      growth,
    ),
  };
}

/** The split of the lowest impurity among columns drawn for it; undefined where none leaves enough rows on both sides. */
function bestSplit(
  { x, y, columns }: LabelledRows,
  rows: Int32Array,
  counts: Float64Array,
  { weights, leafRows, tried, state }: Growth,
): { column: number; threshold: number } | undefined {
  let best: { column: number; threshold: number } | undefined;
  let highest = -Infinity;
  for (const column of state.permutation(columns).subarray(0, tried)) {
    const valueAt = (row: number): number => x[row * columns + column]!;
    const sorted = sortedBy(rows, valueAt);
    const [below, above] = [new Float64Array(counts.length), counts.slice()];
    for (let i = 0; i < sorted.length - leafRows; i++) {
      const label = y[sorted[i]!]!;
      below[label]! += weights[label]!;
      above[label]! -= weights[label]!;
      const [value, next] = [valueAt(sorted[i]!), valueAt(sorted[i + 1]!)];
      if (i + 1 < leafRows || value === next) continue;
      // Sums of squares over sums: highest where the weighted Gini impurity is lowest.
      const purity = purityOf(below) + purityOf(above);
      if (purity <= highest) continue;
      highest = purity;
      // The middle may round up to the next value.
      const middle = Math.fround(value + (next - value) / 2);
      best = { column, threshold: middle < next ? middle : value };
    }
  }
  return best;
}

/** Rows that a sorting key has room for. */
const MOST_ROWS = 2 ** 21;
const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

/** Rows in the order of float32 values: as numbers that hold value and place, which sort without calling back. */
function sortedBy(rows: Int32Array, valueAt: (row: number) => number): Int32Array {
  const keys = Float64Array.from(rows, (row, i) => {
    FLOAT[0] = valueAt(row);
    const bits = BITS[0]!;
    return (bits < 0 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0) * MOST_ROWS + i;
  }).sort();
  return Int32Array.from(keys, (key) => rows[key % MOST_ROWS]!);
}

function purityOf(counts: Float64Array): number {
  let [sum, squares] = [0, 0];
  for (const count of counts) {
    sum += count;
    squares += count * count;
  }
  return squares / sum;
}
