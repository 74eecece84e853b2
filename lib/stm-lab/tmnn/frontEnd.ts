import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import type { Parameter, ParameterTensors } from '../training';
import { BANDWIDTH, harmonicGrid, hzToMidi, LOWEST_MIDI } from './maths/harmonicBank';
import { htkMelBank } from '../features/mel/htkBank';
import type { TmnnSpec } from './spec';

/** A filter bank on tensors. */
export interface FrontEndLayer {
  readonly parameters: readonly Parameter[];
  /** Bands per harmonic. */
  readonly bands: number;
  /** Channels of the output: the harmonics. */
  readonly channels: number;
  /** Weights (bins x harmonics * bands) for the present parameters; differentiable. */
  weights(parameters: ParameterTensors): Tensor2D;
  /** Power (batch, frames, bins) to power in bands (batch, bands, frames, channels). */
  apply(parameters: ParameterTensors, power: Tensor3D): Tensor4D;
  dispose(): void;
}

/** Builds the filter bank of a network. */
export function createFrontEnd({ tf }: Engine, spec: TmnnSpec): FrontEndLayer {
  const { frontEnd, analysis, rates, frontEndDecay } = spec;
  const bins = analysis.fftLength / 2 + 1;

  const build = (): Pick<FrontEndLayer, 'parameters' | 'bands' | 'channels' | 'weights' | 'dispose'> => {
    if (frontEnd.kind === 'mel') {
      const { weights } = htkMelBank(analysis.sampleRate, analysis.fftLength, frontEnd.bands);
      const held = tf.keep(tf.tensor2d(Float32Array.from(weights), [bins, frontEnd.bands]));
      return {
        parameters: [],
        bands: frontEnd.bands,
        channels: 1,
        weights: () => held,
        dispose: () => held.dispose(),
      };
    }
    const { harmonics, perSemitone, centres, q } = frontEnd;
    const grid = harmonicGrid(analysis.sampleRate, harmonics, perSemitone);
    const binHz = tf.keep(
      tf.tensor2d(
        Float32Array.from({ length: bins }, (_, k) => (k * analysis.sampleRate) / analysis.fftLength),
        [bins, 1],
      ),
    );
    const fixed = tf.keep(tf.tensor1d(Float32Array.from(grid.centreHz)));
    const orders = tf.keep(
      tf.tensor2d(
        Float32Array.from({ length: harmonics }, (_, h) => h + 1),
        [harmonics, 1],
      ),
    );
    const decay = frontEndDecay;
    const parameters: Parameter[] = [
      { name: 'frontEnd.q', shape: [1], start: { kind: 'constant', value: q }, rate: rates.q, decay },
    ];
    const midi = (values: ArrayLike<number>): Parameter => ({
      name: 'frontEnd.midi',
      shape: [values.length],
      start: { kind: 'values', values },
      rate: rates.centres,
      // Decay would pull every centre towards MIDI 0.
      decay: 'no',
    });
    if (centres === 'tied') parameters.push(midi(grid.midi));
    if (centres === 'free') parameters.push(midi(grid.centreHz.map(hzToMidi)));
    const highest = centres === 'free' ? hzToMidi(analysis.sampleRate / 2) : grid.highestMidi;
    const centreHz = (p: ParameterTensors): Tensor1D => {
      if (centres === 'fixed') return fixed;
      const kept = tf.clipByValue(p('frontEnd.midi'), LOWEST_MIDI, highest);
      const hz = tf.mul(440, tf.exp(tf.mul(tf.sub(kept, 69), Math.LN2 / 12)));
      return centres === 'free'
        ? (hz as Tensor1D)
        : (tf.reshape(tf.mul(orders, tf.reshape(hz, [1, -1])), [-1]) as Tensor1D);
    };
    return {
      parameters,
      bands: grid.bands,
      channels: harmonics,
      weights: (p) => {
        const hz = centreHz(p);
        const perHz = tf.div(p('frontEnd.q'), tf.add(tf.mul(hz, BANDWIDTH.slope), BANDWIDTH.intercept));
        const away = tf.mul(tf.abs(tf.sub(binHz, hz)), tf.mul(perHz, 2));
        return tf.relu(tf.sub(1, away)) as Tensor2D;
      },
      dispose: () => [binHz, fixed, orders].forEach((tensor: Tensor) => tensor.dispose()),
    };
  };

  const layer = build();
  return {
    ...layer,
    apply: (p, power) => {
      const [batch, frames] = power.shape;
      const bands = tf.matMul(tf.reshape(power, [batch * frames, bins]), layer.weights(p) as Tensor2D);
      const byHarmonic = tf.reshape(bands, [batch, frames, layer.channels, layer.bands]);
      return tf.transpose(byHarmonic, [0, 3, 1, 2]) as Tensor4D;
    },
  };
}
