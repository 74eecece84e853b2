import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { type ParameterLayout, type ParameterTensors, unpack } from './parameters';

/** A loss and its gradient with respect to all parameters as one vector (the caller disposes both). */
export interface LossGradient {
  readonly loss: Scalar;
  readonly gradient: Tensor1D;
}

/**
 * Value and gradient of a loss that is computed from parameters. Everything made inside is disposed;
 * parameters that the loss does not use have gradient 0.
 *
 * @param flat all parameter values (see `ParameterLayout`), e.g. `optimiser.values`.
 */
export function lossGradient(
  engine: Engine,
  layout: ParameterLayout,
  flat: Tensor1D,
  lossOf: (parameters: ParameterTensors) => Scalar,
): LossGradient {
  const { value, grad } = engine.tf.valueAndGrad(
    (values: Tensor) => lossOf(unpack(engine, layout, values as Tensor1D)) as Tensor,
  )(flat);
  return { loss: value as Scalar, gradient: grad as Tensor1D };
}
