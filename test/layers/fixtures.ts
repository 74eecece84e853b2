import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Scalar, Tensor1D } from '@tensorflow/tfjs';
import type { Engine } from 'stm-lab/dist/engine';
import { lossGradient, type ParameterLayout, type ParameterTensors } from 'stm-lab/dist/layers';

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

/** Gradient by `lossGradient`, and central differences at chosen elements. */
export function checkGradient(
  engine: Engine,
  layout: ParameterLayout,
  values: Float32Array,
  lossOf: (parameters: ParameterTensors) => Scalar,
  elements: readonly number[],
  step = 1e-2,
): { analytic: number[]; numeric: number[] } {
  const { tf } = engine;
  const at = (point: Float32Array): { loss: number; gradient: Float32Array } => {
    const flat = tf.tensor1d(point) as Tensor1D;
    const { loss, gradient } = lossGradient(engine, layout, flat, lossOf);
    const result = { loss: loss.dataSync()[0]!, gradient: Float32Array.from(gradient.dataSync()) };
    [flat, loss, gradient].forEach((tensor) => tensor.dispose());
    return result;
  };
  const { gradient } = at(values);
  const numeric = elements.map((element) => {
    const size = step * Math.max(1, Math.abs(values[element]!));
    const moved = (by: number): number => {
      const point = values.slice();
      point[element]! += by;
      return at(point).loss;
    };
    return (moved(size) - moved(-size)) / (2 * size);
  });
  return { analytic: elements.map((element) => gradient[element]!), numeric };
}
