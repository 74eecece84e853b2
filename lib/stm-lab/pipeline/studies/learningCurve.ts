import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import {
  argmaxScores,
  countConfusion,
  drawCounts,
  fitPowerLaw,
  groupBootstrap,
  type Interval,
  mostProbable,
  powerLawCrossing,
  powerLawError,
  quantile,
} from '../../evaluation';
import { plotFigure } from '../../figures';
import type { Division } from './divisions';
import { beyondChance, columnsOf, metricsOf, ranged, type StudyOutcome } from './record';

/** The size with which the last one is compared: two before it, a quarter of the data where sizes double. */
const earlier = (last: number): number => Math.max(0, last - 2);

/** How far beyond the corpus crossings are searched for. */
const HORIZON = 100;

/** What the curves are drawn from. */
export interface LearningCurveInput {
  /** The first is the reference. */
  readonly systems: readonly string[];
  /** Shares of the training groups, ascending; the last is 1. */
  readonly shares: readonly number[];
  readonly resamples: number;
  readonly divisions: readonly {
    readonly division: Division;
    /** Mean number of training recordings for each share. */
    readonly sizes: readonly number[];
    /** System x share x draw: probabilities of the scored recordings. */
    readonly predictions: readonly (readonly (readonly Float32Array[])[])[];
  }[];
  readonly note?: string | undefined;
}

/**
 * Training rows of a share of each class's groups, at least one. For one seed the groups come in one order, so that a
 * smaller share lies within a larger one.
 *
 * @param groups group of each recording.
 * @param y class of each recording.
 */
export function shareOfGroups(
  rows: Int32Array,
  groups: Int32Array,
  y: Int32Array,
  share: number,
  seed: number,
): Int32Array {
  const ofClass = new Map<number, Set<number>>();
  for (const row of rows) ofClass.set(y[row]!, (ofClass.get(y[row]!) ?? new Set()).add(groups[row]!));
  const chosen = new Map(
    [...ofClass].map(([label, own]) => {
      const order = randomState(deriveSeed(seed, 'groups', label)).shuffle([...own].sort((a, b) => a - b));
      return [label, new Set(order.slice(0, Math.max(1, Math.round(share * order.length))))];
    }),
  );
  return rows.filter((row) => chosen.get(y[row]!)!.has(groups[row]!));
}

type Curves = LearningCurveInput['divisions'][number];

/**
 * Does more data close the gap? Macro-F1 against the number of training recordings, a power law with a floor through each
 * curve, and the size at which the curves of two systems cross, with intervals from resampling groups and draws together.
 */
export function learningCurves(input: LearningCurveInput): StudyOutcome {
  const each = input.divisions.map((curves) => curvesOf(curves, input));
  const rows = each.flatMap(({ rows }) => rows);
  return {
    rows,
    verdict: each.flatMap(({ verdict }) => verdict),
    metrics: Object.assign({}, ...each.map(({ metrics }) => metrics)) as Record<string, number>,
    figure: plotFigure(
      rows.map((row) => ({ ...row, curve: `${String(row['features'])}, ${String(row['division'])}` })),
      {
        ...{ x: 'training recordings', y: 'macro-F1', low: 'macro-F1 low', high: 'macro-F1 high' },
        ...{ colour: 'curve', xScale: 'log', title: 'Does more data close the gap?', note: input.note },
      },
    ),
  };
}

