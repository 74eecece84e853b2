import { pffftBytes } from './pffftBytes';
import { startWasm, type WasmMemory } from './wasm';

/** One transform length of PFFFT, with its work space. */
export interface FftPlan {
  readonly length: number;
  readonly kind: 'real' | 'complex';
  readonly setup: number;
}

/**
 * PFFFT in WebAssembly (single precision, unnormalised in both directions) and the memory it works in. Addresses
 * are in bytes; buffers of a transform are 16-byte aligned.
 */
export interface Pffft {
  readonly memory: WasmMemory;
  /** Bytes from the module's heap, 64-byte aligned. */
  allocate(bytes: number): number;
  /** Gives back what `allocate` gave. */
  free(address: number): void;
  plan(length: number, kind: FftPlan['kind']): FftPlan;
  /**
   * Transforms `input` to `output`. `ordered` has the spectrum in natural order; `internal` leaves it in the order
   * that is fastest for PFFFT, the same in both directions.
   */
  transform(
    plan: FftPlan,
    input: number,
    output: number,
    scratch: number,
    direction: 'forward' | 'backward',
    order: 'ordered' | 'internal',
  ): void;
}

/** Names in the compiled module, which its build shortens. Pinned with the package's version (0.4.2). */
interface PffftExports {
  readonly d: WasmMemory;
  e(): void;
  /** pffft_aligned_malloc */
  f(bytes: number): number;
  /** pffft_aligned_free */
  h(address: number): void;
  /** pffft_new_setup */
  k(length: number, kind: number): number;
  /** pffft_transform */
  o(setup: number, input: number, output: number, scratch: number, direction: number): void;
  /** pffft_transform_ordered */
  p(setup: number, input: number, output: number, scratch: number, direction: number): void;
}

/**
 * The smallest multiple of `step` that is at least `least` and has no prime factor above 5: a length that PFFFT transforms
 * when `step` is a multiple of 16 (complex) or 32 (real), or a factor of such a length.
 */
export function smoothMultiple(step: number, least: number): number {
  let length = step * Math.ceil(Math.max(least, 1) / step);
  while (!isSmooth(length)) length += step;
  return length;
}

function isSmooth(value: number): boolean {
  let rest = value;
  for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
  return rest === 1;
}

/** Starts a new instance of PFFFT. */
export async function loadPffft(): Promise<Pffft> {
  const imports = {
    a: {
      // Assertion failure, memory growth, and block copy.
      a: () => {
        throw new Error('PFFFT was asked for a length it cannot transform');
      },
      b: (bytes: number) => {
        const missing = Math.ceil(((bytes >>> 0) - wasm.d.buffer.byteLength) / 65536);
        try {
          wasm.d.grow(Math.max(0, missing));
          return 1;
        } catch {
          return 0;
        }
      },
      c: (target: number, from: number, count: number) =>
        new Uint8Array(wasm.d.buffer).copyWithin(target, from, from + count),
    },
  };
  const wasm: PffftExports = await startWasm<PffftExports>(pffftBytes, imports);
  wasm.e();
  const plans = new Map<string, FftPlan>();
  return {
    memory: wasm.d,
    allocate(bytes) {
      const address = wasm.f(bytes);
      if (address === 0) throw new Error(`no memory for ${bytes} bytes`);
      return address;
    },
    free: (address) => wasm.h(address),
    plan(length, kind) {
      const key = `${kind} ${length}`;
      let plan = plans.get(key);
      if (plan === undefined) {
        const setup = wasm.k(length, kind === 'real' ? 0 : 1);
        if (setup === 0) throw new RangeError(`PFFFT has no transform of length ${length}`);
        plan = { length, kind, setup };
        plans.set(key, plan);
      }
      return plan;
    },
    transform(plan, input, output, scratch, direction, order) {
      const run = order === 'ordered' ? wasm.p : wasm.o;
      run(plan.setup, input, output, scratch, direction === 'forward' ? 0 : 1);
    },
  };
}
