/*
 * Loops over columns of numbers, column after column (at column * n + i), four columns at a time so that their sums run
 * side by side. Sums are taken in the order of the columns and rows: each is to the bit that of a plain loop.
 */

/** The least multiple of four that holds `d` columns: those beyond `d` are zeros and count nothing. */
export const paddedColumns = (d: number): number => 4 * Math.ceil(d / 4);

/** out[i] += sum over columns of weights[column] * values[column][i]. Weights are padded as the columns are. */
export function addColumns(values: Float64Array, weights: Float64Array, out: Float64Array): void {
  const n = out.length;
  for (let c = 0; c < weights.length; c += 4) {
    const at0 = c * n;
    const at1 = at0 + n;
    const at2 = at1 + n;
    const at3 = at2 + n;
    const w0 = weights[c]!;
    const w1 = weights[c + 1]!;
    const w2 = weights[c + 2]!;
    const w3 = weights[c + 3]!;
    for (let i = 0; i < n; i++) {
      out[i] =
        out[i]! +
        values[at0 + i]! * w0 +
        values[at1 + i]! * w1 +
        values[at2 + i]! * w2 +
        values[at3 + i]! * w3;
    }
  }
}

/** sums[column] = sum over i of weights[i] * values[column][i]; `sums` is padded as the columns are. */
export function sumColumns(values: Float64Array, weights: Float64Array, sums: Float64Array): void {
  const n = weights.length;
  for (let c = 0; c < sums.length; c += 4) {
    const at0 = c * n;
    const at1 = at0 + n;
    const at2 = at1 + n;
    const at3 = at2 + n;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < n; i++) {
      const weight = weights[i]!;
      sum0 += weight * values[at0 + i]!;
      sum1 += weight * values[at1 + i]!;
      sum2 += weight * values[at2 + i]!;
      sum3 += weight * values[at3 + i]!;
    }
    sums[c] = sum0;
    sums[c + 1] = sum1;
    sums[c + 2] = sum2;
    sums[c + 3] = sum3;
  }
}

/** Points column after column, padded; which columns have no order: there unequal values are 1 apart. */
export interface PointColumns {
  readonly n: number;
  readonly d: number;
  readonly values: Float64Array;
  readonly categorical: readonly boolean[];
}

/** Points given as rows (n x d) column after column. */
export function toColumns(
  rows: Float64Array,
  n: number,
  d: number,
  categorical: readonly boolean[],
): PointColumns {
  const values = new Float64Array(n * paddedColumns(d));
  for (let c = 0; c < d; c++) for (let i = 0; i < n; i++) values[c * n + i] = rows[i * d + c]!;
  return { n, d, values, categorical };
}

/** Whether four columns from `c` on can be taken together; those beyond the last hold zeros in every point. */
const isOrdered = (categorical: readonly boolean[], c: number): boolean =>
  !(categorical[c]! || categorical[c + 1] || categorical[c + 2] || categorical[c + 3]);

/**
 * out[at + j] = the squared distance from a point to each of the first `count` points, columns weighted.
 *
 * @param x the point's units from `from` on.
 * @param weights one per column, padded with zeros.
 */
export function writeDistances(
  { n, d, values, categorical }: PointColumns,
  x: Float64Array,
  from: number,
  weights: Float64Array,
  count: number,
  out: Float64Array,
  at: number,
): void {
  for (let j = 0; j < count; j++) out[at + j] = 0;
  for (let c = 0; c < d; c += 4) {
    if (!isOrdered(categorical, c)) {
      for (let one = c; one < Math.min(c + 4, d); one++) {
        for (let j = 0; j < count; j++) {
          const difference = x[from + one]! - values[one * n + j]!;
          const squared = categorical[one] ? +(difference !== 0) : difference * difference;
          out[at + j] = out[at + j]! + squared * weights[one]!;
        }
      }
      continue;
    }
    const at0 = c * n;
    const at1 = at0 + n;
    const at2 = at1 + n;
    const at3 = at2 + n;
    const x0 = x[from + c]!;
    const x1 = c + 1 < d ? x[from + c + 1]! : 0;
    const x2 = c + 2 < d ? x[from + c + 2]! : 0;
    const x3 = c + 3 < d ? x[from + c + 3]! : 0;
    const w0 = weights[c]!;
    const w1 = weights[c + 1]!;
    const w2 = weights[c + 2]!;
    const w3 = weights[c + 3]!;
    for (let j = 0; j < count; j++) {
      const d0 = x0 - values[at0 + j]!;
      const d1 = x1 - values[at1 + j]!;
      const d2 = x2 - values[at2 + j]!;
      const d3 = x3 - values[at3 + j]!;
      out[at + j] = out[at + j]! + d0 * d0 * w0 + d1 * d1 * w1 + d2 * d2 * w2 + d3 * d3 * w3;
    }
  }
}

/** sums[column] = sum over pairs i > j of weights[i * n + j] times the pair's squared difference; `sums` is padded. */
export function sumSquaredDifferences(
  { n, d, values, categorical }: PointColumns,
  weights: Float64Array,
  sums: Float64Array,
): void {
  for (let c = 0; c < d; c += 4) {
    if (!isOrdered(categorical, c)) {
      for (let one = c; one < Math.min(c + 4, d); one++) {
        let sum = 0;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < i; j++) {
            const difference = values[one * n + i]! - values[one * n + j]!;
            sum += weights[i * n + j]! * (categorical[one] ? +(difference !== 0) : difference * difference);
          }
        sums[one] = sum;
      }
      continue;
    }
    const at0 = c * n;
    const at1 = at0 + n;
    const at2 = at1 + n;
    const at3 = at2 + n;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      const x0 = values[at0 + i]!;
      const x1 = values[at1 + i]!;
      const x2 = values[at2 + i]!;
      const x3 = values[at3 + i]!;
      for (let j = 0; j < i; j++) {
        const weight = weights[row + j]!;
        const d0 = x0 - values[at0 + j]!;
        const d1 = x1 - values[at1 + j]!;
        const d2 = x2 - values[at2 + j]!;
        const d3 = x3 - values[at3 + j]!;
        sum0 += weight * (d0 * d0);
        sum1 += weight * (d1 * d1);
        sum2 += weight * (d2 * d2);
        sum3 += weight * (d3 * d3);
      }
    }
    sums[c] = sum0;
    sums[c + 1] = sum1;
    sums[c + 2] = sum2;
    sums[c + 3] = sum3;
  }
}
