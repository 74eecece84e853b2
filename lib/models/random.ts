import { deriveSeed } from '../base/random/seeds';

/**
 * A small fast generator of 32-bit words (sfc32: three words of state and a counter, Doty-Humphrey's
 * PractRand), for the millions of draws of a dropout mask. Seeded by `deriveSeed`, so that every use has
 * a stream of its own.
 *
 * @returns a function giving the next word, an integer -2^31 .. 2^31 - 1.
 */
export function fastWords(seed: number, ...path: readonly (string | number)[]): () => number {
  let a = deriveSeed(seed, ...path, 'a') | 0;
  let b = deriveSeed(seed, ...path, 'b') | 0;
  let c = deriveSeed(seed, ...path, 'c') | 0;
  let counter = 1;
  return () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t;
  };
}

/** Uniform doubles in [0, 1) with 32 random bits from `fastWords`. */
export function fastDoubles(seed: number, ...path: readonly (string | number)[]): () => number {
  const next = fastWords(seed, ...path);
  return () => (next() >>> 0) / 4294967296;
}

/** Standard normal values by the Box-Muller transform over `fastDoubles`. */
export function fastNormals(seed: number, ...path: readonly (string | number)[]): () => number {
  const next = fastDoubles(seed, ...path);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * Fills `target` with an inverted-dropout mask: 0 with probability `rate`, else 1 / (1 - rate).
 *
 * Four elements are decided from the four bytes of one word; only where a byte equals the leading byte of
 * the threshold is another word drawn for the remaining 32 bits, so the probability is exact to 2^-40.
 *
 * @param rate 0 .. <1
 */
export function fillDropoutMask(target: Float32Array, rate: number, words: () => number): void {
  const keep = 1 / (1 - rate);
  const scaled = rate * 256;
  const lead = Math.floor(scaled);
  const rest = (scaled - lead) * 4294967296;
  const length = target.length;
  let word = 0;
  for (let i = 0; i < length; i++) {
    word = (i & 3) === 0 ? words() : word >>> 8;
    const byte = word & 255;
    if (byte > lead) target[i] = keep;
    else if (byte < lead) target[i] = 0;
    else target[i] = words() >>> 0 < rest ? 0 : keep;
  }
}
