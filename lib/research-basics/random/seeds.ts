import { sha256 } from '@noble/hashes/sha2';
import { utf8ToBytes } from '@noble/hashes/utils';
import { inputError } from '../errors';

/**
 * A seed for one named part of a seeded whole (trial 7, fold 3, epoch 12), independent of how much
 * randomness the other parts use and of the order in which they run. This is what makes a resumed or
 * parallel run equal to an undisturbed one.
 *
 * @returns integer 1 .. 2^31 - 1 (never 0: TensorFlow.js reads a seed of 0 as "no seed").
 */
export function deriveSeed(seed: number, ...path: readonly (string | number)[]): number {
  // Not of node:crypto, which a browser does not have.
  const digest = sha256(utf8ToBytes(JSON.stringify([seed, ...path])));
  return (new DataView(digest.buffer).getUint32(0, true) % 2147483646) + 1;
}

/**
 * The seed itself, when it is usable: an integer 1 .. 2^31 - 1.
 *
 * @throws UserError (`input`) otherwise.
 */
export function checkSeed(seed: number): number {
  if (!Number.isInteger(seed) || seed < 1 || seed > 2147483647) {
    throw inputError(`seed ${seed}: must be an integer from 1 to 2147483647`);
  }
  return seed;
}
