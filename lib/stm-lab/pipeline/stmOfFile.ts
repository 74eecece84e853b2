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
 * Features of one kind of an audio file and of each of its accepted excerpts.
 *
 * @throws UserError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export async function featuresOfFile(
  file: string,
  kind: FeatureKind,
  parameters: Partial<FeatureDescription['parameters']>,
): Promise<FileFeatures> {
  const { samples, sampleRate } = await readAudio(file);
  const full = describeFeatures(kind, parameters).parameters;
  const analysis = (await featureKind(kind).prepare(full, 'excerpts')).start(sampleRate, 0);
  await analysis.push(samples);
  const result = analysis.finish();
  if ('reason' in result) throw inputError(`${file}: ${result.reason}`);
  return { features: result.features, perExcerpt: result.perExcerpt ?? [] };
}
