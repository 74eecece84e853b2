/**
 * The line search of Moré and Thuente (ACM TOMS 20, 1994), as L-BFGS-B uses it: finds a step with
 * sufficient decrease and a flat enough slope, by safeguarded cubic and quadratic interpolation.
 */
export interface LineSearch {
  /** The step to evaluate next. */
  step: number;
  /** Whether `step` is to be evaluated, is accepted, or is the best available. */
  status: 'evaluate' | 'converged' | 'stopped';
}

export interface LineSearchOptions {
  readonly value: number;
  /** Derivative along the direction at step 0, negative. */
  readonly slope: number;
  readonly step: number;
  readonly maxStep: number;
  /** Sufficient decrease. Default 1e-3. */
  readonly ftol?: number;
  /** Curvature. Default 0.9. */
  readonly gtol?: number;
  /** Relative width at which the interval is too small to continue. Default 0.1. */
  readonly xtol?: number;
}

interface Interval {
  /** Best step so far, its value and slope. */
  x: number;
  fx: number;
  dx: number;
  /** The other end. */
  y: number;
  fy: number;
  dy: number;
  bracketed: boolean;
}

/** Starts a search; call `advance` with the value and slope at each `step` while the status is `evaluate`. */
export function startLineSearch(options: LineSearchOptions): LineSearch & {
  advance(value: number, slope: number): void;
} {
  const { value: f0, slope: g0, maxStep, ftol = 1e-3, gtol = 0.9, xtol = 0.1 } = options;
  const decrease = ftol * g0;
  const interval: Interval = { x: 0, fx: f0, dx: g0, y: 0, fy: f0, dy: g0, bracketed: false };
  let low = 0;
  let high = options.step + 4 * options.step;
  let width = maxStep;
  let previousWidth = 2 * width;
  let stage = 1;

  const search = {
    step: options.step,
    status: 'evaluate' as LineSearch['status'],
    advance(f: number, g: number): void {
      const { step } = search;
      const target = f0 + step * decrease;
      if (stage === 1 && f <= target && g >= 0) stage = 2;
      const flat = Math.abs(g) <= gtol * -g0;
      if (f <= target && flat) {
        search.status = 'converged';
        return;
      }
      const stuck =
        (interval.bracketed && (step <= low || step >= high)) ||
        (interval.bracketed && high - low <= xtol * high) ||
        (step === maxStep && f <= target && g <= decrease) ||
        (step === 0 && (f > target || g >= decrease));
      if (stuck) {
        search.status = 'stopped';
        return;
      }
      // Until a point with enough decrease is found, the function minus its required decrease is searched.
      const shifted = stage === 1 && f <= interval.fx && f > target;
      const tilt = shifted ? decrease : 0;
      interval.fx -= interval.x * tilt;
      interval.dx -= tilt;
      interval.fy -= interval.y * tilt;
      interval.dy -= tilt;
      let next = refine(interval, step, f - step * tilt, g - tilt, low, high);
      interval.fx += interval.x * tilt;
      interval.dx += tilt;
      interval.fy += interval.y * tilt;
      interval.dy += tilt;

      if (interval.bracketed) {
        if (Math.abs(interval.y - interval.x) >= 0.66 * previousWidth) {
          next = interval.x + 0.5 * (interval.y - interval.x);
        }
        previousWidth = width;
        width = Math.abs(interval.y - interval.x);
        low = Math.min(interval.x, interval.y);
        high = Math.max(interval.x, interval.y);
      } else {
        low = next + 1.1 * (next - interval.x);
        high = next + 4 * (next - interval.x);
      }
      next = Math.min(maxStep, Math.max(0, next));
      if (interval.bracketed && (next <= low || next >= high || high - low <= xtol * high)) {
        next = interval.x;
      }
      search.step = next;
    },
  };
  return search;
}

/** One safeguarded interpolation; updates the interval and returns the next trial step. */
function refine(i: Interval, step: number, f: number, g: number, low: number, high: number): number {
  const opposite = g * Math.sign(i.dx);
  const theta = (3 * (i.fx - f)) / (step - i.x) + i.dx + g;
  const scale = Math.max(Math.abs(theta), Math.abs(i.dx), Math.abs(g));
  const discriminant = (theta / scale) ** 2 - (i.dx / scale) * (g / scale);
  let next: number;
  if (f > i.fx) {
    const gamma = scale * Math.sqrt(discriminant) * (step < i.x ? -1 : 1);
    const ratio = (gamma - i.dx + theta) / (gamma - i.dx + gamma + g);
    const cubic = i.x + ratio * (step - i.x);
    const quadratic = i.x + (i.dx / ((i.fx - f) / (step - i.x) + i.dx) / 2) * (step - i.x);
    next = Math.abs(cubic - i.x) < Math.abs(quadratic - i.x) ? cubic : cubic + (quadratic - cubic) / 2;
    i.bracketed = true;
  } else if (opposite < 0) {
    const gamma = scale * Math.sqrt(discriminant) * (step > i.x ? -1 : 1);
    const ratio = (gamma - g + theta) / (gamma - g + gamma + i.dx);
    const cubic = step + ratio * (i.x - step);
    const secant = step + (g / (g - i.dx)) * (i.x - step);
    next = Math.abs(cubic - step) > Math.abs(secant - step) ? cubic : secant;
    i.bracketed = true;
  } else if (Math.abs(g) < Math.abs(i.dx)) {
    const gamma = scale * Math.sqrt(Math.max(0, discriminant)) * (step > i.x ? -1 : 1);
    const ratio = (gamma - g + theta) / (gamma + (i.dx - g) + gamma);
    const cubic = ratio < 0 && gamma !== 0 ? step + ratio * (i.x - step) : step > i.x ? high : low;
    const secant = step + (g / (g - i.dx)) * (i.x - step);
    if (i.bracketed) {
      next = Math.abs(cubic - step) < Math.abs(secant - step) ? cubic : secant;
      const limit = step + 0.66 * (i.y - step);
      next = step > i.x ? Math.min(limit, next) : Math.max(limit, next);
    } else {
      next = Math.abs(cubic - step) > Math.abs(secant - step) ? cubic : secant;
      next = Math.max(low, Math.min(high, next));
    }
  } else if (i.bracketed) {
    const theta2 = (3 * (f - i.fy)) / (i.y - step) + i.dy + g;
    const scale2 = Math.max(Math.abs(theta2), Math.abs(i.dy), Math.abs(g));
    const root = Math.sqrt((theta2 / scale2) ** 2 - (i.dy / scale2) * (g / scale2));
    const gamma = scale2 * root * (step > i.y ? -1 : 1);
    const ratio = (gamma - g + theta2) / (gamma - g + gamma + i.dy);
    next = step + ratio * (i.y - step);
  } else {
    next = step > i.x ? high : low;
  }

  if (f > i.fx) {
    i.y = step;
    i.fy = f;
    i.dy = g;
  } else {
    if (opposite < 0) {
      i.y = i.x;
      i.fy = i.fx;
      i.dy = i.dx;
    }
    i.x = step;
    i.fx = f;
    i.dx = g;
  }
  return next;
}
