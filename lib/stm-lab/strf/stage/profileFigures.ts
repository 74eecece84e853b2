import { deriveSeed } from 'research-basics/random/seeds';
import { quantile } from '../../evaluation';
import { strfProfileFigure, type FigureSpec, type FigureText, type ProfilePanel } from '../../figures';
import {
  displacements,
  filterTuning,
  initialFilters,
  modulationDensity,
  type FilterTuning,
  type GaborFilter,
  type ModulationGrid,
} from '..';
import { filtersAt, type LearnedTask } from './analysis';

/** Filters drawn for the density that they are drawn from. */
const DRAWN = 20000;

/** Distances that filters moved are counted in bins of this many bandwidths, the last one open. */
const BIN = 0.25;
const BINS = 12;

/** Densities over rate and scale beside the one that filters are drawn from, and histograms of their movement. */
export function profileFigures(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid,
  text: FigureText,
): Map<string, FigureSpec> {
  const drawn = initialFilters(DRAWN, { seed: deriveSeed(1, 'drawn') });
  return new Map([
    [
      'marginals',
      strfProfileFigure({
        ...text,
        title: 'Filters along rate and along scale',
        panels: tasks.flatMap((task) => marginalPanels(task, drawn, grid)),
        remark: `Lines: densities; ${DRAWN} drawn filters for what the start comes from. Above: medians and quartiles of the filters.`,
      }),
    ],
    [
      'displacements',
      strfProfileFigure({
        ...text,
        title: 'How far filters moved in training',
        form: 'steps',
        panels: (['rate', 'scale'] as const).map((axis) => displacementPanel(tasks, axis)),
        remark: `In units of each filter's own bandwidth (a standard deviation of its response). The last step holds all beyond.`,
      }),
    ],
  ]);
}

function marginalPanels(
  learned: LearnedTask,
  drawn: readonly GaborFilter[],
  grid: ModulationGrid,
): ProfilePanel[] {
  const { task, units } = learned;
  const tuned = (filters: readonly GaborFilter[]): FilterTuning[] =>
    filters.map((filter) => filterTuning(filter, units));
  const sets = [
    { name: 'as drawn', filters: tuned(drawn) },
    { name: 'start', filters: tuned(filtersAt(learned, 'start')) },
    { name: 'learned', filters: tuned(filtersAt(learned, 'learned')) },
  ].map((set) => ({ ...set, density: modulationDensity(set.filters, grid) }));
  const columns = grid.rateHz.length;
  return (['rate', 'scale'] as const).map((axis) => {
    const x = axis === 'rate' ? grid.rateHz : grid.scaleCycPerOct;
    const step = x[1]! - x[0]!;
    return {
      title: task,
      xTitle: axis === 'rate' ? 'Rate (Hz)' : 'Scale (cyc/oct)',
      yTitle: axis === 'rate' ? 'Density (1/Hz)' : 'Density (oct/cyc)',
      curves: sets.map(({ name, filters, density }) => {
        const y = new Array<number>(x.length).fill(0);
        density.forEach((value, i) => {
          y[axis === 'rate' ? i % columns : Math.floor(i / columns)]! += value / step;
        });
        const own = filters.map(({ rateHz, scaleCycPerOct }) => (axis === 'rate' ? rateHz : scaleCycPerOct));
        return {
          name,
          x,
          y,
          ...(name === 'as drawn'
            ? {}
            : { quartiles: [quantile(own, 0.25), quantile(own, 0.5), quantile(own, 0.75)] as const }),
        };
      }),
    };
  });
}

function displacementPanel(tasks: readonly LearnedTask[], axis: 'rate' | 'scale'): ProfilePanel {
  return {
    title: axis === 'rate' ? 'Along rate' : 'Along scale',
    xTitle: 'Bandwidths',
    yTitle: 'Share of filters',
    curves: tasks.map((learned) => {
      const moved = displacements(
        filtersAt(learned, 'start'),
        filtersAt(learned, 'learned'),
        learned.units,
      ).map((way) => way[axis]);
      const y = new Array<number>(BINS).fill(0);
      for (const way of moved) y[Math.min(BINS - 1, Math.floor(way / BIN))]! += 1 / moved.length;
      return { name: learned.task, x: [...y.map((_, i) => i * BIN), BINS * BIN], y: [...y, y.at(-1)!] };
    }),
  };
}
