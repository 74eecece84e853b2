import type { Engine } from '../engine';
import { type BufferSpec, type BufferStore, createBuffers } from './buffers';
import { createOptimiser, type Optimiser, type OptimiserOptions } from './optimiser';
import type { ParameterLayout } from './parameters';

/** A network's values on the host. */
export interface NetworkValues {
  /** All parameters, in the order of the network's layout. */
  readonly parameters: Float32Array;
  /** Running statistics; empty for a network without. */
  readonly buffers: Float32Array;
}

/** A network's values on the engine, under a rule that moves them. */
export interface Learner {
  readonly optimiser: Optimiser;
  readonly buffers: BufferStore;
  /** Continues under another rule, with its moments or velocity 0. */
  changeRule(options: OptimiserOptions): void;
  read(): NetworkValues;
  dispose(): void;
}

/** Puts a network's first values on the engine; without `start.buffers`, those as declared. */
export function createLearner(
  engine: Engine,
  layout: ParameterLayout,
  declared: readonly BufferSpec[],
  options: OptimiserOptions,
  start: Pick<NetworkValues, 'parameters'> & Partial<NetworkValues>,
): Learner {
  const buffers = createBuffers(engine, declared);
  if (start.buffers !== undefined) buffers.write(start.buffers);
  let optimiser = createOptimiser(engine, layout, start.parameters, options);
  return {
    get optimiser() {
      return optimiser;
    },
    buffers,
    changeRule: (next) => {
      const { values } = optimiser.read();
      optimiser.dispose();
      optimiser = createOptimiser(engine, layout, values, next);
    },
    read: () => ({ parameters: optimiser.read().values, buffers: buffers.read() }),
    dispose: () => [optimiser, buffers].forEach((held) => held.dispose()),
  };
}
