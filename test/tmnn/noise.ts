import type { Engine } from 'stm-lab/dist/engine';
import { fastNormals } from 'stm-lab/dist/training/random';

/** Normal values, the same for the same seed. */
export function noise(length: number, seed = 1): Float32Array {
  const next = fastNormals(seed, 'test');
  return Float32Array.from({ length }, next);
}

/** Runs with a scope of tensors of its own, all of which are given back. */
export function inTidy<T>(engine: Engine, run: () => T): T {
  engine.tf.engine().startScope();
  try {
    return run();
  } finally {
    engine.tf.engine().endScope();
  }
}
