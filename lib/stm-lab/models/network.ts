import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { type Bags, createAttention } from './attention';
import { createKernels, type Kernels } from '../training/kernels';
import { LAYER_NORM_EPSILON, type MlpSpec } from './spec';

/** Forward and backward pass of one network, written out by hand: no tape, nothing kept between calls. */
export interface Network {
  /** Logits (rows x classes). Tensors made inside are the caller's to tidy. */
  logits(parameters: readonly Tensor[], x: Tensor2D, bags?: Bags): Tensor2D;
  /**
   * Logits, and a function from the loss gradient with respect to them to the gradients of every parameter
   * (same order, same shapes; the L1 penalty is not in them).
   *
   * @param masks one dropout mask per hidden layer (rows x units), or undefined where nothing is dropped.
   * @param bags for a network with attention: which of the vectors `x` belong to which row.
   */
  forward(
    parameters: readonly Tensor[],
    x: Tensor2D,
    masks: readonly (Tensor2D | undefined)[],
    bags?: Bags,
  ): ForwardPass;
}

export interface ForwardPass {
  readonly logits: Tensor2D;
  backward(gradient: Tensor2D): Tensor[];
}

interface LayerRecord {
  readonly input: Tensor2D;
  readonly activation: Tensor2D;
  readonly mask: Tensor2D | undefined;
  readonly normal: { readonly standard: Tensor2D; readonly inverse: Tensor2D } | undefined;
}

/** Builds the passes for a specification. Input and parameters are float32. */
export function createNetwork(
  engine: Engine,
  spec: MlpSpec,
  kernels: Kernels = createKernels(engine),
): Network {
  const { tf } = engine;
  const perLayer = spec.family === 'layernorm' ? 4 : 2;
  const depth = spec.hidden.length;
  // Attention's parameters come before those of the layers.
  const ahead = spec.attention === undefined ? 0 : 3;
  const attend = createAttention(engine, kernels);

  const dense = (x: Tensor2D, parameters: readonly Tensor[], first: number): Tensor2D =>
    kernels.addBias(
      kernels.matMul(x, parameters[first] as Tensor2D, 'none'),
      parameters[first + 1] as Tensor1D,
    );

  const normalise = (x: Tensor2D): NonNullable<LayerRecord['normal']> => {
    const centred = tf.sub(x, tf.mean(x, 1, true)) as Tensor2D;
    const variance = tf.mean(tf.square(centred), 1, true);
    const inverse = tf.rsqrt(tf.add(variance, LAYER_NORM_EPSILON)) as Tensor2D;
    return { standard: tf.mul(centred, inverse), inverse };
  };

  const forward: Network['forward'] = (all, x, masks, bags) => {
    const attention = ahead === 0 ? undefined : attend(all.slice(0, ahead), x, bags!);
    const parameters = all.slice(ahead);
    const records: LayerRecord[] = [];
    let h = attention?.pooled ?? x;
    for (let i = 0; i < depth; i++) {
      const input = h;
      const activation = kernels.relu(dense(input, parameters, i * perLayer));
      const mask = masks[i];
      const normal = perLayer === 4 ? normalise(activation) : undefined;
      if (normal !== undefined)
        h = tf.add(
          tf.mul(normal.standard, parameters[i * perLayer + 2]!),
          parameters[i * perLayer + 3]!,
        ) as Tensor2D;
      else h = mask === undefined ? activation : tf.mul(activation, mask);
      records.push({ input, activation, mask, normal });
    }
    const last = h;
    return {
      logits: dense(last, parameters, depth * perLayer),
      backward: (gradient) => {
        const { gradients, toInput } = backward(
          parameters,
          records,
          last,
          gradient,
          attention ? 'yes' : 'no',
        );
        return attention === undefined ? gradients : [...attention.backward(toInput!), ...gradients];
      },
    };
  };

  const backward = (
    parameters: readonly Tensor[],
    records: readonly LayerRecord[],
    last: Tensor2D,
    gradient: Tensor2D,
    wantsInput: 'yes' | 'no',
  ): { gradients: Tensor[]; toInput: Tensor2D | undefined } => {
    const gradients = new Array<Tensor>(depth * perLayer + 2);
    const output = depth * perLayer;
    gradients[output] = kernels.matMul(last, gradient, 'left');
    gradients[output + 1] = kernels.biasGradient(gradient);
    let dh = kernels.matMul(gradient, parameters[output] as Tensor2D, 'right');
    for (let i = depth - 1; i >= 0; i--) {
      const { input, activation, mask, normal } = records[i]!;
      const first = i * perLayer;
      if (normal !== undefined) {
        const { standard, inverse } = normal;
        gradients[first + 2] = kernels.biasGradient(tf.mul(dh, standard));
        gradients[first + 3] = kernels.biasGradient(dh);
        const scaled = tf.mul(dh, parameters[first + 2]!) as Tensor2D;
        const along = tf.mean(tf.mul(scaled, standard), 1, true);
        const centred = tf.sub(tf.sub(scaled, tf.mean(scaled, 1, true)), tf.mul(standard, along));
        dh = tf.mul(centred, inverse);
      } else if (mask !== undefined) dh = tf.mul(dh, mask);
      const dz = kernels.reluGradient(dh, activation);
      gradients[first] = kernels.matMul(input, dz, 'left');
      gradients[first + 1] = kernels.biasGradient(dz);
      if (i > 0 || wantsInput === 'yes') dh = kernels.matMul(dz, parameters[first] as Tensor2D, 'right');
    }
    return { gradients, toInput: wantsInput === 'yes' ? dh : undefined };
  };

  return { forward, logits: (parameters, x, bags) => forward(parameters, x, [], bags).logits };
}
