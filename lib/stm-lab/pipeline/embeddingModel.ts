import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, sha256, sha256File } from 'research-basics/files';
import { omit } from '../base/omit';
import {
  runtimeIdentity,
  type EmbeddingDescription,
  type EmbeddingLogMel,
  type EmbeddingModel,
} from '../features';
import { fileStamp } from '../features/extractor/stamp';
import { checkAgainst } from '../stages/configuration';
import { homeFolder, shippedFolder } from '../stages/home';
import * as schema from './embedding.schema.json';

/** Where the ONNX files of models that are given by name lie, unless an npm package holds them. */
export const modelsFolder = (): string => path.join(homeFolder(), 'models');

const presetFolder = (): string => path.join(shippedFolder('experiments'), 'embeddings');

/** Names of the models that stm-lab has a description of; see `experiments/embeddings/`. */
export function embeddingNames(): string[] {
  return fs
    .readdirSync(presetFolder())
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Whether a model is given by a file, not by one of `embeddingNames`. */
export const isModelFile = (wanted: string): boolean => /\.(onnx|json)$/.test(wanted);

/**
 * Finds an embedding model and its description, and checks both.
 *
 * @param wanted an ONNX file with its description beside it (same name, `.json`) or named like one of `embeddingNames`; a
 *   description; or one of `embeddingNames` whose npm package is installed, or whose file lies in `modelsFolder`.
 * @throws UserError (`input`) in one sentence with the fix: unknown name, missing file or package, a description that
 *   is wrong, bytes that are not the stated ones.
 */
export function findEmbeddingModel(wanted: string): EmbeddingModel {
  const described = findDescription(wanted);
  const description = checkAgainst<EmbeddingDescription>(described, readJson(described), schema);
  checkShape(described, description);
  const fileOf = (name: string): string => locate(wanted, described, description, name);
  const onnx = `${path.basename(described, '.json')}.onnx`;
  const file = wanted.endsWith('.onnx') ? wanted : fileOf(description.model ?? onnx);
  const { frontEnd } = description;
  const frontEndFile = frontEnd !== undefined && 'model' in frontEnd ? fileOf(frontEnd.model) : undefined;
  const hashes = [
    checkedHash(file, description.sha256),
    ...(frontEndFile === undefined
      ? []
      : [checkedHash(frontEndFile, (frontEnd as { readonly sha256?: string }).sha256)]),
  ];
  const computation = omit(
    { ...description },
    'title',
    'licence',
    'source',
    'trainedOn',
    'weights',
    'package',
    'model',
  );
  return {
    description,
    file,
    ...(frontEndFile === undefined ? {} : { frontEndFile }),
    hash: sha256([computation, ...hashes, ...runtimeIdentity()]),
  };
}

function findDescription(wanted: string): string {
  const named = path.join(presetFolder(), `${path.basename(wanted, path.extname(wanted))}.json`);
  if (wanted.endsWith('.onnx')) {
    if (!fs.existsSync(wanted)) throw inputError(`${wanted}: there is no such file; give an ONNX model`);
    const beside = `${wanted.slice(0, -'.onnx'.length)}.json`;
    const found = [beside, named].find((file) => fs.existsSync(file));
    if (found !== undefined) return found;
    throw inputError(
      `${wanted}: has no description: write ${beside} (see docs/embeddings.md), or name the file like one of ${embeddingNames().join(', ')}`,
    );
  }
  if (wanted.endsWith('.json')) {
    if (fs.existsSync(wanted)) return wanted;
    throw inputError(`${wanted}: there is no such file; give the description of an ONNX model`);
  }
  if (wanted !== path.basename(wanted) || !fs.existsSync(named))
    throw inputError(
      `embedding model "${wanted}": there is none; give an ONNX file, its description, or one of ${embeddingNames().join(', ')}`,
    );
  return named;
}

/** A file that a description names: beside it or beside the model, or in its npm package. */
function locate(
  wanted: string,
  described: string,
  { name, source, package: from }: EmbeddingDescription,
  file: string,
): string {
  const isFile = isModelFile(wanted);
  const folders = [
    ...(isFile ? [path.dirname(wanted), path.dirname(described)] : []),
    ...(from === undefined && !isFile ? [modelsFolder()] : []),
  ];
  if (from !== undefined) {
    try {
      folders.push(path.dirname(require.resolve(`${from}/package.json`)));
    } catch {
      // Told below, with the source.
    }
  }
  const found = folders.map((folder) => path.join(folder, file)).find((place) => fs.existsSync(place));
  if (found !== undefined) return found;
  throw inputError(
    from === undefined
      ? `embedding model "${name}": ${path.join(folders[0]!, file)} is missing; get it: ${source}`
      : `embedding model "${name}": is not installed: ${source}`,
  );
}

function checkShape(file: string, { shape, frontEnd }: EmbeddingDescription): void {
  const needed = frontEnd === undefined ? ['samples'] : ['frames', 'bands'];
  const refused = frontEnd === undefined ? ['frames', 'bands'] : ['samples'];
  const lacks = needed.find((axis) => shape.filter((one) => one === axis).length !== 1);
  const odd = refused.find((axis) => shape.some((one) => one === axis));
  if (lacks !== undefined || odd !== undefined)
    throw inputError(
      `${file}: shape needs ${needed.join(' and ')} once${frontEnd === undefined ? '' : ', as it has a front end'}, and not ${refused.join(' or ')}`,
    );
  if (shape.filter((one) => one === 'windows').length > 1)
    throw inputError(`${file}: shape names windows twice`);
  if (frontEnd !== undefined && !('model' in frontEnd)) checkLogMel(file, frontEnd);
}

function checkLogMel(
  file: string,
  { frame, fftLength, lowestHz, highestHz, ...rest }: EmbeddingLogMel,
): void {
  if (fftLength < frame)
    throw inputError(`${file}: frontEnd.fftLength must be at least frontEnd.frame (${frame})`);
  if (highestHz <= lowestHz)
    throw inputError(
      `${file}: frontEnd.highestHz (${highestHz}) must be above frontEnd.lowestHz (${lowestHz})`,
    );
  if (rest.ends !== undefined && rest.frames !== 'centred')
    throw inputError(
      `${file}: frontEnd.ends says what centred frames hear beyond the signal; give frames "centred" or leave it out`,
    );
}

/** Hashes of files that have not changed since: a stage asks several times, and models have hundreds of megabytes. */
const known = new Map<string, { readonly stamp: string; readonly hash: string }>();

function hashOf(file: string): string {
  const stamp = fileStamp(file);
  const before = known.get(file);
  if (before?.stamp === stamp) return before.hash;
  const hash = sha256File(file);
  known.set(file, { stamp, hash });
  return hash;
}

function checkedHash(file: string, stated: string | undefined): string {
  const hash = hashOf(file);
  if (stated !== undefined && stated !== hash)
    throw inputError(
      `${file}: is not the file of its description (SHA-256 ${hash.slice(0, 12)}..., stated ${stated.slice(0, 12)}...); get the stated one or correct the description`,
    );
  return hash;
}
