import { inputError } from 'research-basics/errors';
import { symmetricEigen } from '../../reduction/symmetricEigen';

/** Items on a plane. */
export interface PlaneArrangement {
  /** Per item (x, y), in the unit of the distances; the first item's are not negative. */
  readonly points: readonly (readonly [number, number])[];
  /** What the two axes hold of the items' spread, 0 .. 1: the positive eigenvalues' share. */
  readonly share: number;
}

function checkSquare(distances: readonly ArrayLike<number>[]): number {
  const n = distances.length;
  distances.forEach((row, i) => {
    if (row.length !== n) throw inputError(`distances: row ${i} has ${row.length} of ${n} entries`);
  });
  return n;
}

/**
 * Classical multidimensional scaling (Torgerson 1952): items on a plane so that their distances come as near
 * as a linear map can bring them.
 *
 * @param distances symmetric, 0 on the diagonal.
 */
export function classicalScaling(distances: readonly ArrayLike<number>[]): PlaneArrangement {
  const n = checkSquare(distances);
  const squares = distances.map((row) => Array.from(row, (distance) => distance ** 2));
  const means = squares.map((row) => row.reduce((a, b) => a + b, 0) / n);
  const mean = means.reduce((a, b) => a + b, 0) / n;
  const centred = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) centred[i * n + j] = -(squares[i]![j]! - means[i]! - means[j]! + mean) / 2;
  const { values, vectors } = symmetricEigen(centred, n);
  const axis = (k: number): number[] => {
    const length = Math.sqrt(Math.max(0, values[k] ?? 0));
    const own = Array.from({ length: n }, (_, i) => (length > 0 ? length * vectors[k * n + i]! : 0));
    const leading = own.find((value) => Math.abs(value) > 1e-9 * length) ?? 0;
    return leading < 0 ? own.map((value) => -value) : own;
  };
  const [x, y] = [axis(0), axis(1)];
  const positive = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const held = Math.max(0, values[0] ?? 0) + Math.max(0, values[1] ?? 0);
  return {
    points: x.map((value, i) => [value, y[i]!] as const),
    share: positive > 0 ? held / positive : 1,
  };
}

/** Two groups of items becoming one. */
export interface Merge {
  /** Items are 0 .. n - 1; merge k makes group n + k. */
  readonly first: number;
  readonly second: number;
  /** Mean distance between members of the two. */
  readonly height: number;
  /** Items in the new group. */
  readonly size: number;
}

/**
 * Average-linkage clustering (UPGMA): the two groups with the least mean distance are joined, again and
 * again; of equal ones the first found.
 *
 * @returns n - 1 merges, heights rising.
 */
export function averageLinkage(distances: readonly ArrayLike<number>[]): Merge[] {
  const n = checkSquare(distances);
  let groups = Array.from({ length: n }, (_, id) => ({ id, members: [id] }));
  const between = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, i) => sum + b.reduce((part, j) => part + distances[i]![j]!, 0), 0) / (a.length * b.length);
  const merges: Merge[] = [];
  while (groups.length > 1) {
    let best = { a: groups[0]!, b: groups[1]!, height: Infinity };
    groups.forEach((a, i) =>
      groups.slice(i + 1).forEach((b) => {
        const height = between(a.members, b.members);
        if (height < best.height) best = { a, b, height };
      }),
    );
    const { a, b, height } = best;
    const members = [...a.members, ...b.members];
    groups = [...groups.filter((group) => group !== a && group !== b), { id: n + merges.length, members }];
    merges.push({ first: a.id, second: b.id, height, size: members.length });
  }
  return merges;
}

/** Items in the order in which a dendrogram shows them without crossings. */
export function leafOrder(merges: readonly Merge[]): number[] {
  const n = merges.length + 1;
  const leaves = (id: number): number[] =>
    id < n ? [id] : [...leaves(merges[id - n]!.first), ...leaves(merges[id - n]!.second)];
  return leaves(2 * n - 2);
}
