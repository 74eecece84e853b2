import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Scalar } from '@tensorflow/tfjs';
import type { Engine } from 'stm-lab/dist/engine';
import { lossGradient, type ParameterLayout, type ParameterTensors, unpack } from 'stm-lab/dist/training';

export function golden<T>(module: string, name: string): T {
  return JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'golden', module, name), 'utf8')) as T;
}

/** Largest |a - b| relative to the largest |b| (at least 1e-12). */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let size = 1e-12;
  for (let i = 0; i < b.length; i++) {
    // Not Math.max: a NaN must not pass.
    if (!(Math.abs(a[i]! - b[i]!) <= difference)) difference = Math.abs(a[i]! - b[i]!);
    size = Math.max(size, Math.abs(b[i]!));
  }
  return difference / size;
}

/**
 * Gradient by `lossGradient` at chosen elements, and central differences there: steps that change the loss by about
 * `change`, each of which stands between kinks and rounding in its own way.
 */
export function checkGradient(
  engine: Engine,
  layout: ParameterLayout,
  values: Float32Array,
  lossOf: (parameters: ParameterTensors) => Scalar,
  elements: readonly number[],
  changes: readonly number[],
): { analytic: number; numeric: number[] }[] {
  const { tf } = engine;
  const lossAt = (element: number, by: number): number => {
    const point = values.slice();
    point[element]! += by;
    return tf.tidy(() => lossOf(unpack(engine, layout, tf.tensor1d(point))).dataSync()[0]!);
  };
  const flat = tf.tensor1d(values);
  const { loss, gradient } = lossGradient(engine, layout, flat, lossOf);
  const analytic = gradient.dataSync();
  [flat, loss, gradient].forEach((tensor) => tensor.dispose());
  return elements.map((element) => ({
    analytic: analytic[element]!,
    numeric: changes.map((change) => {
      const size = Math.min(0.02, change / Math.max(1e-4, Math.abs(analytic[element]!)));
      return (lossAt(element, size) - lossAt(element, -size)) / (2 * size);
    }),
  }));
}

/** Number of values of all parameters, or of those whose name starts with `prefix`. */
export const countValues = ({ parameters, range }: ParameterLayout, prefix = ''): number =>
  parameters
    .filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { name }) => sum + range(name).to - range(name).from, 0);
