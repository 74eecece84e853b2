import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps } from '../engine';
import type { Parameter, ParameterTensors } from './parameters';

/**
 * Parameters of a long short-term memory in Keras' form, one bias: `kernel` (in, 4 units), `recurrent`
 * (units, 4 units), `bias` (4 units); gates in the order input, forget, cell, output. Both matrices start
 * Glorot-uniform, the forget gate's bias at 1.
 */
export function lstmParameters(name: string, inputs: number, units: number): Parameter[] {
  const bias = new Float32Array(4 * units).fill(1, units, 2 * units);
  return [
    {
      name: `${name}.kernel`,
      shape: [inputs, 4 * units],
      start: { kind: 'glorot', fanIn: inputs, fanOut: 4 * units },
    },
    {
      name: `${name}.recurrent`,
      shape: [units, 4 * units],
      start: { kind: 'glorot', fanIn: units, fanOut: 4 * units },
    },
    { name: `${name}.bias`, shape: [4 * units], start: { kind: 'values', values: bias }, decay: 'no' },
  ];
}

/** Parameters of both directions: `name.forward` and `name.backward`. */
export function bidirectionalParameters(name: string, inputs: number, units: number): Parameter[] {
  return ['forward', 'backward'].flatMap((side) => lstmParameters(`${name}.${side}`, inputs, units));
}

/**
 * Runs a long short-term memory over a sequence from a state of zeros: tanh and logistic gates, no
 * peepholes, no clipping. Native TensorFlow does the whole sequence in one operation.
 *
 * @param x float32 (time, batch, in).
 * @returns the hidden state at every time, (time, batch, units).
 */
export function lstm(engine: Engine, parameters: ParameterTensors, name: string, x: Tensor3D): Tensor3D {
  const kernel = engine.tf.concat([parameters(`${name}.kernel`), parameters(`${name}.recurrent`)], 0);
  const bias = parameters(`${name}.bias`) as Tensor1D;
  const run = engine.name === 'native' ? nativeLstm : portableLstm;
  return run(engine, x, kernel as Tensor2D, bias);
}

/** How the outputs of two directions become one. */
export type Merge = 'mean' | 'concat';

/**
 * Two memories, one running backwards in time, and the mean of their outputs, (time, batch, units): the
 * width stays `units`, as in pyannote.audio's recurrent models of 2020 (Keras: `mergeMode: 'ave'`). Merged by `concat`
 * they lie side by side, (time, batch, 2 x units), as in PyanNet.
 */
export function bidirectionalLstm(
  engine: Engine,
  parameters: ParameterTensors,
  name: string,
  x: Tensor3D,
  merge: Merge = 'mean',
): Tensor3D {
  const { tf } = engine;
  const forward = lstm(engine, parameters, `${name}.forward`, x);
  const backward = tf.reverse(lstm(engine, parameters, `${name}.backward`, tf.reverse(x, 0)), 0);
  return merge === 'concat' ? tf.concat([forward, backward], 2) : tf.mul(tf.add(forward, backward), 0.5);
}

const T: RawAttribute = { name: 'T', kind: 'type', value: 'float32' };
const PEEPHOLE: RawAttribute = { name: 'use_peephole', kind: 'bool', value: false };
const FORWARD: readonly RawAttribute[] = [T, PEEPHOLE, { name: 'cell_clip', kind: 'float', value: 0 }];
const BACKWARD: readonly RawAttribute[] = [T, PEEPHOLE];

/** The sequence in one TensorFlow operation, and its gradient in another. */
function nativeLstm(engine: Engine, x: Tensor3D, kernel: Tensor2D, bias: Tensor1D): Tensor3D {
  const { tf } = engine;
  const ops = rawOps(engine);
  const steps = ops.integer64(x.shape[0]);
  const units = bias.shape[0] / 4;
  return tf.customGrad((input, weights, offset, save) => {
    const [a, w, b] = [input, weights, offset] as [Tensor, Tensor, Tensor];
    const state = tf.zeros([x.shape[1], units]);
    const unused = tf.zeros([units]);
    const sequence = [steps, a, state, state, w, unused, unused, unused, b];
    const outputs = ops.many('BlockLSTMV2', FORWARD, sequence, 7);
    (save as unknown as (tensors: Tensor[]) => void)([a, state, w, unused, b, ...outputs]);
    return {
      value: outputs[6]!,
      gradFunc: (gradient, saved) => {
        const [a0, state0, w0, unused0, b0, ...made] = saved as Tensor[];
        const inputs = [steps, a0!, state0!, state0!, w0!, unused0!, unused0!, unused0!, b0!, ...made];
        const results = ops.many(
          'BlockLSTMGradV2',
          BACKWARD,
          [...inputs, tf.zerosLike(made[6]!), gradient],
          8,
        );
        return [results[0]!, results[3]!, results[7]!];
      },
    };
  })(x, kernel, bias) as Tensor3D;
}

/** Step by step from TensorFlow.js functions: every engine has them. */
export function portableLstm(
  { tf }: Pick<Engine, 'tf'>,
  x: Tensor3D,
  kernel: Tensor2D,
  bias: Tensor1D,
): Tensor3D {
  const units = bias.shape[0] / 4;
  let hidden: Tensor2D = tf.zeros([x.shape[1], units]);
  let cell: Tensor2D = tf.zeros([x.shape[1], units]);
  const states = tf.unstack(x).map((input) => {
    const gates = tf.add(tf.matMul(tf.concat([input as Tensor2D, hidden], 1), kernel), bias) as Tensor2D;
    const [i, f, c, o] = tf.split(gates, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    cell = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(c)));
    hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell));
    return hidden;
  });
  return tf.stack(states) as Tensor3D;
}
