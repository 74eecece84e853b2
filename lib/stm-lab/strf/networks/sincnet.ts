import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../../engine';
import {
  createLayers,
  filterWaveforms,
  type Parameter,
  type ParameterTensors,
  sincBank,
  timeDelay,
  timeDelayParameters,
  type TimeDelayShape,
} from '../../training';

/** SincNet as the topline of the speaker task has it. */
export interface SincNetOptions {
  /** Default 80. */
  readonly filters?: number;
  /** Length of the filters, odd; default 251. */
  readonly taps?: number;
  /** Samples between values of a filtered signal; default 5. */
  readonly stride?: number;
  /** Channels of the two convolutions behind the filters; default 60. */
  readonly outputs?: number;
  /** Factor on the learning rate of the filters' edges, which are in Hz; default 1. */
  readonly rate?: number;
}

/** Taps of the two convolutions, and values that every pool takes together. */
const [TAPS, POOL] = [5, 3];
const SLOPE = 0.2;
const VARIANCE_GUARD = 1e-5;

/** SincNet on tensors. */
export interface SincNet {
  readonly parameters: readonly Parameter[];
  /** Channels that leave it. */
  readonly width: number;
  /**
   * Waveforms (batch, 1, samples) to (batch, steps, width).
   *
   * @throws UserError (`input`) for too few samples.
   */
  apply(parameters: ParameterTensors, x: Tensor3D): Tensor3D;
}

/** Steps that are left of a number of samples; 0 or less when there are too few. */
export function sincNetSteps(
  samples: number,
  { taps = 251, stride = 5 }: Pick<SincNetOptions, 'taps' | 'stride'> = {},
): number {
  const pooled = (steps: number): number => Math.floor(steps / POOL);
  const filtered = pooled(Math.floor((samples - taps) / stride) + 1);
  return pooled(pooled(filtered - TAPS + 1) - TAPS + 1);
}

/**
 * Prepares SincNet (Ravanelli & Bengio 2018) in the form that Coria et al. 2020 put before the x-vector: trained band-pass
 * filters, modulus, maximum of 3, instance normalisation, leaky rectifier; then twice a convolution of 5 steps, maximum of 3,
 * normalisation, rectifier. 42,680 parameters at the defaults.
 *
 * @throws UserError (`input`) for sizes that no filter fits (see `sincBank`).
 */
export function createSincNet(engine: Engine, sampleRate: number, options: SincNetOptions = {}): SincNet {
  const { tf } = engine;
  const { filters = 80, taps = 251, stride = 5, outputs = 60, rate = 1 } = options;
  const layers = createLayers(engine);
  const bank = sincBank(engine, 'sincnet', { filters, taps, sampleRate, rate });
  const shapes = [filters, outputs].map((inputs): TimeDelayShape => ({ inputs, outputs, taps: TAPS }));
  const normParameters = (name: string, channels: number): Parameter[] => [
    { name: `${name}.gamma`, shape: [channels], start: { kind: 'constant', value: 1 } },
    { name: `${name}.beta`, shape: [channels], start: { kind: 'constant', value: 0 } },
  ];
  const pooled = (x: Tensor3D): Tensor3D =>
    tf.squeeze(layers.maxPool(tf.expandDims(x, 1) as Tensor4D, [1, POOL]), [1]) as Tensor3D;
  /** Every channel of every example over time. */
  const normalised = (p: ParameterTensors, name: string, x: Tensor3D): Tensor3D => {
    const { mean, variance } = tf.moments(x, 1, true);
    const unit = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, VARIANCE_GUARD)));
    return tf.add(tf.mul(unit, p(`${name}.gamma`) as Tensor1D), p(`${name}.beta`) as Tensor) as Tensor3D;
  };
  const finished = (p: ParameterTensors, name: string, x: Tensor3D): Tensor3D =>
    tf.leakyRelu(normalised(p, name, pooled(x)), SLOPE);
  return {
    parameters: [
      ...bank.parameters,
      ...normParameters('sincnet.norm', filters),
      ...shapes.flatMap((shape, i) => [
        ...timeDelayParameters(`sincnet.convolution${i + 1}`, shape),
        ...normParameters(`sincnet.norm${i + 1}`, outputs),
      ]),
    ],
    width: outputs,
    apply: (p, x) => {
      const [batch, , samples] = x.shape;
      if (sincNetSteps(samples, { taps, stride }) < 1)
        throw inputError(`SincNet: nothing is left of ${samples} samples; use longer excerpts`);
      const kernels = bank.kernels(bank.edges(p('sincnet.low'), p('sincnet.band')));
      const waveforms = tf.reshape(x, [batch, samples]) as Tensor2D;
      let h = finished(p, 'sincnet.norm', tf.abs(filterWaveforms(engine, waveforms, kernels, stride)));
      shapes.forEach((shape, i) => {
        h = finished(
          p,
          `sincnet.norm${i + 1}`,
          timeDelay(engine, p, `sincnet.convolution${i + 1}`, h, shape),
        );
      });
      return h;
    },
  };
}
