import { generalSolver } from './linearSystem';

/**
 * The limited-memory quadratic model B = theta I - W M W^T of L-BFGS-B, with W = [Y, theta S] (n x 2c)
 * and M the inverse of [[-D, L^T], [L, theta S^T S]], from the last c steps s and gradient changes y.
 */
export interface Memory {
  readonly count: number;
  readonly theta: number;
  /** Row i of W, written to `row` (length 2c). */
  row(i: number, row: Float64Array): void;
  /** M v in place of v (length 2c); false when the model is unusable. */
  applyM(v: Float64Array): boolean;
  add(step: Float64Array, change: Float64Array, sy: number, yy: number): void;
  clear(): void;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** An empty model (the identity) in n dimensions keeping `capacity` corrections. */
export function createMemory(n: number, capacity: number): Memory {
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  // Inner products of all kept pairs: sy[i][j] = s_i . y_j, ss[i][j] = s_i . s_j.
  let sy: number[][] = [];
  let ss: number[][] = [];
  let theta = 1;
  let solveMiddle: ReturnType<typeof generalSolver>;
  let isFactored = false;

  const buildMiddle = (): Float64Array => {
    const c = steps.length;
    const size = 2 * c;
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < c; i++) {
      matrix[i * size + i] = -sy[i]![i]!;
      for (let j = 0; j < c; j++) {
        matrix[(c + i) * size + c + j] = theta * ss[i]![j]!;
        if (i > j) {
          matrix[(c + i) * size + j] = sy[i]![j]!;
          matrix[j * size + c + i] = sy[i]![j]!;
        }
      }
    }
    return matrix;
  };

  return {
    get count() {
      return steps.length;
    },
    get theta() {
      return theta;
    },
    row: (i, row) => {
      const c = steps.length;
      for (let k = 0; k < c; k++) {
        row[k] = changes[k]![i]!;
        row[c + k] = theta * steps[k]![i]!;
      }
    },
    applyM: (v) => {
      if (steps.length === 0) return true;
      if (!isFactored) solveMiddle = generalSolver(buildMiddle(), 2 * steps.length);
      isFactored = true;
      solveMiddle?.(v);
      return solveMiddle !== undefined;
    },
    add: (step, change, syNew, yy) => {
      if (steps.length === capacity) {
        steps.shift();
        changes.shift();
        sy = sy.slice(1).map((row) => row.slice(1));
        ss = ss.slice(1).map((row) => row.slice(1));
      }
      const s = step.slice(0, n);
      const y = change.slice(0, n);
      steps.forEach((old, i) => {
        sy[i]!.push(dot(old, y));
        ss[i]!.push(dot(old, s));
      });
      sy.push([...changes.map((old) => dot(s, old)), syNew]);
      ss.push([...steps.map((old) => dot(s, old)), dot(s, s)]);
      steps.push(s);
      changes.push(y);
      theta = yy / syNew;
      isFactored = false;
    },
    clear: () => {
      steps.length = 0;
      changes.length = 0;
      sy = [];
      ss = [];
      theta = 1;
      isFactored = false;
    },
  };
}

export interface Cauchy {
  /** W^T (cauchy point - x). */
  readonly c: Float64Array;
  /** Variables strictly inside their bounds at the Cauchy point. */
  readonly free: number[];
}

/**
 * The first local minimum of the model along the gradient path bent at the bounds; written to `target`. All arrays have one
 * value per variable.
 */
