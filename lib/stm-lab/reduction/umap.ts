import { inputError } from 'research-basics/errors';
import { createPace } from 'research-basics/pace';
import { randomState } from 'research-basics/random/mt19937';

/** Options of `umapPlane`. */
export interface UmapOptions {
  /** Of all random choices. Default 1. */
  readonly seed?: number | undefined;
  /** Rows whose neighbourhood is kept, the row itself among them; default 15, at most all. */
  readonly neighbours?: number | undefined;
  /** How near points may lie on the plane, 0 or more; default 0.1. */
  readonly leastDistance?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Places rows on a plane so that near ones stay near: UMAP (McInnes, Healy & Melville 2018) by the package umap-js, of
 * Euclidean distances. Positions, distances between clusters and their sizes mean nothing.
 *
 * @param x float32, rows x columns; finite.
 * @returns float32, rows x 2; the same for the same seed.
 * @throws UserError: `input` for fewer than four rows or an option out of range; `interrupted` on `signal`.
 */
export async function umapPlane(
  x: Float32Array,
  columns: number,
  { seed = 1, neighbours = 15, leastDistance = 0.1, signal }: UmapOptions = {},
): Promise<Float32Array> {
  const rows = x.length / columns;
  if (rows < 4) throw inputError(`map: ${rows} rows are too few for a map; give four or more`);
  if (!Number.isInteger(neighbours) || neighbours < 2)
    throw inputError(`map: neighbours is ${neighbours}; it must be a whole number from 2`);
  if (!(leastDistance >= 0)) throw inputError(`map: leastDistance is ${leastDistance}; it must be 0 or more`);
  const { UMAP } = await import('umap-js');
  const { double: random } = randomState(seed);
  const umap = new UMAP({ random, nNeighbors: Math.min(neighbours, rows - 1), minDist: leastDistance });
  const epochs = umap.initializeFit(
    Array.from({ length: rows }, (_, row) => [...x.subarray(row * columns, (row + 1) * columns)]),
  );
  const pace = createPace(signal, 'map');
  for (let epoch = 0; epoch < epochs; epoch++) {
    await pace();
    umap.step();
  }
  return Float32Array.from(umap.getEmbedding().flat());
}
