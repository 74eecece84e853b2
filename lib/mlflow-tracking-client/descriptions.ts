import { randomBytes } from 'node:crypto';
import { inputError } from 'research-basics/errors';
import type { RemoteDataset } from './clientTypes';
import type { ModelEntry, SpooledFile } from './journal';
import { LIMITS, checkName, checkStep, valueToText } from './rules';
import type { DatasetOptions, ModelOptions, TensorSpec, TextValue } from './types';

/**
 * A dataset in the server's terms.
 *
 * @throws UserError (`input`) when name, digest, source, schema or profile is too long for MLflow.
 */
export function datasetToRemote(dataset: DatasetOptions): RemoteDataset {
  const { name, digest } = dataset;
  if (name.trim() === '' || name.length > LIMITS.datasetNameCharacters) {
    throw inputError(
      `dataset name "${name.slice(0, 40)}": must have 1 to ${LIMITS.datasetNameCharacters} characters`,
    );
  }
  if (digest.trim() === '' || digest.length > LIMITS.datasetDigestCharacters) {
    throw inputError(
      `dataset "${name}": digest "${digest.slice(0, 48)}" must have 1 to ${LIMITS.datasetDigestCharacters} characters; take the first 16 of its SHA-256`,
    );
  }
  const within = (field: string, text: string, limit: number): string => {
    if (Buffer.byteLength(text) > limit)
      throw inputError(`dataset "${name}": its ${field} is longer than ${limit} bytes`);
    return text;
  };
  return {
    name,
    digest,
    sourceType: dataset.sourceType ?? 'local',
    // The UI parses the source as JSON.
    source: within('source', JSON.stringify({ uri: dataset.source ?? name }), LIMITS.datasetSourceBytes),
    ...(dataset.schema === undefined
      ? {}
      : { schema: within('schema', JSON.stringify(dataset.schema), LIMITS.datasetSchemaBytes) }),
    ...(dataset.profile === undefined
      ? {}
      : { profile: within('profile', JSON.stringify(dataset.profile), LIMITS.datasetProfileBytes) }),
    ...(dataset.context === undefined ? {} : { context: dataset.context }),
  };
}

/**
 * The journal entry of a model: files and the content of its MLmodel file. The signature is stored as
 * MLflow does: each side a JSON text of tensor specifications.
 *
 * @throws UserError (`input`) for a name that MLflow refuses, or a folder without files.
 */
export function modelToEntry(model: ModelOptions, files: SpooledFile[]): ModelEntry {
  if (!/^[^/:.%"']+$/.test(model.name) || model.name.trim() === '') {
    throw inputError(`model name "${model.name}": must not be empty nor hold / : . % " or '`);
  }
  if (files.length === 0) throw inputError(`${model.folder}: holds no files to log as model "${model.name}"`);
  for (const name of Object.keys(model.params ?? {})) checkName('param', name);
  for (const name of Object.keys(model.tags ?? {})) checkName('tag', name);
  const { signature } = model;
  const isTensorflow = files.some(({ to }) => to === 'model.json');
  const now = Date.now();
  const uid = randomBytes(16).toString('hex');
  return {
    op: 'model',
    uid,
    name: model.name,
    t: now,
    files,
    mlmodel: {
      flavors: {
        ...(isTensorflow ? { tfjs: { data: '.', model_path: 'model.json', code: null } } : {}),
        ...model.flavors,
      },
      model_size_bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      model_uuid: uid,
      ...(signature === undefined ? {} : { signature: signatureOf(signature) }),
      utc_time_created: new Date(now).toISOString().replace('T', ' ').replace('Z', '000'),
    },
    params: Object.fromEntries(
      Object.entries(model.params ?? {}).map(([name, value]) => [name, valueToText(value)]),
    ),
    ...(model.tags === undefined
      ? {}
      : {
          tags: Object.fromEntries(
            Object.entries(model.tags).map(([name, value]) => [name, valueToText(value)]),
          ),
        }),
    ...(model.type === undefined ? {} : { type: model.type }),
    ...(model.step === undefined ? {} : { step: checkStep(model.name, model.step) }),
    ...(model.registerAs === undefined ? {} : { registerAs: model.registerAs }),
    ...(model.alias === undefined ? {} : { alias: model.alias }),
  };
}

function tensorToSchema(spec: TensorSpec): object {
  return {
    ...(spec.name === undefined ? {} : { name: spec.name }),
    type: 'tensor',
    'tensor-spec': { dtype: spec.dtype, shape: [...spec.shape] },
  };
}

function signatureOf({ inputs, outputs, params }: NonNullable<ModelOptions['signature']>): object {
  const side = (specs: readonly TensorSpec[]): string => JSON.stringify(specs.map(tensorToSchema));
  const type = (value: TextValue): string =>
    typeof value === 'number' ? 'double' : typeof value === 'boolean' ? 'boolean' : 'string';
  return {
    inputs: side(inputs),
    outputs: side(outputs),
    params:
      params === undefined
        ? null
        : JSON.stringify(
            Object.entries(params).map(([name, value]) => ({
              name,
              default: value,
              shape: null,
              type: type(value),
            })),
          ),
  };
}
