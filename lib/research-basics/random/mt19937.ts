/**
 * The Mersenne Twister as NumPy's legacy `RandomState` and Python's `random.Random` use it, so that
 * splits, starting points and orders made with them can be reproduced here to the last bit.
 *
 * Source: Matsumoto & Nishimura 1998; numpy/random/mtrand (1.26); CPython Modules/_randommodule.c.
 */
export interface RandomState {
  /** Next 32 random bits, 0 .. 2^32 - 1. */
  uint32(): number;
  /** Next double in [0, 1) with 53 random bits. */
  double(): number;
  /** Integer in [0, max], both included, by masked rejection; `max` = 0 draws nothing. Range of max: 0 .. 2^53 - 1. */
  interval(max: number): number;
  /** Shuffles in place (NumPy's order of draws) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
  /** The integers 0 .. n - 1 in random order. */
  permutation(n: number): Int32Array;
  /** `size` of 0 .. n - 1 without replacement, as `RandomState.choice(n, size, replace=False)`. */
  choice(n: number, size: number): Int32Array;
  /** `size` doubles in [low, high), row-major. */
  uniform(low: number, high: number, size: number): Float64Array;
  /** Next standard normal value (polar method with a kept second value, as `RandomState.randn`). */
  normal(): number;
}

const N = 624;
const M = 397;

function seedByInteger(seed: number): Uint32Array {
  const key = new Uint32Array(N);
  key[0] = seed;
  for (let i = 1; i < N; i++) {
    const previous = key[i - 1]! ^ (key[i - 1]! >>> 30);
    key[i] = Math.imul(1812433253, previous) + i;
  }
  return key;
}

function seedByArray(words: readonly number[]): Uint32Array {
  const key = seedByInteger(19650218);
  let i = 1;
  let j = 0;
  for (let k = Math.max(N, words.length); k > 0; k--) {
    key[i] = (key[i]! ^ Math.imul(key[i - 1]! ^ (key[i - 1]! >>> 30), 1664525)) + words[j]! + j;
    if (++i >= N) {
      key[0] = key[N - 1]!;
      i = 1;
    }
    if (++j >= words.length) j = 0;
  }
  for (let k = N - 1; k > 0; k--) {
    key[i] = (key[i]! ^ Math.imul(key[i - 1]! ^ (key[i - 1]! >>> 30), 1566083941)) - i;
    if (++i >= N) {
      key[0] = key[N - 1]!;
      i = 1;
    }
  }
  key[0] = 0x80000000;
  return key;
}

function twist(key: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (key[i]! & 0x80000000) | (key[(i + 1) % N]! & 0x7fffffff);
    key[i] = key[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

function generatorFrom(key: Uint32Array): RandomState {
  let position = N;
  let spareNormal: number | undefined;

  const uint32 = (): number => {
    if (position === N) {
      twist(key);
      position = 0;
    }
    let y = key[position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  };
  const double = (): number => {
    const high = uint32() >>> 5;
    return (high * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  };
  const interval = (max: number): number => {
    if (max === 0) return 0;
    if (max <= 0xffffffff) {
      const mask = max >= 0x80000000 ? 0xffffffff : (1 << (32 - Math.clz32(max))) - 1;
      for (;;) {
        const value = (uint32() & mask) >>> 0;
        if (value <= max) return value;
      }
    }
    const highMask = (1 << (32 - Math.clz32(Math.floor(max / 4294967296)))) - 1;
    for (;;) {
      const high = (uint32() & highMask) >>> 0;
      const value = high * 4294967296 + uint32();
      if (value <= max) return value;
    }
  };
  const shuffle: RandomState['shuffle'] = (items) => {
    for (let i = items.length - 1; i > 0; i--) {
      const j = interval(i);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  };
  const permutation = (n: number): Int32Array => shuffle(Int32Array.from({ length: n }, (_, i) => i));
  const normal = (): number => {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    for (;;) {
      const x1 = 2 * double() - 1;
      const x2 = 2 * double() - 1;
      const r2 = x1 * x1 + x2 * x2;
      if (r2 >= 1 || r2 === 0) continue;
      const f = Math.sqrt((-2 * Math.log(r2)) / r2);
      spareNormal = f * x1;
      return f * x2;
    }
  };
  return {
    uint32,
    double,
    interval,
    shuffle,
    permutation,
    choice: (n, size) => permutation(n).slice(0, size),
    uniform: (low, high, size) => Float64Array.from({ length: size }, () => low + (high - low) * double()),
    normal,
  };
}

/** `numpy.random.RandomState(seed)`. Range of seed: integer 0 .. 2^32 - 1. */
export function randomState(seed: number): RandomState {
  return generatorFrom(seedByInteger(seed));
}

/** Python's `random.Random(seed)`: `.double()` is its `.random()`. Range of seed: integer 0 .. 2^32 - 1. */
export function pythonRandom(seed: number): RandomState {
  return generatorFrom(seedByArray([seed]));
}
