import { readAudio } from '../audio';
import { inputError, messageOf } from 'research-basics/errors';
import { extractStm, type StmOptions, type StmResult } from '../features';

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
