import * as path from 'node:path';
import { inputError, isDivergence, UserError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { createPace } from 'research-basics/pace';
import {
  paperFigure,
  saveFigure,
  type FigureFormat,
  type FigureSpec,
  type PaperOptions,
} from '../../figures';
import { trackedRun, type StageContext } from '../../stages/context';
import type { ExperimentStages } from '../experimentStages';
import { classMeansFigure, effectSizesFigure, pipelineFigure, publishedEffectSizesFigure } from './features';
import { mapFigure, MAP_COLOURS, type MapColour } from './map';
import { balanceFigure, varianceFigure, componentsFigure } from './reduction';
import { objectivesOf } from '../searchObjective';
import {
  historyFigure,
  searchSlicesFigure,
  searchParallelFigure,
  searchParetoFigure,
  searchTimelineFigure,
  importancesOfSearch,
} from './search';
import { ablationComplements, ablationMaps, ablationMarginals, publishedAblation } from './ablation';
import { curvesFigure, confusionOfFolds, occlusionFigure, reliabilityOfFolds } from './results';

/** Each figure, and the stages whose results it shows. */
const FIGURES = {
  pipeline: pipelineFigure,
  'class-means': classMeansFigure,
  'effect-sizes': effectSizesFigure,
  'effect-sizes-published': publishedEffectSizesFigure,
  'split-balance': balanceFigure,
  'explained-variance': varianceFigure,
  components: componentsFigure,
  map: (lab: ExperimentStages, _metric: string | undefined, { color, signal }: FigureOptions) =>
    mapFigure(lab, color, signal),
  'search-history': historyFigure,
  'search-slices': searchSlicesFigure,
  'search-parallel': searchParallelFigure,
  'search-importances': importancesOfSearch,
  'search-pareto': searchParetoFigure,
  'search-timeline': searchTimelineFigure,
  'learning-curves': curvesFigure,
  confusion: confusionOfFolds,
  reliability: reliabilityOfFolds,
  ablation: ablationMaps,
  'ablation-complements': ablationComplements,
  'ablation-marginals': ablationMarginals,
  'ablation-published': publishedAblation,
  occlusion: occlusionFigure,
} as const satisfies Record<
  string,
  (lab: ExperimentStages, metric: string | undefined, options: FigureOptions) => Promise<FigureSpec>
>;

/** Name of a figure that a workbench can draw. */
export type FigureName = keyof typeof FIGURES;

/** All figures, in the order of the stages. */
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly FigureName[];

/** Those drawn when none is named: a timeline shows times, which differ from one run to the next. */
export const DEFAULT_FIGURES: readonly FigureName[] = FIGURE_NAMES.filter(
  (name) => name !== 'search-timeline',
);

/** The stage whose result a figure shows, and the fields of the result that it reads. */
const RESULTS = {
  'split-balance': { stage: 'split', fields: ['balance'] },
  'explained-variance': { stage: 'reduce', fields: ['reduction'] },
  components: { stage: 'reduce', fields: ['reduction'] },
  'search-history': { stage: 'search', fields: ['trials', 'objective'] },
  'search-slices': { stage: 'search', fields: ['trials', 'objective'] },
  'search-parallel': { stage: 'search', fields: ['trials', 'objective'] },
  'search-importances': { stage: 'search', fields: ['trials', 'objective'] },
  'search-pareto': { stage: 'search', fields: ['trials', 'objective'] },
  'search-timeline': { stage: 'search', fields: ['trials', 'objective'] },
  confusion: { stage: 'crossValidate', fields: ['averaged'] },
  reliability: { stage: 'crossValidate', fields: ['averaged'] },
  ablation: { stage: 'ablate', fields: ['cells', 'reference', 'failed'] },
  'ablation-complements': { stage: 'ablate', fields: ['cells', 'reference', 'failed'] },
  'ablation-marginals': { stage: 'ablate', fields: ['cells', 'reference', 'failed'] },
  occlusion: { stage: 'occlude', fields: ['classes', 'rows', 'patch', 'drops', 'axes'] },
} as const satisfies Partial<
  Record<FigureName, { stage: keyof ExperimentStages; fields: readonly string[] }>
>;

/** Figures that can be drawn from a result at hand. */
export type ResultFigureName = keyof typeof RESULTS;

/** What the stage of a figure returns. */
export type FigureResult<N extends ResultFigureName> = Awaited<
  ReturnType<ExperimentStages[(typeof RESULTS)[N]['stage']]>
>;

/**
 * Draws one figure of a project's results, running the stages it shows when they have not run.
 *
 * @param result drawn in place of the project's own, as the stage returned it.
 * @throws UserError (`input`) for a name that is none of `FIGURE_NAMES`, an option that does not exist, or a result of
 *   another stage.
 */
export async function buildFigure(
  lab: ExperimentStages,
  name: FigureName,
  options: FigureOptions = {},
  result?: object,
): Promise<FigureSpec> {
  const build = FIGURES[name] as
    | ((lab: ExperimentStages, metric: string | undefined, options: FigureOptions) => Promise<FigureSpec>)
    | undefined;
  if (build === undefined)
    throw inputError(`figure ${JSON.stringify(name)}: must be one of ${FIGURE_NAMES.join(', ')}`);
  const unknown = Object.keys(options).find((key) => !FIGURE_OPTIONS.includes(key));
  if (unknown !== undefined)
    throw inputError(`figure option "${unknown}": must be one of ${FIGURE_OPTIONS.join(', ')}`);
  const shown = result === undefined ? lab : withResult(lab, name, result);
  return paperFigure(await build(shown, options.metric, options), options);
}

/** Whether something is a stage's result rather than figure options. */
export const isStageResult = (given: object): boolean =>
  'status' in given || Object.values(RESULTS).some(({ fields }) => fields.some((field) => field in given));

/** A project of which one stage has given this result. */
function withResult(lab: ExperimentStages, name: FigureName, result: object): ExperimentStages {
  if (!Object.hasOwn(RESULTS, name))
    throw inputError(`figure "${name}": is drawn from files; call it without a result`);
  const { stage, fields } = RESULTS[name as ResultFigureName];
  const missing = fields.find((field) => !(field in result));
  if (missing !== undefined)
    throw inputError(
      `figure "${name}": the result has no field "${missing}"; give what the project's ${stage}() returns`,
    );
  return { ...lab, [stage]: () => Promise.resolve(result) };
}

/** How a figure is drawn. */
export interface FigureOptions extends PaperOptions {
  /**
   * Which metric, such as macroF1: of figures with panels for several (ablations, learning curves) default all; of a search
   * default its first objective. Figures without scores ignore it.
   */
  readonly metric?: string | undefined;
  /** What the points of a map are coloured by; default `class`. Other figures ignore it. */
  readonly color?: MapColour | undefined;
  /** Ends the making of a map. */
  readonly signal?: AbortSignal | undefined;
}

const FIGURE_OPTIONS: readonly string[] = [
  'width', 'title', 'scheme', 'layout', 'metric', 'color', 'signal',
] satisfies (keyof FigureOptions)[]; // prettier-ignore

/** Which figures to save, and where progress and warnings go. */
export interface SaveFiguresOptions extends FigureOptions {
  /** Default SVG, PNG and Vega-Lite. */
  readonly formats?: readonly FigureFormat[] | undefined;
  /** Default `DEFAULT_FIGURES`. */
  readonly names?: readonly FigureName[];
  readonly onFigure?: (name: FigureName, files: readonly string[]) => void;
  /** A figure that these results cannot have, with the reason (no components, mel features, too few trials, a training that diverged). */
  readonly onSkip?: (name: FigureName, reason: string) => void;
}

/**
 * Draws figures into the workbench's figure folder (SVG, PNG and Vega-Lite) and tracks them in one run.
 *
 * @returns the files written.
 */
export async function saveFigures(
  lab: ExperimentStages & Pick<StageContext, 'tracker'>,
  options: SaveFiguresOptions = {},
): Promise<string[]> {
  const request = {
    name: 'figures',
    key: `figures-${sha256([lab.experiment, lab.manifest.hash, options.names ?? DEFAULT_FIGURES, ...paperKey(options)]).slice(0, 16)}`,
    params: {},
    tags: { 'stm.stage': 'figures' },
  };
  return trackedRun(lab, request, async (run) => {
    const written: string[] = [];
    const pace = createPace(options.signal, 'drawing figures');
    // Of all figures, those of two objectives are no miss where there is one.
    const single = objectivesOf(lab.experiment.search.objective).length === 1;
    const all = DEFAULT_FIGURES.filter((name) => !(single && name === 'search-pareto'));
    for (const name of options.names ?? all) {
      await pace();
      const files = await saveOne(lab, name, options);
      for (const file of files) run?.logArtifact(file, 'figures');
      written.push(...files);
    }
    return written;
  });
}

/** What is drawn in another way is another run. */
const paperKey = (options: SaveFiguresOptions): unknown[] => {
  const { width, title, scheme, layout, metric, color, formats } = options;
  const stated = { width, title, scheme, layout, metric, formats, ...(color === undefined ? {} : { color }) };
  return Object.values(stated).every((one) => one === undefined) ? [] : [stated];
};

async function saveOne(
  lab: ExperimentStages,
  name: FigureName,
  options: SaveFiguresOptions,
): Promise<string[]> {
  let spec: FigureSpec;
  try {
    const { width, title, scheme, layout, metric, color, signal } = options;
    spec = await buildFigure(lab, name, { width, title, scheme, layout, metric, color, signal });
  } catch (error) {
    if (!(error instanceof UserError && error.kind === 'input') && !isDivergence(error)) throw error;
    options.onSkip?.(name, error.message);
    return [];
  }
  // One map does not replace the other.
  const fileStem = name === 'map' && options.color === 'collection' ? 'map-by-collection' : name;
  const files = await saveFigure(spec, path.join(lab.folders.figures, fileStem), {
    formats: options.formats ?? ['svg', 'png', 'vl.json'],
  });
  options.onFigure?.(name, files);
  return files;
}

export { MAP_COLOURS, type MapColour };
