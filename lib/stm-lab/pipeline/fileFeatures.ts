import { readAudio } from '../audio';
import { inputError } from 'research-basics/errors';
import {
  describeFeatures,
  featureKind,
  FEATURE_KIND_NAMES,
  type EmbeddingModel,
  type ExtractionIdentity,
} from '../features';
import { findEmbeddingModel } from './embeddingModel';

/** Features of a recording and of its excerpts. */
export interface FileFeatures {
  readonly features: Float32Array;
  /** Empty for features that have none. */
  readonly perExcerpt: readonly { readonly startSeconds: number; readonly features: Float32Array }[];
}

/**
 * Prepares the features of audio files and of each of their accepted excerpts, computed as an extraction did.
 *
 * @param about the folder that names the extraction, for messages
 * @param changed parameters that take the place of the extraction's
 * @returns a function from a file to its features (float32).
 * @throws UserError (`input`) when this version cannot compute them; from that function, naming the file, when it
 *   cannot be read or no excerpt is accepted.
 */
export async function openFileFeatures(
  about: string,
  extraction: ExtractionIdentity,
  changed: ExtractionIdentity['parameters'],
): Promise<(file: string) => Promise<FileFeatures>> {
  const kind = FEATURE_KIND_NAMES.find((name) => name === extraction.kind);
  const own = { ...extraction.parameters, ...changed };
  const entry = kind && featureKind(kind);
  const names = { ...entry?.defaults, ...entry?.settings, hash: '' };
  const { revision: today = 0, sameSince = today } = entry ?? {};
  const meansTheSame = extraction.revision >= sameSince && extraction.revision <= today;
  if (kind === undefined || !meansTheSame || Object.keys(own).some((name) => !(name in names)))
    throw inputError(
      `${about}: was fitted on ${extraction.kind} features that this version cannot extract of a recording; extract and train again`,
    );
  const embedding = kind === 'embedding' ? sameModel(about, own) : undefined;
  const { parameters } = describeFeatures(kind, own, embedding);
  const analyser = await featureKind(kind).prepare(parameters, 'excerpts', embedding);
  return async (file) => {
    const { samples, sampleRate } = await readAudio(file);
    const analysis = analyser.start(sampleRate, 0);
    await analysis.push(samples);
    const result = analysis.finish();
    if ('reason' in result) throw inputError(`${file}: ${result.reason}`);
    return { features: result.features, perExcerpt: result.perExcerpt ?? [] };
  };
}

/** The embedding model of an extraction, by the name it recorded. */
function sameModel(about: string, { model, hash }: ExtractionIdentity['parameters']): EmbeddingModel {
  const found = findEmbeddingModel(String(model));
  if (found.hash === hash) return found;
  throw inputError(
    `${about}: was fitted on embeddings of another version of ${String(model)} than the present one; extract and train again`,
  );
}
