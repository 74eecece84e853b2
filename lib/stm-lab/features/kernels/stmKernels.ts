import { stmBytes } from './stmBytes';
import { startWasm, type WasmMemory } from './wasm';

/**
 * The compiled kernels of `assembly/stm.as`, where each is described. All arguments ending in an array's name are
 * byte addresses in the memory they were started with; arrays are float32 unless stated otherwise.
 */
export interface StmKernels {
  fillBand(
    spectrum: number,
    weights: number,
    band: number,
    count: number,
    position: number,
    length: number,
  ): void;
  envelope(signal: number, power: number, magnitude: number, length: number): void;
  /** `list` is int32. */
  findMinima(power: number, length: number, list: number): number;
  correctCusps(
    signal: number,
    magnitude: number,
    length: number,
    list: number,
    count: number,
    spacing: number,
  ): void;
  extend(values: number, length: number, width: number, halo: number): void;
  /** `starts` is int32. */
  interpolate(signal: number, starts: number, weights: number, count: number, output: number): void;
  lowPass(input: number, filter: number, taps: number, hop: number, output: number, count: number): void;
  dot(a: number, b: number, length: number): number;
  toDecibels(values: number, length: number): void;
  rowTransform(
    rows: number,
    channels: number,
    rates: number,
    cosines: number,
    sines: number,
    work: number,
    real: number,
    imaginary: number,
  ): void;
  resample(
    input: number,
    rows: number,
    rowLength: number,
    taps: number,
    up: number,
    down: number,
    half: number,
    output: number,
    count: number,
  ): void;
}

/** Starts the kernels on a memory they share with PFFFT. */
export function loadStmKernels(memory: WasmMemory): Promise<StmKernels> {
  return startWasm<StmKernels>(stmBytes, { env: { memory } });
}