function curvesOf(
  { division, sizes, predictions }: Curves,
  { systems, shares, resamples }: LearningCurveInput,
): Omit<StudyOutcome, 'figure'> {
  const last = sizes.length - 1;
  const { statistics, crossings } = resampledCurves({ division, sizes, predictions }, resamples);
  const of = (name: string): Interval => statistics[name]!;
  const size = (n: number): string => String(Math.round(n));
  const verdict = systems.map((name, s) => {
    const [first, all] = [of(`score ${s} 0`), of(`score ${s} ${last}`)];
    const curve = `${division.name}, ${name}: macro-F1 ${first.value.toFixed(3)} from ${size(sizes[0]!)} training recordings, ${ranged(all)} from ${size(sizes[last]!)}; the fitted power law expects ${ranged(of(`tenfold ${s}`))} from ten times as many (exponent ${ranged(of(`exponent ${s}`))}, limit ${ranged(of(`limit ${s}`))})`;
    if (s === 0) return `${curve}.`;
    const gap = of(`difference ${s} ${last}`);
    const change = of(`gap ${s}`);
    const moves =
      beyondChance(change) === 'neither'
        ? 'does not change beyond chance'
        : change.value * gap.value > 0
          ? 'widens'
          : 'narrows';
    return `${curve}; its difference from ${systems[0]} is ${ranged(gap)} and ${moves} from ${size(sizes[earlier(last)]!)} training recordings to all (${ranged(change)}); ${crossingText(of(`crossing ${s}`).value, crossings[s]!, sizes[last]!)}.`;
  });
  return {
    verdict,
    rows: systems.flatMap((name, s) =>
      sizes.map((own, i) => ({
        ...{ division: division.name, features: name, share: shares[i]!, 'training recordings': own },
        ...columnsOf('macro-F1', of(`score ${s} ${i}`)),
        ...columnsOf('difference', of(`difference ${s} ${i}`)),
      })),
    ),
    metrics: metricsOf(
      systems.map((name, s) => [`${division.name} macro-F1/${name}`, of(`score ${s} ${last}`)]),
    ),
  };
}

/** Scores, fits and their differences on the same resamples of groups and draws, by name. */
function resampledCurves(
  { division, sizes, predictions }: Curves,
  resamples: number,
): { readonly statistics: Record<string, Interval>; readonly crossings: readonly (readonly number[])[] } {
  const { labels, classes } = division;
  const predicted = predictions.map((bySize) =>
    bySize.map((draws) => draws.map((own) => mostProbable(own, classes.length))),
  );
  const draws = predicted[0]![0]!.length;
  const last = sizes.length - 1;
  const once = new Float64Array(draws).fill(1);
  const crossings = predictions.map(() => [] as number[]);
  const statistics = groupBootstrap(
    division,
    (weights, resample) => {
      const times = resample === undefined ? once : drawCounts(draws, deriveSeed(1, 'draws', resample));
      const scoreOf = (own: readonly Int32Array[]): number =>
        own.reduce((sum, classesOf, d) => {
          if (times[d] === 0) return sum;
          const confusion = countConfusion(labels, classesOf, classes.length, weights);
          return sum + (times[d]! * argmaxScores(confusion).macroF1) / draws;
        }, 0);
      const scores = predicted.map((bySize) => bySize.map(scoreOf));
      const laws = scores.map((own) =>
        fitPowerLaw(
          sizes,
          own.map((score) => 1 - score),
        ),
      );
      const values: Record<string, number> = {};
      scores.forEach((own, s) => {
        const gaps = own.map((score, i) => score - scores[0]![i]!);
        own.forEach((score, i) => {
          values[`score ${s} ${i}`] = score;
          values[`difference ${s} ${i}`] = gaps[i]!;
        });
        // Measured, not extrapolated.
        values[`gap ${s}`] = gaps[last]! - gaps[earlier(last)]!;
        values[`limit ${s}`] = 1 - laws[s]!.floor;
        values[`exponent ${s}`] = laws[s]!.exponent;
        values[`tenfold ${s}`] = 1 - powerLawError(laws[s]!, 10 * sizes[last]!);
        values[`crossing ${s}`] = powerLawCrossing(laws[s]!, laws[0]!, sizes[0]!, HORIZON * sizes[last]!);
        if (resample !== undefined) crossings[s]!.push(values[`crossing ${s}`]!);
      });
      return values;
    },
    { resamples },
  );
  return { statistics, crossings };
}

function crossingText(value: number, crossings: readonly number[], largest: number): string {
  const found = crossings.filter((own) => !Number.isNaN(own));
  const share = found.length / crossings.length;
  const percent = `${(100 * share).toFixed(0)} % of the resamples`;
  if (share < 0.05)
    return `the fitted curves do not cross up to ${HORIZON} times the corpus (they do in ${percent})`;
  if (share < 0.95 || Number.isNaN(value))
    return `these data cannot say whether the curves cross up to ${HORIZON} times the corpus: they do in ${percent}`;
  const [low, high] = [quantile(found, 0.025), quantile(found, 0.975)];
  const beyond = high > largest ? ', partly beyond what was measured' : '';
  return `the fitted curves cross at ${Math.round(value)} training recordings [${Math.round(low)}, ${Math.round(high)}]${beyond}`;
}
