import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { stratifiedGroupKFold } from 'stm-lab/dist/splits';

interface Problem {
  n_splits: number;
  seed: number;
  classes: string[];
  groups: string[];
  expected: Record<'published' | 'fixed', { sklearn: string; shuffled: number[]; unshuffled: number[] }>;
}

const golden = JSON.parse(
  fs.readFileSync(path.join(__dirname, '../golden/splits/stratified_group_kfold.json'), 'utf8'),
) as { problems: Problem[] };

test('all 12 reference problems, both flavours, shuffled and in order: identical folds', () => {
  assert.equal(golden.problems.length, 12);
  for (const { classes: labels, groups, n_splits: folds, seed, expected } of golden.problems) {
    for (const flavour of ['published', 'corrected'] as const) {
      const make = (shuffle: 'shuffled' | 'in-order'): number[] => [
        ...stratifiedGroupKFold({ labels, groups, folds, seed, shuffle, flavour }),
      ];
      assert.deepEqual(make('shuffled'), expected[flavour === 'corrected' ? 'fixed' : flavour].shuffled);
      assert.deepEqual(make('in-order'), expected[flavour === 'corrected' ? 'fixed' : flavour].unshuffled);
    }
  }
});
