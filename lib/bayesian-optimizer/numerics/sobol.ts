import { deriveSeed } from 'research-basics/random/seeds';
import { randomState } from 'research-basics/random/mt19937';
import { sobolTable } from './sobolTable';

const bits = 32;

/** Direction numbers of one dimension (0-based), highest bit first. */
function directions(dimension: number): Uint32Array {
  const v = new Uint32Array(bits);
  if (dimension === 0) {
    for (let i = 0; i < bits; i++) v[i] = 2 ** (31 - i);
    return v;
  }
  const [polynomial = 3, ...initial] = sobolTable[dimension - 1]!;
  const degree = initial.length;
  for (let i = 0; i < bits; i++) {
    if (i < degree) {
      v[i] = initial[i]! * 2 ** (31 - i);
      continue;
    }
    let next = v[i - degree]! ^ (v[i - degree]! >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((polynomial >>> (degree - k)) & 1) next ^= v[i - k]!;
    }
    v[i] = next;
  }
  return v;
}

function reverseBits(value: number): number {
  let x = value;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}

/** Nested uniform scrambling by hashing: every bit is flipped depending on the higher ones and the seed. */
function scramble(value: number, seed: number): number {
  let x = reverseBits(value);
  x = (x + seed) | 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  x ^= Math.imul(x, 0x8d22f6e6);
  return reverseBits(x);
}

/** Largest number of Sobol' dimensions; further ones are filled with independent uniform numbers. */
const sobolDimensions = sobolTable.length + 1;

/**
 * A scrambled Sobol' sequence with random access: `at(i)` is point i (0 .. 2^32 - 1), one value in [0, 1) per
 * dimension.
 *
 * Source: Joe & Kuo 2008; Owen 1995, scrambled by the hash of Burley, JCGT 9 (2020).
 */
export function sobolSequence(dimensions: number, seed: number): { at(index: number): Float64Array } {
  const known = Math.min(dimensions, sobolDimensions);
  const tables = Array.from({ length: known }, (_, d) => directions(d));
  const seeds = tables.map((_, d) => deriveSeed(seed, 'sobol', d));
  return {
    at: (index) => {
      const point = new Float64Array(dimensions);
      for (let d = 0; d < known; d++) {
        let x = 0;
        for (let rest = index, k = 0; rest > 0; rest = Math.floor(rest / 2), k++) {
          if (rest % 2 === 1) x ^= tables[d]![k]!;
        }
        point[d] = scramble(x >>> 0, seeds[d]!) / 4294967296;
      }
      if (dimensions > known) {
        point.set(randomState(deriveSeed(seed, 'beyond', index)).uniform(0, 1, dimensions - known), known);
      }
      return point;
    },
  };
}
