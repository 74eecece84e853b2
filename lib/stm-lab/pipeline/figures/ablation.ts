import { ablationRegions, marginalOf, regionName, type Region } from '../../ablation';
import { inputError } from 'research-basics/errors';
import { ablationFigure, marginalsFigure, type AblationCell, type FigureSpec } from '../../figures';
import type { Interval } from '../../evaluation';
import type { AblateSummary, CellScore } from '../ablation';
import { readPublished } from '../published';
import { metricsNamed } from './metric';
import type { ExperimentStages } from '../experimentStages';
import { planeAxesOf } from '../featureSettings';

/** The scores drawn, by the names printed. */
const METRICS = {
  'macro-F1': ({ macroF1 }: CellScore) => macroF1,
  'ROC-AUC (macro)': ({ macroRocAuc }: CellScore) => ({ value: macroRocAuc }),
} as const;
type MetricName = keyof typeof METRICS;
const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

const metricsOf = (metric: string | undefined): MetricName[] =>
  metricsNamed({ macroF1: 'macro-F1', macroRocAuc: 'ROC-AUC (macro)' }, metric, 'an ablation');

const referenceOf = ({ reference }: Pick<AblateSummary, 'reference'>): Record<string, number> =>
  Object.fromEntries(METRIC_NAMES.map((metric) => [metric, METRICS[metric](reference).value]));

interface DrawnCell {
  readonly region: Region;
  score(metric: keyof typeof METRICS): Pick<Interval, 'value'> & Partial<Interval>;
}

/** All regions of an ablation with their scores: NaN where the training diverged, which figures show as missing. */
async function drawnCells(lab: ExperimentStages): Promise<DrawnCell[]> {
  const { cells, failed } = await lab.ablate();
  const lost =
    failed.length === 0
      ? []
      : ablationRegions(lab.experiment.ablation, planeAxesOf(lab.experiment.features)).filter((region) =>
          failed.some(({ name }) => name === regionName(region)),
        );
  return [
    ...cells.flatMap((cell) => {
      const { region } = cell;
      return region === undefined ? [] : [{ region, score: (metric: MetricName) => METRICS[metric](cell) }];
    }),
    ...lost.map((region) => ({ region, score: () => ({ value: NaN }) })),
  ];
}

/** Scores of the low-pass and high-pass regions. */
export function ablationMaps(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  return regionMaps(lab, ['low', 'high'], metric);
}

/** Scores of what the low-pass and high-pass regions leave out. */
export function ablationComplements(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  return regionMaps(lab, ['not-low', 'not-high'], metric);
}

async function regionMaps(
  lab: ExperimentStages,
  passes: readonly Region['pass'][],
  wanted: string | undefined,
): Promise<FigureSpec> {
  const metrics = metricsOf(wanted);
  const cells = (await drawnCells(lab)).flatMap(({ region, score }): AblationCell[] => {
    const { pass, rateHz, scaleCycPerOct } = region;
    if (rateHz === undefined || scaleCycPerOct === undefined || !passes.includes(pass)) return [];
    return metrics.map((metric) => ({ pass, rateHz, scaleCycPerOct, metric, ...score(metric) }));
  });
  if (cells.length === 0)
    throw inputError(`this ablation has no ${passes.join(' or ')} regions; use --size quick, which has`);
  return ablationFigure({ cells, reference: referenceOf(await lab.ablate()), note: lab.note });
}

/**
 * Scores along one axis at a time: modulation transfer functions.
 *
 * @throws UserError (`input`) for an ablation without cells along one axis.
 */
export async function ablationMarginals(lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  const metrics = metricsOf(metric);
  const rows = (await drawnCells(lab)).flatMap(({ region, score }) => {
    const place = marginalOf(region);
    return place === undefined ? [] : metrics.map((name) => ({ ...place, metric: name, ...score(name) }));
  });
  if (rows.length === 0)
    throw inputError('this ablation has no cells along one axis; use --size quick, which has');
  return marginalsFigure({ rows, reference: referenceOf(await lab.ablate()), note: lab.note });
}

/** The published tables as the paper prints them, with its axis names swapped. */
export function publishedAblation(_lab: ExperimentStages, metric?: string): Promise<FigureSpec> {
  const metrics = metricsNamed(
    { microRocAuc: 'ROC-AUC', macroF1: 'macro-F1' },
    metric,
    'the published ablation',
  );
  const { ablation } = readPublished();
  const cells = (['low', 'high'] as const).flatMap((pass) =>
    metrics.flatMap((metric) =>
      ablation.rateHz.flatMap((rateHz, x) =>
        ablation.scaleCycPerOct.map((scaleCycPerOct, y) => ({
          pass,
          rateHz,
          scaleCycPerOct,
          metric: metric === 'ROC-AUC' ? 'ROC-AUC (micro)' : 'macro-F1 (best threshold)',
          value: ablation[pass][metric][x]![y]!,
        })),
      ),
    ),
  );
  return Promise.resolve(
    ablationFigure({ cells, layout: 'published', title: 'Ablation as published', note: ablation.source }),
  );
}
