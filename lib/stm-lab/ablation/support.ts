import { quantile, type Interval } from '../evaluation';
import type { CellComparisons } from './compare';

/** How many recordings and groups of a class there are to learn from and to be scored on. */
export interface ClassSupport {
  readonly name: string;
  readonly recordings: number;
  readonly groups: number;
  /** Fewest and most groups of the class in one scored fold. */
  readonly groupsPerFold: { readonly fewest: number; readonly most: number };
}

/** What a corpus can tell in an ablation, and what it is too small for. */
export interface CorpusSupport {
  readonly recordings: number;
  readonly groups: number;
  readonly classes: readonly ClassSupport[];
  /** Median over the cells of half the width of the intervals: of the scores, and of the differences to all features. */
  readonly halfWidth: { readonly score: number; readonly difference: number };
  /** Median over the cells of the deviation of macro-F1 between seeds; null for one seed. */
  readonly seedDeviation: number | null;
  /** Cells whose difference to all features has an interval without 0. */
  readonly distinct: { readonly below: number; readonly above: number; readonly cells: number };
  /** Pairs of neighbouring cells whose difference has an interval without 0. */
  readonly neighbours: { readonly distinct: number; readonly pairs: number };
  /** The same in sentences. */
  readonly statements: readonly string[];
}

/** The rows that were scored, and how the cells came out on them. */
export interface CorpusSupportOptions {
  readonly labels: readonly string[];
  readonly groups: readonly string[];
  /** One division per seed: the fold in which each row was scored. */
  readonly folds: readonly Int32Array[];
  /** Scores of all cells, the reference included. */
  readonly scores: readonly Interval[];
  readonly comparisons: CellComparisons;
}

const below = ({ high }: Interval): boolean => high < 0;
const above = ({ low }: Interval): boolean => low > 0;

/** Says what the corpus supports: sizes, precision, and which differences between cells are beyond chance. */
export function corpusSupport(options: CorpusSupportOptions): CorpusSupport {
  const { labels, groups, folds, scores, comparisons } = options;
  const names = [...new Set(labels)].sort();
  const toReference = Object.values(comparisons.toReference);
  const deviations = Object.values(comparisons.deviations);
  const facts = {
    recordings: labels.length,
    groups: new Set(groups).size,
    classes: names.map((name): ClassSupport => {
      const rows = labels.flatMap((label, row) => (label === name ? [row] : []));
      const counts = folds.flatMap((division) => groupsByFold(division, groups, rows));
      return {
        name,
        recordings: rows.length,
        groups: new Set(rows.map((row) => groups[row]!)).size,
        groupsPerFold: { fewest: Math.min(...counts), most: Math.max(...counts) },
      };
    }),
    halfWidth: { score: medianHalfWidth(scores), difference: medianHalfWidth(toReference) },
    seedDeviation: deviations.some(Number.isNaN) ? null : medianOf(deviations),
    distinct: {
      below: toReference.filter(below).length,
      above: toReference.filter(above).length,
      cells: toReference.length,
    },
    neighbours: {
      distinct: comparisons.neighbours.filter(({ difference }) => below(difference) || above(difference))
        .length,
      pairs: comparisons.neighbours.length,
    },
  };
  return { ...facts, statements: supportStatements(facts) };
}

/** Groups of the given rows in each fold of a division. */
function groupsByFold(division: Int32Array, groups: readonly string[], rows: readonly number[]): number[] {
  const count = division.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  const scored = new Set(division);
  return Array.from(
    { length: count },
    (_, fold) => new Set(rows.filter((row) => division[row] === fold).map((row) => groups[row]!)).size,
  ).filter((_, fold) => scored.has(fold));
}

const medianHalfWidth = (intervals: readonly Interval[]): number =>
  medianOf(intervals.map(({ low, high }) => (high - low) / 2));

const medianOf = (values: readonly number[]): number => quantile(values, 0.5);

/** The sentences of `CorpusSupport`. */
export function supportStatements(facts: Omit<CorpusSupport, 'statements'>): string[] {
  const { classes, halfWidth, distinct, neighbours } = facts;
  const smallest = [...classes].sort((a, b) => a.groups - b.groups || a.recordings - b.recordings)[0]!;
  const { fewest, most } = smallest.groupsPerFold;
  const empty = classes.filter(({ groupsPerFold }) => groupsPerFold.fewest === 0);
  const unclear = distinct.cells - distinct.below - distinct.above;
  return [
    `${facts.recordings} recordings of ${facts.groups} groups in ${classes.length} classes; smallest class ${smallest.name}: ${smallest.recordings} recordings of ${smallest.groups} groups, ${fewest === most ? fewest : `${fewest} to ${most}`} groups in a scored fold.`,
    `95 % intervals are ±${halfWidth.score.toFixed(3)} for a cell's macro-F1 (other groups) and ±${halfWidth.difference.toFixed(3)} for its difference to all features (other groups and seeds, paired); medians over ${distinct.cells} cells.`,
    facts.seedDeviation === null
      ? 'One seed: the intervals leave out what another seed would change; use more seeds before ranking cells.'
      : `Another seed changes a cell's macro-F1 by ${facts.seedDeviation.toFixed(3)} (standard deviation, median over cells).`,
    `Supported: ${distinct.below} of ${distinct.cells} cells score below all features and ${distinct.above} above, with intervals that exclude 0.`,
    `Too small for: ${unclear === 0 ? '' : `telling the other ${unclear} cells from all features, and `}ranking neighbours: only ${neighbours.distinct} of ${neighbours.pairs} pairs of cells one cutoff apart differ with intervals that exclude 0. Intervals hold for one comparison each; of ${distinct.cells} true nulls about ${Math.round(0.05 * distinct.cells)} would seem to differ.`,
    ...(empty.length === 0
      ? []
      : [
          `Folds without a group of ${empty.map(({ name }) => name).join(', ')}: that class is then scored on the other folds only.`,
        ]),
  ];
}
