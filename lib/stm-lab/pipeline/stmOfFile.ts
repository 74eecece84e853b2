import { readAudio } from '../audio';
import { inputError, messageOf } from 'research-basics/errors';
import {
  describeFeatures,
  extractStm,
  featureKind,
  type FeatureDescription,
  type FeatureKind,
  type StmOptions,
  type StmResult,
} from '../features';

/**
 * STM features of an audio file and of each of its accepted excerpts.
 *
 * @throws UserError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export async function stmOfFile(
  file: string,
  options: StmOptions,
): Promise<StmResult & Required<Pick<StmResult, 'perExcerpt'>>> {
  const { samples, sampleRate } = await readAudio(file);
  try {
    const result = await extractStm(samples, sampleRate, { ...options, keep: 'excerpts' });
    return { ...result, perExcerpt: result.perExcerpt! };
  } catch (error) {
    throw inputError(`${file}: ${messageOf(error).replace(/^samples: /, '')}`, error);
  }
}

/** Features of a recording and of its excerpts. */
export interface FileFeatures {
  readonly features: Float32Array;
  readonly perExcerpt: readonly { readonly startSeconds: number; readonly features: Float32Array }[];
}

/**
 * Prepares the features of one kind of audio files and of each of their accepted excerpts.
 *
 * @returns a function from a file to its features.
 * @throws UserError (`input`) from that function, naming the file, when it cannot be read or no excerpt is accepted.
 */
export async function openFileFeatures(
  kind: FeatureKind,
  parameters: Partial<FeatureDescription['parameters']>,
): Promise<(file: string) => Promise<FileFeatures>> {
  const analyser = await featureKind(kind).prepare(describeFeatures(kind, parameters).parameters, 'excerpts');
  return async (file) => {
    const { samples, sampleRate } = await readAudio(file);
    const analysis = analyser.start(sampleRate, 0);
    await analysis.push(samples);
    const result = analysis.finish();
    if ('reason' in result) throw inputError(`${file}: ${result.reason}`);
    return { features: result.features, perExcerpt: result.perExcerpt ?? [] };
  };
}
