import { ablationRegions, regionName, type Region } from '../../ablation';
import { inputError } from 'research-basics/errors';
import { ablationFigure, marginalsFigure, type AblationCell, type FigureSpec } from '../../figures';
import type { Interval } from '../../evaluation';
import type { AblateSummary, CellScore } from '../ablation';
import { readPublished } from '../published';
import type { ExperimentStages } from '../experimentStages';

/** The scores drawn, by the names printed. */
const METRICS = {
  'macro-F1': ({ macroF1 }: CellScore) => macroF1,
  'ROC-AUC (macro)': ({ macroRocAuc }: CellScore) => ({ value: macroRocAuc }),
} as const;
type MetricName = keyof typeof METRICS;
const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** The metrics asked for, by the name of a score or as it is printed. */
function metricsNamed(metric: string | undefined): MetricName[] {
  const names: Readonly<Record<string, MetricName>> = { macroF1: 'macro-F1', macroRocAuc: 'ROC-AUC (macro)' };
  if (metric === undefined) return METRIC_NAMES;
  const name = names[metric] ?? METRIC_NAMES.find((one) => one === metric);
  if (name === undefined)
    throw inputError(`figure metric "${metric}": an ablation has ${Object.keys(names).join(' and ')}`);
  return [name];
}

const referenceOf = ({ reference }: Pick<AblateSummary, 'reference'>): Record<string, number> =>
  Object.fromEntries(METRIC_NAMES.map((metric) => [metric, METRICS[metric](reference).value]));

interface DrawnCell {
  readonly region: Region;
  score(metric: keyof typeof METRICS): Pick<Interval, 'value'> & Partial<Interval>;
}

/** All regions of an ablation with their scores: NaN where the training diverged, which figures show as missing. */
async function drawnCells(lab: ExperimentStages): Promise<DrawnCell[]> {
  const { cells, failed } = await lab.ablate();
  const lost = ablationRegions(lab.experiment.ablation).filter((region) =>
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
  const metrics = metricsNamed(wanted);
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
 * Scores along one axis at a time.
 *
 * @throws UserError (`input`) for an ablation without cells along one axis.
 */
export async function ablationMarginals(lab: ExperimentStages): Promise<FigureSpec> {
  const rows = (await drawnCells(lab)).flatMap(({ region, score }) => {
    const { pass, rateHz, scaleCycPerOct } = region;
    if ((pass !== 'low' && pass !== 'high') || (rateHz === undefined) === (scaleCycPerOct === undefined))
      return [];
    return METRIC_NAMES.map((metric) => ({
      axis: rateHz === undefined ? ('scale' as const) : ('rate' as const),
      pass,
      cutoff: rateHz ?? scaleCycPerOct!,
      metric,
      ...score(metric),
    }));
  });
  if (rows.length === 0)
    throw inputError('this ablation has no cells along one axis; use --size quick, which has');
  return marginalsFigure({ rows, reference: referenceOf(await lab.ablate()), note: lab.note });
}

/** The published tables as the paper prints them, its axis names exchanged. */
export function publishedAblation(): Promise<FigureSpec> {
  const { ablation } = readPublished();
  const cells = (['low', 'high'] as const).flatMap((pass) =>
    (['ROC-AUC', 'macro-F1'] as const).flatMap((metric) =>
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
