import * as figures from 'stm-lab/dist/figures';
import { deriveSeed } from 'research-basics/random/seeds';
import {
  averageLinkage,
  classicalScaling,
  contourLines,
  densityDistance,
  filterTuning,
  gaborKernel,
  initialFilters,
  leafOrder,
  levelOfShare,
  modulationDensity,
  modulationGrid,
  PUBLISHED_RANGES,
  type FilterTuning,
  type GaborFilter,
  type UnitContext,
} from 'stm-lab/dist/strf';

const units: UnitContext = {
  frameRate: 100,
  bandsPerOctave: 14.4837,
  shape: { frequencyTaps: 9, timeTaps: 31 },
};
/** Two made-up tasks: one halves its filters' carriers while it trains, the other turns them upwards. */
const TASKS = {
  speech: (filter: GaborFilter, share: number) => ({ ...filter, carrier: filter.carrier * (1 - share / 2) }),
  birds: (filter: GaborFilter, share: number) => ({ ...filter, angle: filter.angle - share }),
};
const SHARES = [0, 0.5, 1];

type TaskName = keyof typeof TASKS;
const names = Object.keys(TASKS) as TaskName[];

function bank(task: TaskName, seed: number, share: number): FilterTuning[] {
  return initialFilters(12, { seed: deriveSeed(seed, task) }).map((filter) =>
    filterTuning(TASKS[task](filter, share), units),
  );
}

/** Figures of learnable spectrotemporal filters. */
export function strfExamples(note: string): Record<string, figures.FigureSpec> {
  const quartiles = (values: number[]): [number, number, number] => {
    const sorted = values.sort((a, b) => a - b);
    return [sorted[3]!, sorted[6]!, sorted[9]!];
  };
  const banks = names.flatMap((task) =>
    [1, 2, 3].map((seed) => ({ task, seed, filters: bank(task, seed, 1) })),
  );
  const distance = densityDistance(modulationGrid());
  const distances = banks.map((a) => banks.map((b) => distance(a.filters, b.filters)));
  const { points, share } = classicalScaling(distances);
  const merges = averageLinkage(distances);
  const pairs = [
    ['speech', 'speech', 0.31, 0.4],
    ['speech', 'birds', 0.52, 3.1],
    ['birds', 'birds', 0.29, -0.2],
    ['speech start', 'speech', 0.44, 2.2],
  ] as const;
  return {
    'strf-gallery': figures.strfGalleryFigure({
      filters: initialFilters(6, { seed: 1 }).map((filter) => ({
        ...filterTuning(filter, units),
        kernel: gaborKernel(filter, units.shape).real,
      })),
      ...units.shape,
      frameRate: units.frameRate,
      bandsPerOctave: units.bandsPerOctave,
      perRow: 3,
      note,
    }),
    'strf-trajectories': figures.strfTrajectoryFigure({
      paths: names.flatMap((task) =>
        bank(task, 1, 0).map((_, k) => ({
          task,
          points: SHARES.map((moved) => bank(task, 1, moved)[k]!),
        })),
      ),
      note,
    }),
    'strf-drift': figures.strfDriftFigure({
      rows: names.flatMap((task) =>
        SHARES.map((moved) => {
          const [lowerQuartile, median, upperQuartile] = quartiles(
            bank(task, 1, moved).map(({ rateHz }) => Math.abs(rateHz)),
          );
          return { task, step: 100 * moved, measure: '|rate| (Hz)', lowerQuartile, median, upperQuartile };
        }),
      ),
      note,
    }),
    'strf-profiles': figures.strfProfileFigure({
      panels: [0, 1].map((moved) => ({
        title: moved === 0 ? 'start' : 'learned',
        xTitle: 'Rate (Hz)',
        yTitle: 'Density (1/Hz)',
        curves: names.map((task) => {
          const grid = modulationGrid();
          const own = bank(task, 1, moved);
          const density = modulationDensity(own, grid);
          return {
            name: task,
            x: grid.rateHz,
            y: grid.rateHz.map((_, column) =>
              grid.scaleCycPerOct.reduce((sum, _s, row) => sum + density[row * 101 + column]! / 0.5, 0),
            ),
            quartiles: quartiles(own.map(({ rateHz }) => rateHz)),
          };
        }),
      })),
      remark: 'Lines: densities. Above: medians and quartiles.',
      note,
    }),
    'strf-displacements': figures.strfProfileFigure({
      form: 'steps',
      panels: [
        {
          title: 'Along rate',
          xTitle: 'Bandwidths',
          yTitle: 'Share of filters',
          curves: names.map((name, i) => ({
            name,
            x: [0, 0.25, 0.5, 0.75, 1],
            y: i === 0 ? [0.5, 0.3, 0.15, 0.05, 0.05] : [0.1, 0.2, 0.3, 0.4, 0.4],
          })),
        },
      ],
      perRow: 1,
      remark: 'The last step holds all beyond.',
      note,
    }),
    'strf-distances': figures.strfDistanceFigure({
      distances: pairs.map(([first, second, value, z]) => ({ first, second, distance: value, z })),
      note,
    }),
    'strf-distances-wasserstein': figures.strfDistanceFigure({
      measure: 'wasserstein',
      distances: pairs.map(([first, second, value, z]) => ({ first, second, distance: 3 * value, z })),
      note,
    }),
    'strf-map': figures.strfMapFigure({
      banks: banks.map(({ task, seed }, i) => ({ task, seed, x: points[i]![0], y: points[i]![1] })),
      share,
      merges,
      order: leafOrder(merges),
      note,
    }),
    'strf-published': figures.strfPublishedFigure({
      ranges: PUBLISHED_RANGES,
      panels: [0, 1].map((moved) => {
        const own = [1, 2, 3].flatMap((seed) => bank('speech', seed, moved));
        const grid = modulationGrid();
        const density = modulationDensity(own, grid);
        return {
          title: moved === 0 ? 'speech: start' : 'speech: learned',
          filters: own.map(({ rateHz, scaleCycPerOct }) => ({
            rateHz: Math.abs(rateHz),
            cycPerKHz: scaleCycPerOct / 0.672,
          })),
          contour: contourLines(density, grid, levelOfShare(density, 0.5))
            .filter(({ rateHz }) => Math.min(...rateHz) >= 0)
            .map(({ rateHz, scaleCycPerOct: [from, to] }) => ({
              rateHz,
              cycPerKHz: [from / 0.672, to / 0.672] as const,
            })),
        };
      }),
      note,
    }),
  };
}
