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
  /** `places` is 16-bit unsigned, `list` int32. */
  envelope(
    real: number,
    imaginary: number,
    magnitude: number,
    length: number,
    places: number,
    list: number,
  ): number;
  correctCusps(
    real: number,
    imaginary: number,
    magnitude: number,
    length: number,
    list: number,
    count: number,
    spacing: number,
  ): void;
  extend(values: number, length: number, width: number, halo: number): void;
  lowPass(input: number, filter: number, taps: number, hop: number, output: number, count: number): void;
  /** `starts` and `parts` are int32. */
  makeEnd(
    real: number,
    imaginary: number,
    magnitude: number,
    starts: number,
    weights: number,
    count: number,
    fine: number,
    parts: number,
    frames: number,
    output: number,
  ): void;
  toDecibels(values: number, length: number): void;
  scale(values: number, length: number, factor: number): void;
  rowTransform(
    rows: number,
    channels: number,
    tables: number,
    work: number,
    real: number,
    imaginary: number,
  ): void;
  /** `tables`, `work` and `output` are float64. */
  scaleTransform(
    real: number,
    imaginary: number,
    channels: number,
    rates: number,
    tables: number,
    scales: number,
    work: number,
    output: number,
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
