import { bandBytes } from './bandBytes';
import { startWasm, type WasmMemory } from './wasm';

/** The compiled kernel of `assembly/band.as`, where it is described. Arguments that name arrays are byte addresses. */
export interface BandKernels {
  transformBand(
    spectrum: number,
    weights: number,
    first: number,
    count: number,
    length: number,
    spreading: number,
    plan: number,
    work: number,
    real: number,
    imaginary: number,
  ): void;
}

/** Starts the kernel on a memory it shares with the others. */
export function loadBandKernels(memory: WasmMemory): Promise<BandKernels> {
  return startWasm<BandKernels>(bandBytes, { env: { memory } });
}

/** Tables of a transform of 4 `length` samples. */
export interface BandTables {
  /** Twiddles of the first pass: for each four bins, cosines and sines of their angles once, twice and three times. */
  readonly spreading: Float32Array;
  /** The passes that follow, and the twiddles of each: for each butterfly, of its outputs from the second. */
  readonly passes: readonly {
    readonly radix: number;
    /** Butterflies. */
    readonly count: number;
    readonly twiddles: Float32Array;
  }[];
}

/**
 * Plans a transform of 4 `length` samples.
 *
 * @param length a multiple of 500 without prime factors above 5
 */
export function bandTables(length: number): BandTables {
  const angle = (2 * Math.PI) / (4 * length);
  const spreading = Float32Array.from({ length: 6 * length }, (_, i) => {
    const bin = 4 * Math.floor(i / 24) + (i % 4);
    const times = 1 + Math.floor((i % 24) / 8);
    const phase = ((bin * times) % (4 * length)) * angle;
    return i % 8 < 4 ? Math.cos(phase) : Math.sin(phase);
  });
  const passes: { radix: number; count: number; twiddles: Float32Array }[] = [];
  let rest = length;
  for (const radix of radices(length)) {
    const count = rest / radix;
    const turn = (2 * Math.PI) / rest;
    const outputs = radix - 1;
    const twiddles = Float32Array.from({ length: 2 * outputs * count }, (_, i) => {
      const butterfly = Math.floor(i / 2 / outputs);
      const output = 1 + (Math.floor(i / 2) % outputs);
      const phase = ((butterfly * output) % rest) * turn;
      return i % 2 === 0 ? Math.cos(phase) : Math.sin(phase);
    });
    passes.push({ radix, count, twiddles });
    rest = count;
  }
  return { spreading, passes };
}

/** Radices that take a length to 5, where the kernel takes over: three fives in the end, fours first. */
function radices(length: number): number[] {
  const list: number[] = [];
  let rest = length / 125;
  for (const radix of [4, 5, 3, 2]) for (; rest % radix === 0; rest /= radix) list.push(radix);
  return [...list, 5, 5];
}
