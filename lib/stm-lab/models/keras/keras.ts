import * as fs from 'node:fs';
import { fileError, inputError } from 'research-basics/errors';
import { writeFileAtomic } from 'research-basics/files';
import { createModel, type MlpModel, type ModelInfo } from '../model';
import { type HiddenLayer, LAYER_NORM_EPSILON, type MlpSpec, networkLayout } from '../spec';
import { decodeHdf5, encodeHdf5 } from './hdf5';
import { decodeZip, encodeZip } from './zip';

/** A layer of Keras' configuration, as far as it matters here. */
interface KerasLayer {
  readonly module: string;
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Class names and hashes travel in a file of our own, which Keras passes over. */
const INFO_FILE = 'stm-lab.json';

/**
 * Writes the network as a `.keras` file (Keras 3), which `keras.models.load_model` opens: same layers,
 * L1 penalties and dropout rates, same weights. Not compiled: give it a loss to train it further.
 *
 * @throws UserError (`input`) for a network with attention.
 */
export async function saveKeras(file: string, model: MlpModel): Promise<void> {
  const { spec, weights, info } = model;
  if (spec.attention !== undefined)
    throw inputError(
      `${file}: a network with attention over excerpts has no layers in Keras' sequence; only plain networks are exported`,
    );
  const layers = kerasLayers(spec);
  const arrays = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const empty = ['vars'];
  const { parameters } = networkLayout(spec);
  let next = 0;
  groupNames(layers).forEach((group, i) => {
    const count = ['Dense', 'LayerNormalization'].includes(layers[i]!.class_name) ? 2 : 0;
    if (count === 0) empty.push(`${group}/vars`);
    for (let k = 0; k < count; k++, next++)
      arrays.set(`${group}/vars/${k}`, { shape: parameters[next]!.shape, data: weights[next]! });
  });
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'stm_lab_mlp',
      trainable: true,
      dtype: 'float32',
      layers,
      build_input_shape: [null, spec.inputs],
    },
    registered_name: null,
    build_config: { input_shape: [null, spec.inputs] },
  };
  const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
  const entries = {
    'metadata.json': text({ keras_version: '3.2.1' }),
    'config.json': text(config),
    'model.weights.h5': await encodeHdf5(arrays, empty),
    [INFO_FILE]: text(info),
  };
  writeFileAtomic(file, encodeZip(entries));
}

/**
 * Reads a network from a `.keras` file: a `Sequential` model of dense + ReLU layers, each followed by
 * dropout or by layer normalisation or by neither, and a softmax at the end.
 *
 * @throws UserError (`input`) naming the file and the first thing about it that does not fit.
 */
export async function loadKeras(file: string): Promise<MlpModel> {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw fileError(file, error);
  }
  const entries = decodeZip(bytes, file);
  const content = (name: string): Uint8Array => {
    const found = entries[name];
    if (found === undefined) throw inputError(`${file}: is not a Keras 3 model (${name} is missing)`);
    return found;
  };
  const parse = (name: string): unknown => JSON.parse(Buffer.from(content(name)).toString('utf8'));
  const root = parse('config.json') as { class_name: string; config: { layers: KerasLayer[] } };
  if (root.class_name !== 'Sequential')
    throw inputError(`${file}: is a ${root.class_name} model; only Sequential networks are read`);
  const layers = root.config.layers.filter(({ class_name }) => class_name !== 'InputLayer');
  const arrays = await decodeHdf5(content('model.weights.h5'));
  const weights: Float32Array[] = [];
  const groups = groupNames(layers);
  const arrayAt = (i: number, k: number): { shape: readonly number[]; data: Float32Array } => {
    const found = arrays.get(`${groups[i]}/vars/${k}`);
    if (found === undefined)
      throw inputError(`${file}: layer ${i} (${layers[i]!.class_name}) lacks the weights it should have`);
    return found;
  };
  layers.forEach(({ class_name }, i) => {
    if (class_name === 'Dense' || class_name === 'LayerNormalization')
      weights.push(arrayAt(i, 0).data, arrayAt(i, 1).data);
  });
  const spec = specOf(file, layers, (i) => arrayAt(i, 0).shape);
  const info = INFO_FILE in entries ? (parse(INFO_FILE) as Partial<ModelInfo>) : {};
  return createModel(spec, weights, info);
}

