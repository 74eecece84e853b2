import { subbandBytes } from './subbandBytes';
import { startWasm, type WasmMemory } from './wasm';

/**
 * The compiled kernels of `assembly/subbands.as`, where each is described. Arguments that name arrays are byte addresses
 * of float32 values in the memory they were started with.
 */
export interface SubbandKernels {
  magnitudes(signal: number, magnitude: number, length: number): void;
  scaleFrames(signal: number, gains: number, frames: number, perFrame: number): void;
  addBand(
    band: number,
    weights: number,
    spectrum: number,
    count: number,
    position: number,
    length: number,
    scale: number,
  ): void;
  fromDecibels(values: number, length: number): void;
}

/** Starts the kernels on a memory they share with PFFFT. */
export function loadSubbandKernels(memory: WasmMemory): Promise<SubbandKernels> {
  return startWasm<SubbandKernels>(subbandBytes, { env: { memory } });
}
