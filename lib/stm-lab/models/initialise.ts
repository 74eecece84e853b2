import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { checkSpec, type MlpSpec, parameterShapes, sizeOf } from './spec';

/**
 * First weights of a network: kernels uniform in (-a, a) with a = sqrt(6 / (in + out)) (Glorot & Bengio
 * 2010), biases and beta 0, gamma 1; attention's score 0, so that it begins as the plain mean. Each array has a stream of its own, so a layer's start does not
 * depend on the widths before it.
 *
 * @returns one float32 array per parameter, in the order of `parameterShapes`.
 */
export function initialWeights(spec: MlpSpec, seed: number): Float32Array[] {
  return parameterShapes(checkSpec(spec)).map(({ name, kind, shape }) => {
    const values = new Float32Array(sizeOf(shape));
    if (kind === 'gamma') values.fill(1);
    if (kind !== 'kernel') return values;
    const limit = Math.sqrt(6 / (shape[0]! + shape[1]!));
    const state = randomState(deriveSeed(seed, 'initialise', name));
    for (let i = 0; i < values.length; i++) values[i] = limit * (2 * state.double() - 1);
    return values;
  });
}
