import { inputError } from 'research-basics/errors';
import type { ModulationPoint } from './density';

/** Units in which the two axes of the modulation plane are measured against each other. */
export interface PlaneScales {
  readonly rateHz: number;
  readonly scaleCycPerOct: number;
}

/**
 * Distance of two filters on the modulation plane, in units of `scales`: the shorter of the ways between
 * their names (rate, scale) and (-rate, -scale), which are the same filter.
 */
export function planeDistance(a: ModulationPoint, b: ModulationPoint, scales: PlaneScales): number {
  const way = (sign: number): number =>
    Math.hypot(
      (a.rateHz - sign * b.rateHz) / scales.rateHz,
      (a.scaleCycPerOct - sign * b.scaleCycPerOct) / scales.scaleCycPerOct,
    );
  return Math.min(way(1), way(-1));
}

/**
 * Wasserstein-1 distance of two populations of filters over the modulation plane: the mean way by which one
 * must be moved to become the other, in units of `scales`, exactly. Weights are shares of their population.
 *
 * @throws UserError (`input`) when either is empty.
 */
export function wassersteinDistance(
  first: readonly ModulationPoint[],
  second: readonly ModulationPoint[],
  scales: PlaneScales,
): number {
  if (first.length === 0 || second.length === 0)
    throw inputError(`Wasserstein distance: populations of ${first.length} and ${second.length} filters`);
  const cost = first.map((a) => Float64Array.from(second, (b) => planeDistance(a, b, scales)));
  return transportCost(cost, shares(first), shares(second));
}

function shares(points: readonly ModulationPoint[]): Float64Array {
  const weights = Float64Array.from(points, ({ weight = 1 }) => weight);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** What is less than this is rounding, of shares that sum to 1. */
const NOTHING = 1e-12;

/**
 * Least cost of moving what `supply` holds to where `demand` wants it: shortest ways through the residual
 * network, one after another, with potentials (Edmonds & Karp 1972).
 */
function transportCost(cost: readonly Float64Array[], supply: Float64Array, demand: Float64Array): number {
  const [rows, columns] = [supply.length, demand.length];
  const flow = cost.map(() => new Float64Array(columns));
  const [left, wanted] = [supply.slice(), demand.slice()];
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns);
  for (let from = 0; from < rows; from++)
    while (left[from]! > NOTHING) {
      const way = shortestWay(from, { cost, flow, wanted, rowPotential, columnPotential });
      if (way === undefined) break;
      let amount = Math.min(left[from]!, wanted[way.to]!);
      for (let column = way.to, row = way.rowOf[column]!; row !== from; row = way.rowOf[column]!) {
        column = way.columnOf[row]!;
        amount = Math.min(amount, flow[row]![column]!);
      }
      for (let column = way.to; ;) {
        const row = way.rowOf[column]!;
        flow[row]![column]! += amount;
        if (row === from) break;
        column = way.columnOf[row]!;
        flow[row]![column]! -= amount;
      }
      left[from]! -= amount;
      wanted[way.to]! -= amount;
    }
  return cost.reduce((sum, own, row) => sum + own.reduce((part, c, i) => part + c * flow[row]![i]!, 0), 0);
}

interface Residual {
  readonly cost: readonly Float64Array[];
  readonly flow: readonly Float64Array[];
  readonly wanted: Float64Array;
  readonly rowPotential: Float64Array;
  readonly columnPotential: Float64Array;
}

/** Dijkstra's way from a row to the nearest column that still wants something; potentials are brought up to date. */
function shortestWay(
  from: number,
  { cost, flow, wanted, rowPotential, columnPotential }: Residual,
): { to: number; rowOf: Int32Array; columnOf: Int32Array } | undefined {
  const [rows, columns] = [rowPotential.length, columnPotential.length];
  const far = new Float64Array(columns).fill(Infinity);
  const rowFar = new Float64Array(rows).fill(Infinity);
  const done = new Uint8Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  const columnOf = new Int32Array(rows).fill(-1);
  const open = (row: number): void => {
    for (let c = 0; c < columns; c++) {
      const through = rowFar[row]! + Math.max(0, cost[row]![c]! + rowPotential[row]! - columnPotential[c]!);
      if (done[c] === 0 && through < far[c]!) [far[c], rowOf[c]] = [through, row];
    }
  };
  rowFar[from] = 0;
  open(from);
  for (;;) {
    let nearest = -1;
    for (let c = 0; c < columns; c++)
      if (done[c] === 0 && far[c]! < Infinity && (nearest < 0 || far[c]! < far[nearest]!)) nearest = c;
    if (nearest < 0) return undefined;
    done[nearest] = 1;
    if (wanted[nearest]! > NOTHING) {
      const reach = far[nearest]!;
      for (let row = 0; row < rows; row++)
        if (rowFar[row]! < reach) rowPotential[row]! += rowFar[row]! - reach;
      for (let c = 0; c < columns; c++) if (far[c]! < reach) columnPotential[c]! += far[c]! - reach;
      return { to: nearest, rowOf, columnOf };
    }
    for (let row = 0; row < rows; row++)
      if (rowFar[row] === Infinity && flow[row]![nearest]! > NOTHING) {
        // What a row sends here can be taken back at no reduced cost.
        rowFar[row] = far[nearest]!;
        columnOf[row] = nearest;
        open(row);
      }
  }
}
