import { planesBytes } from './planesBytes';
import { startWasm, type WasmMemory } from './wasm';

/**
 * The compiled kernels of `assembly/planes.as`, where each is described. Arguments that name arrays are byte addresses of
 * float32 values in the memory they were started with.
 */
export interface PlaneKernels {
  multiplySpectra(a: number, b: number, product: number, length: number): void;
  multiplyMatrices(a: number, b: number, product: number, rows: number, inner: number, columns: number): void;
}

/** Starts the kernels on a memory they share with PFFFT. */
export function loadPlaneKernels(memory: WasmMemory): Promise<PlaneKernels> {
  return startWasm<PlaneKernels>(planesBytes, { env: { memory } });
}
