import { environmentError, inputError, messageOf } from 'research-basics/errors';

/** Version that the tests were run with. */
export const RUNTIME = 'onnxruntime-node@1.30.0';

/** Of embeddings whose identity names no version. */
const UNNAMED_VERSION = '1.30.0';

/**
 * The version of ONNX Runtime as a part of an embedding's identity, since kernels round differently from version to version; none
 * for 1.30.0, before which it was not recorded, nor where it is not installed.
 */
export function runtimeIdentity(): readonly string[] {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { version } = require('onnxruntime-node/package.json') as { readonly version: string };
    return version === UNNAMED_VERSION ? [] : [`onnxruntime-node@${version}`];
  } catch {
    return [];
  }
}

/** The part of ONNX Runtime that is used; the package is optional, so its own types are not. */
interface Runtime {
  readonly env: { logLevel: 'fatal' };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: { create(file: string, options: object): Promise<RuntimeSession> };
}

interface RuntimeSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Readonly<Record<string, unknown>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
}

interface RuntimeTensor {
  readonly type: string;
  readonly data: ArrayLike<unknown>;
  readonly dims: readonly number[];
}

/** A model in memory. */
export interface OnnxSession {
  /** @throws UserError (`input`) when the model refuses the values or does not answer in float32. */
  run(values: Float32Array, shape: readonly number[]): Promise<Float32Array>;
}

/** @throws UserError (`environment`) with the fix when ONNX Runtime is not installed or cannot be loaded. */
function loadRuntime(): Runtime {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require('onnxruntime-node') as Runtime;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    throw environmentError(
      missing
        ? `embeddings need ONNX Runtime, which is not installed: npm install ${RUNTIME}`
        : `ONNX Runtime cannot be loaded (${firstLine(error)}); install it again for this machine: npm install ${RUNTIME}`,
      error,
    );
  }
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0]!;

/**
 * Loads a model for one thread: one core a run, so that the numbers do not depend on how many there are.
 *
 * @param names input and output where the model has several
 * @throws UserError: `input` for a file that is not a model of this kind, `environment` without ONNX Runtime.
 */
export async function openOnnxSession(
  file: string,
  names: { readonly input?: string | undefined; readonly output?: string | undefined } = {},
): Promise<OnnxSession> {
  const { Tensor, InferenceSession, env } = loadRuntime();
  // What goes wrong is thrown, too.
  env.logLevel = 'fatal';
  let session: RuntimeSession;
  try {
    session = await InferenceSession.create(file, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw inputError(`${file}: is not a model that ONNX Runtime can load (${firstLine(error)})`, error);
  }
  const input = nameOf(file, 'input', names.input, session.inputNames);
  const output = nameOf(file, 'output', names.output, session.outputNames);
  return {
    async run(values, shape) {
      let answer: RuntimeTensor;
      try {
        answer = (await session.run({ [input]: new Tensor('float32', values, shape) }, [output]))[output]!;
      } catch (error) {
        throw inputError(
          `${file}: refuses an input of shape ${shape.join(' x ')} (${firstLine(error)}); correct its description`,
          error,
        );
      }
      if (!(answer.data instanceof Float32Array))
        throw inputError(`${file}: its output "${output}" is ${answer.type}; float32 is needed`);
      return answer.data;
    },
  };
}

function nameOf(
  file: string,
  what: 'input' | 'output',
  wanted: string | undefined,
  names: readonly string[],
): string {
  if (wanted === undefined && names.length === 1) return names[0]!;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const has = `it has ${names.map((name) => `"${name}"`).join(', ')}`;
  throw inputError(
    wanted === undefined
      ? `${file}: has ${names.length} ${what}s; name one in its description ("${what}"): ${has}`
      : `${file}: has no ${what} "${wanted}"; ${has}: correct its description`,
  );
}
