/**
 * n^-p for each row, n being the rows of its class in its collection.
 *
 * @param y class of each row, @param collections its collection, in any form that tells them apart.
 * @returns float64, one value above 0 to 1 per row.
 */
export function inverseCellSizes(
  y: ArrayLike<number>,
  collections: ArrayLike<number | string>,
  p: number,
): Float64Array {
  const cells = Array.from(y, (label, row) => JSON.stringify([label, collections[row]]));
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return Float64Array.from(cells, (cell) => counts.get(cell)! ** -p);
}

/**
 * Weights by which small collections count for more in training: n^-p as `inverseCellSizes`, scaled so that the mean
 * over the rows of each class is 1.
 *
 * @param p 0: every row weighs 1; 1: the collections of a class weigh the same.
 * @returns float32, one value per row.
 */
export function collectionWeights(y: Int32Array, collections: Int32Array, p: number): Float32Array {
  const raw = inverseCellSizes(y, collections, p);
  const sums = new Map<number, number>();
  const rows = new Map<number, number>();
  y.forEach((label, row) => {
    sums.set(label, (sums.get(label) ?? 0) + raw[row]!);
    rows.set(label, (rows.get(label) ?? 0) + 1);
  });
  return Float32Array.from(raw, (value, row) => (value * rows.get(y[row]!)!) / sums.get(y[row]!)!);
}
