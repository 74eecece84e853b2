import {
  argmaxScores,
  countConfusion,
  familyPrecisionRecall,
  meanDefined,
  mostProbable,
  rankingAreas,
  rankScores,
  trapezoidPrecisionRecall,
  type FamilyScores,
  type Ranking,
} from '../../evaluation';
import type { SceneSet, SceneTag } from './scenes';
import type { PreparedTask, TaskMeasure } from './task';

/** How a scene set is scored. */
export interface SceneScorer extends Pick<PreparedTask, 'measures' | 'baselines'> {
  /**
   * @param probabilities scored recordings x tags.
   * @returns scores as a function of how often each scored recording counts.
   */
  statistic(probabilities: Float32Array): (weights: Float64Array) => Record<string, number>;
}

/** Scores some recordings of a set. */
export function sceneScorer(set: SceneSet, scored: readonly number[]): SceneScorer {
  return set.kind === 'classes' ? classScorer(set, scored) : tagScorer(set, scored);
}

/** A ranking of the scored recordings that are known to have a tag or not to have it. */
interface KnownRanking {
  readonly ranking: Ranking;
  /** Place among the scored recordings of each ranked item. */
  readonly recordings: readonly number[];
}

/** Ranks the decisions on some tags together. */
function rankKnown(
  set: SceneSet,
  scored: readonly number[],
  tags: readonly number[],
  probabilities: Float32Array,
): KnownRanking {
  const width = set.tags.length;
  const items = scored.flatMap((row, place) =>
    tags.flatMap((tag) => (set.targets[row * width + tag]! < 0 ? [] : [{ row, place, tag }])),
  );
  return {
    recordings: items.map(({ place }) => place),
    ranking: rankScores(
      items.map(({ place, tag }) => probabilities[place * width + tag]!),
      (item) => set.targets[items[item]!.row * width + items[item]!.tag] === 1,
    ),
  };
}

const weightIn =
  ({ recordings }: KnownRanking, weights: Float64Array) =>
  (item: number): number =>
    weights[recordings[item]!]!;

function classScorer(set: SceneSet, scored: readonly number[]): SceneScorer {
  const classes = set.tags.length;
  const labels = scored.map((row) =>
    set.targets.subarray(row * classes, (row + 1) * classes).findIndex((target) => target === 1),
  );
  const largest = Math.max(...set.tags.map((_, c) => labels.filter((label) => label === c).length));
  return {
    measures: [
      { name: 'auprc', title: 'macro AUPRC (trapezoid)', better: 'higher' },
      { name: 'map', title: 'mean average precision (steps)', better: 'higher' },
      { name: 'accuracy', title: 'accuracy', better: 'higher' },
    ],
    baselines: {
      'largest class': { accuracy: largest / labels.length, auprc: 1 / classes, map: 1 / classes },
    },
    statistic: (probabilities) => {
      const rankings = set.tags.map((_, c) => rankKnown(set, scored, [c], probabilities));
      const predicted = mostProbable(probabilities, classes);
      return (weights) => ({
        ...macroScores(rankings, weights),
        accuracy: argmaxScores(countConfusion(labels, predicted, classes, weights)).accuracy,
      });
    },
  };
}

/** Means over tags of both areas; tags without positives are passed over. */
function macroScores(
  rankings: readonly KnownRanking[],
  weights: Float64Array,
): { auprc: number; map: number } {
  return {
    auprc: meanDefined(rankings.map((own) => trapezoidPrecisionRecall(own.ranking, weightIn(own, weights)))),
    map: meanDefined(rankings.map((own) => rankingAreas(own.ranking, weightIn(own, weights)).ap)),
  };
}

function tagScorer(set: SceneSet, scored: readonly number[]): SceneScorer {
  const levels = (['coarse', 'fine'] as const)
    .map((level) => ({ level, tags: tagsOf(set.tags, (tag) => tag.level === level) }))
    .filter(({ tags }) => tags.length > 0);
  const families = [
    ...new Set(set.tags.filter(({ level }) => level === 'fine').map(({ family }) => family)),
  ].map((family) => tagsOf(set.tags, (tag) => tag.level === 'fine' && tag.family === family));
  return {
    measures: [
      ...levels.flatMap(({ level }): TaskMeasure[] => [
        { name: `${level}Auprc`, title: `${level} macro AUPRC (trapezoid)`, better: 'higher' },
        { name: `${level}Micro`, title: `${level} micro AUPRC (trapezoid)`, better: 'higher' },
        { name: `${level}Map`, title: `${level} mean average precision (steps)`, better: 'higher' },
      ]),
      ...(families.length === 0
        ? []
        : [{ name: 'fineFamilies', title: 'fine AUPRC by family (DCASE)', better: 'higher' } as const]),
    ],
    baselines: {
      chance: Object.assign({}, ...levels.map(({ level, tags }) => chanceOf(set, scored, level, tags))),
    },
    statistic: (probabilities) => {
      const ranked = levels.map(({ level, tags }) => ({
        level,
        each: tags.map((tag) => rankKnown(set, scored, [tag], probabilities)),
        pooled: rankKnown(set, scored, tags, probabilities),
      }));
      const grouped = families.map((tags) => familyScores(set, scored, tags, probabilities));
      return (weights) => {
        const scores = ranked.flatMap(({ level, each, pooled }): [string, number][] => {
          const { auprc, map } = macroScores(each, weights);
          const micro = trapezoidPrecisionRecall(pooled.ranking, weightIn(pooled, weights));
          return [
            [`${level}Auprc`, auprc],
            [`${level}Micro`, micro],
            [`${level}Map`, map],
          ];
        });
        if (grouped.length === 0) return Object.fromEntries(scores);
        const areas = grouped.map((own) => familyPrecisionRecall(own, (place) => weights[place]!));
        return { ...Object.fromEntries(scores), fineFamilies: meanDefined(areas) };
      };
    },
  };
}

const tagsOf = (tags: readonly SceneTag[], keep: (tag: SceneTag) => boolean): number[] =>
  tags.flatMap((tag, t) => (keep(tag) ? [t] : []));

/** Areas of a ranking by chance: how often tags are present, of each on average, and of all together. */
function chanceOf(
  set: SceneSet,
  scored: readonly number[],
  level: string,
  tags: readonly number[],
): Record<string, number> {
  const counts = tags.map((tag) => {
    const known = scored
      .map((row) => set.targets[row * set.tags.length + tag]!)
      .filter((value) => value >= 0);
    return { present: known.filter((value) => value === 1).length, known: known.length };
  });
  const mean = meanDefined(counts.map(({ present, known }) => (present > 0 ? present / known : NaN)));
  const all = (of: 'present' | 'known'): number => counts.reduce((sum, count) => sum + count[of], 0);
  return { [`${level}Auprc`]: mean, [`${level}Map`]: mean, [`${level}Micro`]: all('present') / all('known') };
}

function familyScores(
  set: SceneSet,
  scored: readonly number[],
  tags: readonly number[],
  probabilities: Float32Array,
): FamilyScores {
  const width = set.tags.length;
  const { family } = set.tags[tags[0]!]!;
  return {
    scores: scored.flatMap((_, place) => tags.map((tag) => probabilities[place * width + tag]!)),
    truth: scored.flatMap((row) => tags.map((tag) => set.targets[row * width + tag]!)),
    incomplete: scored.map((row) => (set.recordings[row]!.incomplete.includes(family) ? 1 : 0)),
  };
}
