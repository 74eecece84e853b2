import type * as tfTypes from '@tensorflow/tfjs';
import { environmentError, messageOf } from 'research-basics/errors';
import { throwIfStopped } from 'research-basics/pace';
import { supplyRemovedUtil } from './removedUtil';

/** The TensorFlow.js programming interface, whichever engine stands behind it. */
export type TensorFlow = typeof tfTypes;

/** TensorFlow in use: native libtensorflow, or WebAssembly where that cannot be loaded. */
export interface Engine {
  readonly tf: TensorFlow;
  readonly name: 'native' | 'wasm';
  /** Engine and version for the record, e.g. "native TensorFlow 2.21.0 (tfjs-node 4.22.0)". */
  readonly description: string;
}

/** Which engine is wanted. */
export interface EngineOptions {
  /** `auto` (default): native, else wasm. The others insist, and throw when theirs cannot be loaded. */
  readonly prefer?: 'auto' | 'native' | 'wasm';
  /**
   * Kernels of native TensorFlow. `standard` (default). `onednn`: those of oneDNN, several times faster for
   * convolutions; sums are made in another order, so results differ in the last digits, and TensorFlow
   * announces them with two lines on standard error. Fixed by the first call in a process.
   */
  readonly kernels?: 'standard' | 'onednn';
  /** Ends the loading between its parts, each of which holds the process for a moment. */
  readonly signal?: AbortSignal | undefined;
}

let loaded: Promise<Engine> | undefined;

/**
 * Loads TensorFlow once per process. `STM_LAB_ENGINE` (`native` or `wasm`) overrides `prefer`.
 *
 * TensorFlow's thread pool is fixed to `STM_LAB_THREADS` threads (default 1) before it starts: sums are
 * then split the same way whatever the machine's load, which is what makes results repeat; parallel
 * work uses processes instead.
 *
 * @throws UserError: `environment` when the engine insisted on cannot be loaded, with the fix; `interrupted` on `signal`.
 */
export function loadEngine(options: EngineOptions = {}): Promise<Engine> {
  loaded ??= load(
    process.env.STM_LAB_ENGINE ?? options.prefer ?? 'auto',
    options.kernels ?? 'standard',
    options.signal,
  ).catch((error: unknown) => {
    // What is mended meanwhile is found when asked again.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/* eslint-disable @typescript-eslint/no-require-imports -- loaded only when wanted */
/** The parts of native TensorFlow in the order of loading: JavaScript, then the library itself. */
const NATIVE_PARTS: readonly (() => unknown)[] = [
  () => require('@tensorflow/tfjs'),
  () => require('@tensorflow/tfjs-node/dist/register_all_kernels'),
  () => require('@tensorflow/tfjs-node'),
];
/* eslint-enable @typescript-eslint/no-require-imports */

async function load(
  prefer: string,
  kernels: NonNullable<EngineOptions['kernels']>,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  const threads = process.env.STM_LAB_THREADS ?? '1';
  process.env.TF_NUM_INTRAOP_THREADS ??= threads;
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // For dense networks on one thread oneDNN is no faster.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= kernels === 'onednn' ? '1' : '0';
  supplyRemovedUtil();
  if (prefer !== 'wasm') {
    try {
      let tf: unknown;
      for (const loadPart of NATIVE_PARTS) {
        // A signal that arrived while the previous part loaded is handled now.
        await new Promise((resolve) => setImmediate(resolve));
        throwIfStopped(signal, 'loading TensorFlow');
        tf = loadPart();
      }
      return nativeEngine(tf as TensorFlow & { version: Record<string, string> });
    } catch (error) {
      throwIfStopped(signal, 'loading TensorFlow');
      if (prefer === 'native') {
        throw environmentError(
          `native TensorFlow cannot be loaded (${messageOf(error).split('\n')[0]}); run "npm run doctor" for the fix`,
          error,
        );
      }
    }
  }
  return loadWasm();
}

function nativeEngine(tf: TensorFlow & { version: Record<string, string> }): Engine {
  const binding = (tf.backend() as unknown as { binding: { TF_Version: string } }).binding;
  return {
    tf,
    name: 'native',
    description: `native TensorFlow ${binding.TF_Version} (tfjs-node ${tf.version['tfjs-node'] ?? tf.version_core}${process.env.TF_ENABLE_ONEDNN_OPTS === '1' ? ', oneDNN' : ''})`,
  };
}

async function loadWasm(): Promise<Engine> {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const folder = require.resolve('@tensorflow/tfjs-backend-wasm').replace(/[^/\\]+$/, '');
  wasm.setWasmPaths(folder);
  if (!(await tf.setBackend('wasm'))) {
    throw environmentError(
      'the WebAssembly engine of TensorFlow.js did not start; run "npm run doctor" for the fix',
    );
  }
  await tf.ready();
  return { tf, name: 'wasm', description: `TensorFlow.js ${tf.version_core} on WebAssembly` };
}