export function cauchyPoint(
  model: Memory,
  x: Float64Array,
  gradient: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  target: Float64Array,
): Cauchy {
  const n = x.length;
  const size = 2 * model.count;
  const { theta } = model;
  const breaks = new Float64Array(n);
  const d = new Float64Array(n);
  const p = new Float64Array(size);
  const c = new Float64Array(size);
  const row = new Float64Array(size);
  const order: number[] = [];
  const free: number[] = [];
  let slope = 0;
  target.set(x);
  for (let i = 0; i < n; i++) {
    const g = gradient[i]!;
    const t = g < 0 ? (x[i]! - upper[i]!) / g : g > 0 ? (x[i]! - lower[i]!) / g : Infinity;
    breaks[i] = t;
    if (t <= 0) continue;
    if (g === 0) {
      if (x[i]! > lower[i]! && x[i]! < upper[i]!) free.push(i);
      continue;
    }
    d[i] = -g;
    slope -= g * g;
    model.row(i, row);
    for (let k = 0; k < size; k++) p[k] = p[k]! - g * row[k]!;
    if (t < Infinity) order.push(i);
    else free.push(i);
  }
  if (slope === 0) return { c, free };
  order.sort((a, b) => breaks[a]! - breaks[b]!);
  const product = new Float64Array(size);
  let curvature = -theta * slope;
  const curvature0 = curvature;
  if (size > 0) {
    product.set(p);
    model.applyM(product);
    curvature -= dot(p, product);
  }
  let best = -slope / curvature;
  let reached = 0;
  let next = 0;
  for (; next < order.length; next++) {
    const i = order[next]!;
    const width = breaks[i]! - reached;
    if (best < width) break;
    const g = gradient[i]!;
    target[i] = d[i]! > 0 ? upper[i]! : lower[i]!;
    const z = target[i]! - x[i]!;
    d[i] = 0;
    reached = breaks[i]!;
    slope += width * curvature + g * g + theta * g * z;
    curvature -= theta * g * g;
    if (size > 0) {
      for (let k = 0; k < size; k++) c[k] = c[k]! + width * p[k]!;
      model.row(i, row);
      product.set(row);
      model.applyM(product);
      slope -= g * dot(product, c);
      curvature -= 2 * g * dot(product, p) + g * g * dot(product, row);
      for (let k = 0; k < size; k++) p[k] = p[k]! + g * row[k]!;
    }
    curvature = Math.max(Number.EPSILON * curvature0, curvature);
    best = -slope / curvature;
  }
  const rest = next === order.length && free.every((i) => d[i] === 0) ? 0 : Math.max(0, best);
  for (let i = 0; i < n; i++) if (d[i] !== 0) target[i] = x[i]! + (reached + rest) * d[i]!;
  for (let k = 0; k < size; k++) c[k] = c[k]! + rest * p[k]!;
  for (; next < order.length; next++) free.push(order[next]!);
  free.sort((a, b) => a - b);
  return { c, free };
}

/**
 * Moves `target` from the Cauchy point to the model's minimum over the free variables, kept in bounds. All
 * arrays have one value per variable.
 *
 * @returns false when the model has become singular.
 */
export function subspaceMinimum(
  model: Memory,
  x: Float64Array,
  gradient: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  target: Float64Array,
  { c, free }: Cauchy,
): boolean {
  const { theta } = model;
  const size = 2 * model.count;
  const all = new Float64Array(free.length * size);
  const rows = free.map((i, k) => {
    const row = all.subarray(k * size, (k + 1) * size);
    model.row(i, row);
    return row;
  });
  const mc = c.slice();
  if (!model.applyM(mc)) return false;
  const residual = free.map((i, k) => -theta * (target[i]! - x[i]!) - gradient[i]! + dot(rows[k]!, mc));
  const v = new Float64Array(size);
  const gram = new Float64Array(size * size);
  rows.forEach((row, k) => {
    for (let a = 0; a < size; a++) {
      v[a] = v[a]! + row[a]! * residual[k]!;
      for (let b = 0; b < size; b++) gram[a * size + b] = gram[a * size + b]! + row[a]! * row[b]!;
    }
  });
  if (!model.applyM(v)) return false;
  // N = I - M (W^T Z Z^T W) / theta, column by column.
  const matrix = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let b = 0; b < size; b++) {
    for (let a = 0; a < size; a++) column[a] = gram[a * size + b]!;
    if (!model.applyM(column)) return false;
    for (let a = 0; a < size; a++) matrix[a * size + b] = (a === b ? 1 : 0) - column[a]! / theta;
  }
  const solve = generalSolver(matrix, size);
  if (!solve) return false;
  solve(v);
  const move = residual.map((r, k) => r / theta + dot(rows[k]!, v) / (theta * theta));

  const cauchy = free.map((i) => target[i]!);
  let atBound = false;
  let slope = 0;
  free.forEach((i, k) => {
    target[i] = Math.min(upper[i]!, Math.max(lower[i]!, target[i]! + move[k]!));
    if (target[i] === lower[i] || target[i] === upper[i]) atBound = true;
  });
  if (!atBound) return true;
  for (let i = 0; i < x.length; i++) slope += (target[i]! - x[i]!) * gradient[i]!;
  if (slope <= 0) return true;
  // The projection points uphill: go back and stop at the first bound on the straight way instead.
  let alpha = 1;
  let blocked = -1;
  free.forEach((i, k) => {
    target[i] = cauchy[k]!;
    const d = move[k]!;
    if (d === 0) return;
    const bound = d < 0 ? lower[i]! : upper[i]!;
    if (!Number.isFinite(bound)) return;
    const room = bound - cauchy[k]!;
    const reach = d * room <= 0 ? 0 : Math.abs(d * alpha) > Math.abs(room) ? room / d : 1;
    if (reach < alpha) {
      alpha = reach;
      blocked = k;
    }
  });
  free.forEach((i, k) => {
    target[i] = k === blocked ? (move[k]! > 0 ? upper[i]! : lower[i]!) : cauchy[k]! + alpha * move[k]!;
  });
  return true;
}
