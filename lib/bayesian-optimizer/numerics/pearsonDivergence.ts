import type { Coder } from '../coding';
import { normalMass } from './normal';

/** Cells of a continuous parameter, or of one with more values than these. */
const mostCells = 50;
/** 90 % of the narrowest kernel lie within its own cell. */
const narrowest = 0.5 / 1.64;

/** Probability of each cell under normal kernels at the cells that `counts` holds, and one wide kernel over all. */
function orderedDensity(counts: Float64Array, total: number): Float64Array {
  const cells = counts.length;
  const sorted = [...counts].flatMap((count, cell) => new Array<number>(count).fill(cell));
  const mean = sorted.reduce((sum, cell) => sum + cell, 0) / total;
  const variance = sorted.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / Math.max(1, total - 1);
  const quarter = (share: number): number => sorted[Math.min(total - 1, Math.floor(share * total))]!;
  const spread = Math.min((quarter(0.75) - quarter(0.25)) / 1.34, Math.sqrt(variance));
  // Scott's rule, in cells.
  const width = Math.max(narrowest, 1.059 * spread * total ** -0.2);
  const density = new Float64Array(cells);
  const addKernel = (centre: number, deviation: number, weight: number): void => {
    const mass = (from: number, to: number): number =>
      normalMass((from - centre) / deviation, (to - centre) / deviation);
    const whole = mass(-0.5, cells - 0.5);
    for (let cell = 0; cell < cells; cell++)
      density[cell] = density[cell]! + (weight * mass(cell - 0.5, cell + 0.5)) / whole;
  };
  counts.forEach((count, cell) => {
    if (count > 0) addKernel(cell, width, count / (total + 1));
  });
  addKernel((cells - 1) / 2, cells, 1 / (total + 1));
  return density;
}

/** Probability of each choice: the share of the trials that took it, drawn towards equal shares. */
function choiceDensity(counts: Float64Array, total: number): Float64Array {
  const kernels = total + 1;
  const seen = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0) + 1;
  const base = 1 / seen;
  const own = (count: number): number => count / (1 + base * counts.length);
  const others = (base * total) / (1 + base * counts.length);
  return counts.map((count) => (own(count) + others + 1 / counts.length) / kernels);
}

/**
 * How far one parameter's values in the best trials differ from those in all: the Pearson divergence of their
 * densities, estimated on at most 50 cells.
 *
 * @param all units of the parameter (`Coder`) in every trial that has it; `top` in the best of them, at least one.
 * Source: PED-ANOVA, Watanabe, Bansal & Hutter, IJCAI 2023.
 */
export function pearsonDivergence(coder: Coder, top: readonly number[], all: readonly number[]): number {
  const cells = Math.min(mostCells, coder.size);
  const cellOf = (unit: number): number =>
    coder.size <= mostCells
      ? coder.indexOf(unit)
      : Math.min(cells - 1, Math.max(0, Math.ceil(unit * (cells - 1) - 0.5)));
  const density = (units: readonly number[]): Float64Array => {
    const counts = new Float64Array(cells);
    for (const unit of units) counts[cellOf(unit)]!++;
    return (coder.kind === 'categorical' ? choiceDensity : orderedDensity)(counts, units.length);
  };
  const [best, every] = [density(top), density(all)];
  return every.reduce((sum, p, cell) => sum + p * (best[cell]! / p - 1) ** 2, 0);
}
