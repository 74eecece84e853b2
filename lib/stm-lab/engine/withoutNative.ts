import type * as tfjs from '@tensorflow/tfjs';

/* eslint-disable @typescript-eslint/no-require-imports -- loaded only when wanted */
/**
 * Loads a package that asks for native TensorFlow without needing it: where the engine has not loaded that, the package
 * gets the TensorFlow.js below it, and the engine can still be chosen afterwards.
 */
export function withoutNativeEngine<T>(load: () => T): T {
  const native = require.resolve('@tensorflow/tfjs-node');
  if (require.cache[native] !== undefined) return load();
  const tf = require('@tensorflow/tfjs') as typeof tfjs;
  startPlainEngine(tf);
  require.cache[native] = { ...module, id: native, filename: native, loaded: true, exports: tf };
  try {
    return load();
  } finally {
    delete require.cache[native];
  }
}

/** Starts the plain engine without its advice to install another one, which it would print at the first sum. */
function startPlainEngine(tf: typeof tfjs): void {
  const { backendName } = tf.engine() as { backendName?: string };
  if (backendName !== undefined && backendName !== 'cpu') return;
  tf.env().set('PROD', true);
  tf.scalar(0).dispose();
  tf.env().set('PROD', false);
}
