import type { ModulationResponseRow } from '../../figures';
import { filterResponse } from '..';
import { systemSpec } from './experiment';
import type { TmnnStudy } from './summary';

const METRIC_NAMES: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  rocAuc: 'macro ROC-AUC',
  prAuc: 'macro PR-AUC',
};

/** A study's scores as text: a row per system, "mean [low, high]" and the single seeds; "diverged" without any. */
export function tmnnScoreTable({
  experiment,
  systems,
}: Pick<TmnnStudy, 'systems' | 'experiment'>): Record<string, string | number>[] {
  const scored = systems.map(({ system, parameters, scores, seconds }) => ({
    system,
    parameters,
    ...Object.fromEntries(
      Object.entries(scores).flatMap(([metric, { mean, seeds }]) => [
        [
          METRIC_NAMES[metric] ?? metric,
          `${mean.value.toFixed(3)} [${mean.low.toFixed(3)}, ${mean.high.toFixed(3)}]`,
        ],
        [`${metric} of each seed`, seeds.map((value) => value.toFixed(3)).join(' ')],
      ]),
    ),
    seconds,
  }));
  const missing = experiment.systems.filter(({ name }) => systems.every(({ system }) => system !== name));
  return [...scored, ...missing.map(({ name }) => ({ system: name, parameters: 'diverged' }))];
}

/** A study's comparisons as text: a row per pair and metric. */
export function tmnnComparisonTable({
  comparisons,
}: Pick<TmnnStudy, 'comparisons'>): Record<string, string>[] {
  return comparisons.flatMap(({ first, second, difference, overSeeds, perOutput, each }) =>
    Object.entries(difference).map(([metric, { value, low, high, pValue }]) => ({
      comparison: `${first} minus ${second}`,
      metric: METRIC_NAMES[metric] ?? metric,
      difference: `${signed(value)} [${signed(low)}, ${signed(high)}]`,
      'p, resampled trainings and groups': pValue.toFixed(3),
      'p, paired over seeds': overSeeds[metric]?.toFixed(3) ?? '–',
      'outputs that differ, corrected':
        each
          .filter(({ corrected }) => corrected < 0.05)
          .map((own) => `${own.output} ${signed(own.value)}`)
          .join(', ') || 'none',
      'better outputs': `${perOutput.better} of ${perOutput.pairs}, p ${perOutput.pValue.toFixed(3)}`,
    })),
  );
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(3)}`;

/** Responses of all modulation filters of a study, before training and learned. */
export function tmnnFilterResponses({
  experiment,
  cells,
}: Pick<TmnnStudy, 'experiment' | 'cells'>): ModulationResponseRow[] {
  return cells.flatMap(({ system, seed, first, learned }) => {
    const spec = systemSpec(
      experiment,
      experiment.systems.find(({ name }) => name === system)!,
      1,
    );
    const rows = (
      kernels: typeof first.kernels,
      state: ModulationResponseRow['state'],
    ): ModulationResponseRow[] =>
      kernels.map((kernel, i) => {
        const { hz, gain } = filterResponse(kernel, spec, 126);
        return { panel: system, filter: i + 1, seed, state, hz, gain };
      });
    return [...rows(first.kernels, 'before training'), ...rows(learned.kernels, 'learned')];
  });
}