function kerasLayers(spec: MlpSpec): KerasLayer[] {
  const dense = (name: string, units: number, activation: string, l1: number): KerasLayer => ({
    module: 'keras.layers',
    class_name: 'Dense',
    config: {
      name,
      units,
      activation,
      use_bias: true,
      kernel_regularizer:
        l1 > 0
          ? { module: 'keras.regularizers', class_name: 'L1', config: { l1 }, registered_name: null }
          : null,
    },
  });
  const input: KerasLayer = {
    module: 'keras.layers',
    class_name: 'InputLayer',
    config: { batch_shape: [null, spec.inputs], dtype: 'float32', name: 'features' },
  };
  const hidden = spec.hidden.flatMap(({ units, l1 = 0, dropout = 0 }, i): KerasLayer[] => {
    const layers = [dense(`hidden${i}`, units, 'relu', l1)];
    if (spec.family === 'layernorm')
      layers.push({
        module: 'keras.layers',
        class_name: 'LayerNormalization',
        config: { name: `hidden${i}_norm`, axis: [-1], epsilon: LAYER_NORM_EPSILON },
      });
    else if (dropout > 0)
      layers.push({
        module: 'keras.layers',
        class_name: 'Dropout',
        config: { name: `hidden${i}_dropout`, rate: dropout },
      });
    return layers;
  });
  return [input, ...hidden, dense('output', spec.classes, 'softmax', 0)];
}

/** Groups of the weight file: Keras numbers layers of a kind in order, whatever their names. */
function groupNames(layers: readonly KerasLayer[]): string[] {
  const counts = new Map<string, number>();
  return layers.map(({ class_name }) => {
    const kind = class_name.replace(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase();
    const number = counts.get(kind) ?? 0;
    counts.set(kind, number + 1);
    return `layers/${kind}${number === 0 ? '' : `_${number}`}`;
  });
}

function specOf(
  file: string,
  layers: readonly KerasLayer[],
  kernelShape: (layer: number) => readonly number[],
): MlpSpec {
  const refuse = (i: number, what: string): Error =>
    inputError(
      `${file}: layer ${i} (${layers[i]?.class_name ?? 'none'}) ${what}; it does not fit this network`,
    );
  const hidden: HiddenLayer[] = [];
  let normalised = 0;
  let i = 0;
  const units = (at: number): number => layers[at]!.config['units'] as number;
  const last = layers.length - 1;
  while (i < last) {
    const { class_name, config } = layers[i]!;
    if (class_name !== 'Dense') throw refuse(i, 'stands where a dense layer should');
    if (config['activation'] !== 'relu')
      throw refuse(i, `has activation ${String(config['activation'])}, not relu`);
    if (config['use_bias'] === false) throw refuse(i, 'has no bias');
    const layer: HiddenLayer = {
      units: units(i),
      l1: l1Of(config['kernel_regularizer'], () => refuse(i, 'has a penalty other than L1')),
    };
    const follower = i + 1 < last ? layers[i + 1]! : undefined;
    if (follower?.class_name === 'LayerNormalization') {
      const epsilon = follower.config['epsilon'] as number;
      if (Math.abs(epsilon - LAYER_NORM_EPSILON) > 1e-9)
        throw refuse(i + 1, `has epsilon ${epsilon}, not 0.001`);
      normalised++;
      hidden.push(layer);
      i += 2;
    } else if (follower?.class_name === 'Dropout') {
      hidden.push({ ...layer, dropout: follower.config['rate'] as number });
      i += 2;
    } else {
      hidden.push(layer);
      i++;
    }
  }
  const output = layers[last];
  if (output?.class_name !== 'Dense' || output.config['activation'] !== 'softmax')
    throw refuse(last, 'ends the network instead of a dense softmax layer');
  if (normalised !== 0 && normalised !== hidden.length)
    throw inputError(
      `${file}: some hidden layers are normalised and others not; it does not fit this network`,
    );
  return {
    family: normalised > 0 ? 'layernorm' : 'dropout',
    inputs: kernelShape(0)[0]!,
    hidden,
    classes: units(last),
  };
}

function l1Of(regularizer: unknown, refuse: () => Error): number {
  if (regularizer === null || regularizer === undefined) return 0;
  const { class_name, config } = regularizer as { class_name: string; config: { l1?: number; l2?: number } };
  if (!['L1', 'L1L2'].includes(class_name) || (config.l2 ?? 0) !== 0) throw refuse();
  return config.l1 ?? 0;
}
