import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { inputError } from 'research-basics/errors';
import {
  filterWaveforms,
  type Parameter,
  type ParameterTensors,
  sincBank,
  type SincEdges,
} from '../training';
import { BANDWIDTH, harmonicGrid, hzToMidi, LOWEST_MIDI } from './maths/harmonicBank';
import { htkMelBank } from '../features/mel/htkBank';
import type { TmnnSpec } from './spec';

/** What stands before the back end, on tensors. */
export interface FrontEndLayer {
  readonly parameters: readonly Parameter[];
  /** Bands per harmonic. */
  readonly bands: number;
  /** Channels of the output: the harmonics. */
  readonly channels: number;
  /** Weights (bins x harmonics * bands) for the present parameters; differentiable. Absent for waveforms. */
  readonly weights?: (parameters: ParameterTensors) => Tensor2D;
  /** Edges of the filters on the waveform, Hz; absent without. */
  readonly edges?: (parameters: ParameterTensors) => SincEdges;
  /**
   * Power (batch, frames, bins), or waveforms (batch, samples, 1), to power in bands (batch, bands, frames, channels). The
   * front end `waveform` hands samples on: one band of as many frames.
   */
  apply(parameters: ParameterTensors, input: Tensor3D): Tensor4D;
  dispose(): void;
}

/** Builds the front end of a network. */
export function createFrontEnd(engine: Engine, spec: TmnnSpec): FrontEndLayer {
  const { frontEnd } = spec;
  switch (frontEnd.kind) {
    case 'waveform':
      return {
        parameters: [],
        bands: 1,
        channels: 1,
        apply: (_p, x) => engine.tf.expandDims(engine.tf.reshape(x, [x.shape[0], 1, -1]), 3) as Tensor4D,
        dispose: () => undefined,
      };
    case 'sinc':
      return sincFrontEnd(engine, { ...spec, frontEnd });
    default:
      return spectrogramFrontEnd(engine, { ...spec, frontEnd });
  }
}

/** A specification whose front end is of one kind. */
type SpecWith<K extends TmnnSpec['frontEnd']['kind']> = TmnnSpec & {
  readonly frontEnd: Extract<TmnnSpec['frontEnd'], { kind: K }>;
};

/** Band-pass filters on the waveform and the mean square of each in every hop. */
function sincFrontEnd(engine: Engine, spec: SpecWith<'sinc'>): FrontEndLayer {
  const { tf } = engine;
  const { filters, taps, stride } = spec.frontEnd;
  const { sampleRate, hop } = spec.analysis;
  const bank = sincBank(engine, 'frontEnd', { filters, taps, sampleRate, rate: spec.rates.centres });
  const edges = (p: ParameterTensors): SincEdges => bank.edges(p('frontEnd.low'), p('frontEnd.band'));
  return {
    parameters: bank.parameters,
    bands: filters,
    channels: 1,
    edges,
    apply: (p, x) => {
      const [batch, samples] = x.shape;
      const frames = Math.floor(samples / hop);
      if (frames < 1)
        throw inputError(`tmnn: ${samples} samples do not fill one hop of ${hop}; use longer excerpts`);
      const side = (taps - 1) / 2;
      const padded = tf.pad(tf.reshape(x, [batch, samples]), [
        [0, 0],
        [side, side],
      ]);
      const filtered = filterWaveforms(engine, padded as Tensor2D, bank.kernels(edges(p)), stride);
      const perHop = hop / stride;
      const inHops = tf.reshape(tf.slice(filtered, [0, 0, 0], [batch, frames * perHop, filters]), [
        batch,
        frames,
        perHop,
        filters,
      ]);
      const power = tf.mean(tf.square(inHops), 2);
      return tf.expandDims(tf.transpose(power, [0, 2, 1]), 3) as Tensor4D;
    },
    dispose: () => undefined,
  };
}

function spectrogramFrontEnd({ tf }: Engine, spec: SpecWith<'mel' | 'harmonic'>): FrontEndLayer {
  const { frontEnd, analysis, rates, frontEndDecay } = spec;
  const bins = analysis.fftLength / 2 + 1;

  const build = (): Required<
    Pick<FrontEndLayer, 'parameters' | 'bands' | 'channels' | 'weights' | 'dispose'>
  > => {
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
      const bands = tf.matMul(tf.reshape(power, [batch * frames, bins]), layer.weights(p));
      const byHarmonic = tf.reshape(bands, [batch, frames, layer.channels, layer.bands]);
      return tf.transpose(byHarmonic, [0, 3, 1, 2]) as Tensor4D;
    },
  };
}
