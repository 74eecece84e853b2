import {
  strfDistanceFigure,
  strfMapFigure,
  strfPublishedFigure,
  type FigureSpec,
  type FigureText,
  type PublishedPanel,
  type StrfMapInput,
} from '../../figures';
import {
  averageLinkage,
  classicalScaling,
  contourLines,
  filterTuning,
  KHZ_PER_OCTAVE,
  leafOrder,
  levelOfShare,
  modulationDensity,
  PUBLISHED_RANGES,
  type ModulationGrid,
} from '..';
import { filtersAt, type LearnedTask } from './analysis';
import { bankDistances, type TaskDistance } from './distances';

/** Figures that compare tasks with each other, and the speech tasks with what is published; those that can be drawn. */
export function comparisonFigures(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid,
  distances: readonly TaskDistance[],
  text: FigureText,
): Map<string, FigureSpec> {
  const figures = new Map<string, FigureSpec>();
  // One task with one seed has nothing to be compared with.
  if (distances.length > 0) {
    figures.set('distances', strfDistanceFigure({ ...text, distances }));
    figures.set(
      'distances-wasserstein',
      strfDistanceFigure({
        ...text,
        measure: 'wasserstein',
        distances: distances.map(({ first, second, wasserstein, wassersteinZ }) => ({
          first,
          second,
          distance: wasserstein,
          z: wassersteinZ,
        })),
      }),
    );
  }
  const map = bankMap(tasks, grid);
  if (map !== undefined) figures.set('map', strfMapFigure({ ...text, ...map }));
  const voices = tasks.filter(({ task }) => task === 'speaker' || task === 'speech');
  if (voices.length > 0)
    figures.set(
      'published',
      strfPublishedFigure({
        ...text,
        ranges: PUBLISHED_RANGES,
        panels: voices.flatMap((learned) => publishedPanels(learned, grid)),
      }),
    );
  return figures;
}

/** Banks on a plane and in a tree; undefined where too few can be compared. */
function bankMap(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid,
): Omit<StrfMapInput, keyof FigureText> | undefined {
  const compared = bankDistances(tasks, grid);
  if (compared === undefined) return undefined;
  const { points, share } = classicalScaling(compared.distances);
  const merges = averageLinkage(compared.distances);
  return {
    banks: compared.banks.map((bank, i) => ({ ...bank, x: points[i]![0], y: points[i]![1] })),
    share,
    merges,
    order: leafOrder(merges),
  };
}

/** A speech task's filters at the start and at the end, |rate| against cyc/kHz. */
function publishedPanels(learned: LearnedTask, grid: ModulationGrid): PublishedPanel[] {
  return (['start', 'learned'] as const).map((when) => {
    const tuned = filtersAt(learned, when).map((filter) => filterTuning(filter, learned.units));
    const density = foldedDensity(modulationDensity(tuned, grid), grid);
    const half = contourLines(density.values, density.grid, levelOfShare(density.values, 0.5));
    return {
      title: `${learned.task}: ${when}`,
      filters: tuned.map(({ rateHz, scaleCycPerOct }) => ({
        rateHz: Math.abs(rateHz),
        cycPerKHz: scaleCycPerOct / KHZ_PER_OCTAVE,
      })),
      contour: half.map(({ rateHz, scaleCycPerOct: [from, to] }) => ({
        rateHz,
        cycPerKHz: [from / KHZ_PER_OCTAVE, to / KHZ_PER_OCTAVE],
      })),
    };
  });
}

/** A density over |rate|: both directions together. */
function foldedDensity(
  density: Float64Array,
  { rateHz, scaleCycPerOct }: ModulationGrid,
): { values: Float64Array; grid: ModulationGrid } {
  const middle = (rateHz.length - 1) / 2;
  const width = middle + 1;
  const values = Float64Array.from({ length: width * scaleCycPerOct.length }, (_, i) => {
    const [row, column] = [Math.floor(i / width) * rateHz.length, i % width];
    return density[row + middle + column]! + density[row + middle - column]!;
  });
  return { values, grid: { rateHz: rateHz.slice(middle), scaleCycPerOct } };
}
