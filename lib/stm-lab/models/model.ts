import * as fs from 'node:fs';
import * as path from 'node:path';
import { divergedError, inputError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../base/npy';
import { sizeOf } from '../training/parameters';
import { type MlpSpec, networkLayout } from './spec';

/** What belongs to a model beside its numbers. */
export interface ModelInfo {
  /** Name of each class, in the order of the outputs. */
  readonly classNames: readonly string[];
  /** Hashes of what the model depends on, e.g. `{ reduction: ..., features: ..., split: ... }`. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** A network with its weights, in host memory. */
export interface MlpModel {
  readonly kind: 'mlp';
  readonly spec: MlpSpec;
  /** One float32 array per parameter, row-major, in the order of `networkLayout`. */
  readonly weights: readonly Float32Array[];
  readonly info: ModelInfo;
}

/**
 * Puts a model together.
 *
 * @throws UserError (`input`) when the specification cannot be built or the weights do not fit it.
 */
export function createModel(
  spec: MlpSpec,
  weights: readonly Float32Array[],
  info: Partial<ModelInfo> = {},
): MlpModel {
  const shapes = networkLayout(spec).parameters;
  if (weights.length !== shapes.length)
    throw inputError(`model: ${weights.length} weight arrays, but the network has ${shapes.length}`);
  shapes.forEach(({ name, shape }, i) => {
    if (weights[i]!.length !== sizeOf(shape))
      throw inputError(`model: ${name} holds ${weights[i]!.length} numbers, expected ${shape.join(' x ')}`);
    const wrong = firstNotFinite(weights[i]!);
    if (wrong >= 0)
      throw divergedError(
        `model: ${name} holds ${weights[i]![wrong]} at place ${wrong}; the training has diverged, train again with a lower learning rate`,
      );
  });
  const classNames = info.classNames ?? Array.from({ length: spec.classes }, (_, c) => String(c));
  if (classNames.length !== spec.classes)
    throw inputError(`model: ${classNames.length} class names for ${spec.classes} classes`);
  return { kind: 'mlp', spec, weights, info: { classNames, hashes: info.hashes ?? {} } };
}

const bytesOf = (array: Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** SHA-256 over specification and weights: equal exactly when the networks are. */
export function modelHash(model: MlpModel): string {
  return sha256([model.spec, model.weights.map((array) => sha256(bytesOf(array)))]);
}

interface ModelFile {
  readonly format: 'stm-lab mlp 1';
  readonly spec: MlpSpec;
  readonly classNames: readonly string[];
  readonly hashes: Readonly<Record<string, string>>;
  readonly parameters: readonly { readonly name: string; readonly file: string; readonly sha256: string }[];
  readonly hash: string;
}

/**
 * Saves a model as `model.json` and one `<parameter>.npy` each, readable with `numpy.load`. `model.json`
 * is written last and holds the hashes, so a half-written folder is never taken for a model.
 *
 * @returns the model's hash.
 */
export function saveModel(folder: string, model: MlpModel): string {
  const hash = modelHash(model);
  const parameters = networkLayout(model.spec).parameters.map(({ name, shape }, i) => {
    const data = model.weights[i]!;
    const file = `${name}.npy`;
    writeNpy(path.join(folder, file), { shape: [...shape], data });
    return { name, file, sha256: sha256(bytesOf(data)) };
  });
  const content: ModelFile = {
    format: 'stm-lab mlp 1',
    spec: model.spec,
    classNames: model.info.classNames,
    hashes: model.info.hashes,
    parameters,
    hash,
  };
  writeJson(path.join(folder, 'model.json'), content);
  return hash;
}

/**
 * Loads a model that `saveModel` wrote.
 *
 * @throws UserError (`input`) when the folder holds none, or a weight file is not the one it was saved with.
 */
export function loadModel(folder: string): MlpModel {
  const file = path.join(folder, 'model.json');
  const content = readJson<ModelFile>(file);
  if (content.format !== 'stm-lab mlp 1')
    throw inputError(`${file}: is not a saved stm-lab network (format ${JSON.stringify(content.format)})`);
  const weights = content.parameters.map((parameter) => {
    const weightFile = path.join(folder, parameter.file);
    if (!fs.existsSync(weightFile))
      throw inputError(`${weightFile}: is missing; train or copy the model again`);
    const { data } = readNpy(weightFile);
    if (!(data instanceof Float32Array) || sha256(bytesOf(data)) !== parameter.sha256)
      throw inputError(`${weightFile}: is not the file this model was saved with; train or copy it again`);
    return data;
  });
  return createModel(content.spec, weights, content);
}
