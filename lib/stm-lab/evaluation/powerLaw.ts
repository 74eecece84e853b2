/** error(n) = floor + factor n^-exponent: how a score improves with the number of recordings. */
export interface PowerLaw {
  /** The error that no amount of data removes, 0 or more. */
  readonly floor: number;
  /** 0 or more: an error that does not fall is all floor. */
  readonly factor: number;
  /** 0.05 ... 2. */
  readonly exponent: number;
}

const EXPONENTS = Array.from({ length: 80 }, (_, i) => 0.05 * 40 ** (i / 79));

/**
 * Fits a power law with a floor by least squares: floor and factor in closed form for each of 80 exponents.
 *
 * @param sizes numbers of recordings, above 0, two or more.
 * @param errors error at each size, e.g. 1 less macro-F1.
 */
export function fitPowerLaw(sizes: readonly number[], errors: readonly number[]): PowerLaw {
  let best: PowerLaw = { floor: 0, factor: 0, exponent: EXPONENTS[0]! };
  let least = Infinity;
  for (const exponent of EXPONENTS) {
    const x = sizes.map((size) => size ** -exponent);
    for (const [floor, factor] of candidates(x, errors)) {
      if (floor < 0 || factor < 0) continue;
      const square = x.reduce((sum, value, i) => sum + (floor + factor * value - errors[i]!) ** 2, 0);
      // A tie must not depend on rounding.
      if (square < least - 1e-15) [best, least] = [{ floor, factor, exponent }, square];
    }
  }
  return best;
}

/** The unbounded fit, and the fits on both bounds: one of them is the bounded one. */
function candidates(x: readonly number[], y: readonly number[]): [floor: number, factor: number][] {
  const n = x.length;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const [sx, sy] = [sum(x), sum(y)];
  const [sxx, sxy] = [sum(x.map((v) => v * v)), sum(x.map((v, i) => v * y[i]!))];
  const factor = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  return [
    [(sy - factor * sx) / n, factor],
    [0, sxy / sxx],
    [sy / n, 0],
  ];
}

/** The error that a power law predicts. */
export const powerLawError = ({ floor, factor, exponent }: PowerLaw, size: number): number =>
  floor + factor * size ** -exponent;

/**
 * The smallest size at which two power laws cross.
 *
 * @param from smallest size looked at, above 0.
 * @param to largest.
 * @returns within 1 %; NaN where they do not cross in that range.
 */
export function powerLawCrossing(first: PowerLaw, second: PowerLaw, from: number, to: number): number {
  const ahead = (size: number): boolean => powerLawError(first, size) < powerLawError(second, size);
  const start = ahead(from);
  for (let size = from * 1.01; size <= to; size *= 1.01) if (ahead(size) !== start) return size;
  return NaN;
}
