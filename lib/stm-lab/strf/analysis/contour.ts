import type { ModulationGrid } from './density';

/** A piece of a contour line. */
export interface ContourPiece {
  readonly rateHz: readonly [number, number];
  readonly scaleCycPerOct: readonly [number, number];
}

/**
 * The density above which the densest cells hold a share of everything: the level of that share's contour.
 *
 * @param share 0 .. 1; 0.5 for the half that is densest.
 */
export function levelOfShare(density: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(density).sort().reverse();
  const total = sorted.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (const value of sorted) {
    sum += value;
    if (sum >= share * total) return value;
  }
  return 0;
}

/**
 * Contour of a density at a level (marching squares: straight pieces between neighbouring cell centres).
 *
 * @param density row-major, one row per scale.
 */
export function contourLines(
  density: ArrayLike<number>,
  grid: ModulationGrid,
  level: number,
): ContourPiece[] {
  const { rateHz, scaleCycPerOct } = grid;
  const columns = rateHz.length;
  const at = (row: number, column: number): number => density[row * columns + column]!;
  const pieces: ContourPiece[] = [];
  for (let row = 0; row + 1 < scaleCycPerOct.length; row++)
    for (let column = 0; column + 1 < columns; column++) {
      const corners = [
        [row, column],
        [row, column + 1],
        [row + 1, column + 1],
        [row + 1, column],
      ] as const;
      const crossings = corners.flatMap(([r, c], i) => {
        const [nextRow, nextColumn] = corners[(i + 1) % 4]!;
        const [here, there] = [at(r, c), at(nextRow, nextColumn)];
        if (here >= level === there >= level) return [];
        const share = (level - here) / (there - here);
        return [
          {
            rate: rateHz[c]! + share * (rateHz[nextColumn]! - rateHz[c]!),
            scale: scaleCycPerOct[r]! + share * (scaleCycPerOct[nextRow]! - scaleCycPerOct[r]!),
          },
        ];
      });
      // Two crossings, or four around a saddle: the mean of the corners says which belong together.
      const middle = corners.reduce((sum, [r, c]) => sum + at(r, c), 0) / 4;
      const turned = crossings.length === 4 && middle >= level !== at(row, column) >= level ? 1 : 0;
      for (let i = turned; i < crossings.length; i += 2) {
        const [from, to] = [crossings[i]!, crossings[(i + 1) % crossings.length]!];
        pieces.push({ rateHz: [from.rate, to.rate], scaleCycPerOct: [from.scale, to.scale] });
      }
    }
  return pieces;
}
