import type { RandomState } from 'research-basics/random/mt19937';
import type { Coder } from '../coding';
import { normalCumulative, normalMass, normalQuantile } from './normal';

/** A density over the unit cube of some parameters. */
export interface Density {
  /** A place that can be run: discrete units at the centres of their cells. */
  draw(random: RandomState): Float64Array;
  /** Log density; discrete parameters count with the probability of their cell. */
  logAt(units: Float64Array): number;
}

/** The kernels of one parameter: one for each observation, and a last one for the prior. */
interface Kernels {
  draw(kernel: number, random: RandomState): number;
  logAt(kernel: number, unit: number): number;
}

const recent = 25;

/** Weights of n observations, oldest first, before normalisation: older than the last 25 fade out linearly. */
export function recencyWeights(n: number): Float64Array {
  const old = n - recent;
  return Float64Array.from({ length: n }, (_, i) => {
    if (i >= old) return 1;
    return old === 1 ? 1 / n : 1 / n + (i / (old - 1)) * (1 - 1 / n);
  });
}

/** Choices: a kernel holds its own with probability (1 + e) / (1 + size e), any other with e / (1 + size e). */
function choiceKernels(coder: Coder, units: readonly number[]): Kernels {
  const { size } = coder;
  const own = units.map((unit) => coder.indexOf(unit));
  const e = 1 / (units.length + 1);
  const probability = (kernel: number, index: number): number => {
    if (kernel === units.length) return 1 / size;
    return ((own[kernel] === index ? 1 : 0) + e) / (1 + size * e);
  };
  return {
    draw: (kernel, random) => {
      let left = random.double();
      let index = 0;
      while (index < size - 1 && (left -= probability(kernel, index)) >= 0) index++;
      return coder.unitOf(index);
    },
    logAt: (kernel, unit) => Math.log(probability(kernel, coder.indexOf(unit))),
  };
}

/**
 * Widths of normal kernels on the unit interval: the larger gap to a neighbour, at least 1 / (n + 2) (or a
 * hundredth). The outermost have one neighbour; the interval's ends do not count unless there is no other.
 */
export function kernelWidths(units: readonly number[]): Float64Array {
  const n = units.length;
  const order = [...units.keys()].sort((a, b) => units[a]! - units[b]! || a - b);
  const narrowest = 1 / Math.min(100, n + 2);
  const widths = new Float64Array(n);
  order.forEach((at, place) => {
    const unit = units[at]!;
    const before = place > 0 ? unit - units[order[place - 1]!]! : n === 1 ? unit : 0;
    const after = place < n - 1 ? units[order[place + 1]!]! - unit : n === 1 ? 1 - unit : 0;
    widths[at] = Math.min(1, Math.max(narrowest, before, after));
  });
  return widths;
}

/** Numbers: normal kernels cut off at the ends of the unit interval; the prior's is centred and 1 wide. */
function normalKernels(coder: Coder, units: readonly number[]): Kernels {
  const widths = [...kernelWidths(units), 1];
  const kernels = [...units, 0.5].map((centre, i) => {
    const width = widths[i]!;
    const low = normalCumulative(-centre / width);
    const mass = normalMass(-centre / width, (1 - centre) / width);
    return { centre, width, low, mass };
  });
  const discrete = Number.isFinite(coder.size);
  return {
    draw: (kernel, random) => {
      const { centre, width, low, mass } = kernels[kernel]!;
      const place = centre + width * normalQuantile(low + mass * random.double());
      const unit = Math.min(1, Math.max(0, place));
      return discrete ? coder.unitOf(coder.indexOf(unit)) : unit;
    },
    logAt: (kernel, unit) => {
      const { centre, width, mass } = kernels[kernel]!;
      if (discrete) {
        const [from, to] = coder.edgesOf(coder.indexOf(unit));
        return Math.log(normalMass((from - centre) / width, (to - centre) / width) / mass);
      }
      const z = (unit - centre) / width;
      return -0.5 * z * z - Math.log(width * mass * Math.sqrt(2 * Math.PI));
    },
  };
}

/**
 * A Parzen estimate: a mixture of products over the parameters of one kernel for each observation and a
 * broad one for the prior, so that values that were good together are drawn together.
 *
 * @param rows units of the observations, oldest first, a place for each coder.
 * Source: Bergstra et al. 2011; joint kernels: Falkner et al. 2018 (BOHB). Widths and weights as in Optuna.
 */
export function parzenDensity(coders: readonly Coder[], rows: readonly Float64Array[]): Density {
  const parameters = coders.map((coder, i) => {
    const units = rows.map((row) => row[i]!);
    return coder.kind === 'categorical' ? choiceKernels(coder, units) : normalKernels(coder, units);
  });
  const weights = [...recencyWeights(rows.length), 1];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logs = weights.map((weight) => Math.log(weight / total));
  return {
    draw: (random) => {
      let left = random.double() * total;
      let kernel = 0;
      while (kernel < weights.length - 1 && (left -= weights[kernel]!) >= 0) kernel++;
      return Float64Array.from(parameters, (one) => one.draw(kernel, random));
    },
    logAt: (units) => {
      const parts = logs.map((log, kernel) =>
        parameters.reduce((sum, one, i) => sum + one.logAt(kernel, units[i]!), log),
      );
      const highest = Math.max(...parts);
      return highest + Math.log(parts.reduce((sum, part) => sum + Math.exp(part - highest), 0));
    },
  };
}
