import { fastDoubles } from '../../training/random';
import { maskStripes } from '../networks';
import type { SoundSet, SoundSource } from '../soundSet';

/**
 * Batches as Arnault et al. vary them: stripes of every spectrogram are masked, then each is mixed with the
 * next of its batch in a share drawn uniformly (Beta(1, 1)), targets alike. A tag that is not known of
 * either is not known of the mixture.
 */
export function mixedAndMasked(source: SoundSource, seed: number): SoundSource {
  return {
    rows: source.rows,
    batch: async (rows, step) => mixAndMask(await source.batch(rows, step), fastDoubles(seed, 'vary', step)),
  };
}

function mixAndMask(set: SoundSet, next: () => number): SoundSet {
  const { rows, bands, frames, targetSize } = set;
  const size = bands * frames;
  const before = set.values.slice();
  for (let row = 0; row < rows; row++)
    maskStripes(before.subarray(row * size, (row + 1) * size), { bands, frames }, next);
  const [values, targets] = [new Float32Array(before.length), new Float32Array(set.targets.length)];
  for (let row = 0; row < rows; row++) {
    const share = next();
    const other = (row + 1) % rows;
    for (let i = 0; i < size; i++)
      values[row * size + i] = share * before[row * size + i]! + (1 - share) * before[other * size + i]!;
    for (let i = 0; i < targetSize; i++) {
      const [own, others] = [set.targets[row * targetSize + i]!, set.targets[other * targetSize + i]!];
      targets[row * targetSize + i] = own < 0 || others < 0 ? -1 : share * own + (1 - share) * others;
    }
  }
  return { ...set, values, targets };
}
