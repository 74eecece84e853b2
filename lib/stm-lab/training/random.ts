import { deriveSeed } from 'research-basics/random/seeds';

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

/** Words are looked up by this many of their leading bits. */
const GAP_BITS = 12;
const UNDECIDED = -1;

/** Elements kept before the next dropped one, from a random word: geometric, by inversion. */
const gapOf = (word: number, scale: number): number => Math.floor(Math.log((word + 0.5) / 2 ** 32) * scale);

/** Gaps by the leading bits of the word; `UNDECIDED` where the remaining bits matter. */
function gapTable(scale: number): Int32Array {
  const width = 2 ** (32 - GAP_BITS);
  return Int32Array.from({ length: 2 ** GAP_BITS }, (_, i) => {
    const gap = gapOf((i + 1) * width - 1, scale);
    return gap === gapOf(i * width, scale) ? gap : UNDECIDED;
  });
}

const gapTables = new Map<number, Int32Array>();

/**
 * Fills `target` with an inverted-dropout mask: 0 with probability `rate`, else 1 / (1 - rate).
 *
 * The gaps between dropped elements are geometric, so a random number is needed for each dropped element
 * only: several times faster than one for every element at the small rates in use. Most gaps come from a
 * table, which saves their logarithm.
 *
 * @param rate 0 .. <1
 * @param words source of 32-bit words, e.g. `fastWords`.
 */
export function fillDropoutMask(target: Float32Array, rate: number, words: () => number): void {
  target.fill(1 / (1 - rate));
  if (rate === 0) return;
  const scale = 1 / Math.log1p(-rate);
  const table = gapTables.get(rate) ?? gapTable(scale);
  // A search over rates would gather one for each trial.
  if (gapTables.size > 32) gapTables.clear();
  gapTables.set(rate, table);
  for (let i = -1; ;) {
    const word = words() >>> 0;
    const known = table[word >>> (32 - GAP_BITS)]!;
    i += 1 + (known === UNDECIDED ? gapOf(word, scale) : known);
    if (i >= target.length) return;
    target[i] = 0;
  }
}
