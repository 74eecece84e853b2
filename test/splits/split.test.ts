import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import {
  assignRoles,
  balanceReport,
  checkLeakage,
  featureRowsOf,
  groupKFold,
  makeSplit,
  readSplit,
  stratifiedGroupKFold,
  writeSplit,
  type SplitRow,
} from 'stm-lab/dist/splits';

/** The small published example: 20 groups, two classes, one mixed group. */
function smallExample(): { labels: string[]; groups: string[] } {
  const sizes = [7, 3, 12, 1, 5, 9, 2, 2, 30, 4, 6, 1, 1, 15, 8, 3, 3, 11, 2, 10];
  const classes = [0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0];
  const labels: string[] = [];
  const groups: string[] = [];
  sizes.forEach((size, g) => {
    for (let k = 0; k < size; k++) {
      groups.push(`g${String(g).padStart(2, '0')}`);
      labels.push(String(g === 8 && k % 5 === 0 ? 1 - classes[g]! : classes[g]!));
    }
  });
  return { labels, groups };
}

function foldOfEachGroup(groups: string[], fold: Int32Array): number[] {
  return [...new Set(groups)].map((group) => fold[groups.indexOf(group)]!);
}

function recordings(groups: number, perGroup: number): SplitRow[] {
  return Array.from({ length: groups * perGroup }, (_, i) => {
    const g = Math.floor(i / perGroup);
    const label = ['speech: tonal', 'speech: non-tonal', 'music: vocal', 'music: non-vocal'][g % 4]!;
    return { path: `${i}.wav`, label, group: `g${g}` };
  });
}

test('the small example: folds of each group as scikit-learn prints them', () => {
  const { labels, groups } = smallExample();
  const options = { labels, groups, folds: 5, seed: 23, flavour: 'published' } as const;
  assert.deepEqual(
    foldOfEachGroup(groups, stratifiedGroupKFold(options)),
    [3, 1, 1, 4, 1, 4, 3, 2, 1, 4, 1, 2, 4, 2, 3, 2, 2, 0, 2, 4],
  );
  const inOrder = stratifiedGroupKFold({ ...options, shuffle: 'in-order' });
  const table = Array.from({ length: 5 }, () => [0, 0]);
  inOrder.forEach((fold, row) => table[fold]![Number(labels[row])]!++);
  assert.deepEqual(table, [
    [24, 6],
    [19, 7],
    [19, 8],
    [18, 8],
    [19, 7],
  ]);
  // Up to an exchange of groups of equal size, which scikit-learn leaves to the processor.
  const sizes = [...new Set(groups)].map((group) => groups.filter((name) => name === group).length);
  const bySize = (folds: number[]): string[] => folds.map((fold, g) => `${sizes[g]} in ${fold}`).sort();
  assert.deepEqual(
    bySize(foldOfEachGroup(groups, groupKFold({ groups, folds: 5 }))),
    bySize([2, 4, 2, 1, 2, 4, 1, 2, 0, 3, 1, 4, 3, 1, 3, 1, 4, 3, 3, 4]),
  );
});

test('the corrected flavour balances what the published one does not', () => {
  const rows = recordings(80, 1).flatMap((row, g) =>
    Array.from({ length: 1 + ((g * 7) % 23) }, (_, k) => ({ ...row, path: `${g}-${k}` })),
  );
  const spreadOf = (flavour: 'published' | 'corrected'): number => {
    const { classes } = balanceReport(makeSplit({ rows, flavour, folds: 5 }));
    return Math.max(...classes.map((own) => own.mostShare - own.leastShare));
  };
  assert.ok(spreadOf('corrected') < 0.4, `corrected ${spreadOf('corrected')}`);
  assert.ok(spreadOf('published') > 2 * spreadOf('corrected'));
});

test('another seed gives another split, the same seed the same', () => {
  const rows = recordings(60, 2);
  assert.equal(makeSplit({ rows }).hash, makeSplit({ rows }).hash);
  assert.notEqual(makeSplit({ rows }).hash, makeSplit({ rows, seed: 24 }).hash);
});

test('group names are ordered by code point, not by UTF-16 unit', () => {
  // U+FF21 sorts before U+1F600 by code point and after it by UTF-16 unit.
  const groups = ['\u{1F600}', '\uFF21', 'a'].flatMap((name, i) => Array<string>(i + 1).fill(name));
  const labels = groups.map((_, i) => (i % 2 ? 'x' : 'y'));
  const fold = stratifiedGroupKFold({ labels, groups, folds: 3, seed: 1 });
  const asAscii = groups.map((name) => ({ '\u{1F600}': 'c', '\uFF21': 'b', a: 'a' })[name]!);
  assert.deepEqual(fold, stratifiedGroupKFold({ labels, groups: asAscii, folds: 3, seed: 1 }));
});

test('roles: last fold test, the one before validation, 8:1:1', () => {
  assert.deepEqual(assignRoles(Int32Array.of(0, 7, 8, 9)), ['train', 'train', 'validation', 'test']);
  assert.deepEqual(assignRoles(Int32Array.of(0, 1, 2), 3), ['train', 'validation', 'test']);
  assert.throws(() => assignRoles(Int32Array.of(0, 1), 2), /at least 3/);
  const split = makeSplit({ rows: recordings(200, 5).map((row, i) => ({ ...row, row: 2 * i })) });
  const rows = featureRowsOf(split, 'validation');
  assert.ok(rows.length > 80 && rows.length < 120);
  assert.ok(rows.every((row) => split.fold[row / 2] === 8));
});

test('a group in two folds is refused by name', () => {
  const groups = ['a', 'b', 'a', 'b'];
  checkLeakage({ groups, fold: Int32Array.of(0, 1, 0, 1) });
  assert.throws(
    () => checkLeakage({ groups, fold: Int32Array.of(0, 1, 3, 1) }),
    /group "a" is in folds 0 and 3/,
  );
});

test('domain by domain: each as a division of its own; a group shared between domains', () => {
  const rows = recordings(80, 3);
  const split = makeSplit({ rows, flavour: 'published', domains: 'by-prefix' });
  const speech = rows.map((_, i) => i).filter((i) => rows[i]!.label.startsWith('speech'));
  const alone = makeSplit({ rows: speech.map((i) => rows[i]!), flavour: 'published' });
  assert.deepEqual(
    speech.map((i) => split.fold[i]),
    [...alone.fold],
  );
  assert.deepEqual(split.warnings, []);
  // Without the last groups the two domains are no longer mirror images.
  const shared = rows
    .slice(0, -27)
    .map((row, i) => (i < 6 || (i >= 9 && i < 12) ? { ...row, group: 'both' } : row));
  const seeds = [23, 24, 25, 26, 27];
  const warned = seeds.map((seed) =>
    makeSplit({ rows: shared, flavour: 'published', domains: 'by-prefix', seed }).warnings.join(),
  );
  assert.ok(warned.some((text) => /group "both" is in folds \d and \d.*published protocol/.test(text)));
  assert.throws(
    () => seeds.forEach((seed) => makeSplit({ rows: shared, domains: 'by-prefix', seed })),
    /group "both".*together/,
  );
});

test('fewer groups than folds, thin classes, one class, none: clear sentences', () => {
  assert.throws(() => makeSplit({ rows: recordings(8, 4) }), /8 groups cannot be divided into 10 folds/);
  assert.throws(
    () => makeSplit({ rows: recordings(12, 4), domains: 'by-prefix' }),
    /domain "speech": 6 groups cannot/,
  );
  assert.throws(() => makeSplit({ rows: recordings(12, 4), method: 'group', folds: 20 }), /12 groups/);
  assert.throws(() => makeSplit({ rows: [] }), /no recordings/);
  assert.throws(
    () => makeSplit({ rows: recordings(40, 1).map((row) => ({ ...row, label: 'x' })) }),
    /one label \("x"\)/,
  );
  assert.throws(() => makeSplit({ rows: recordings(12, 1) }), /no class has 10 recordings/);
  assert.throws(() => makeSplit({ rows: recordings(40, 2), seed: -1 }), /seed -1/);
  const { warnings } = makeSplit({ rows: recordings(20, 4) });
  assert.equal(warnings.length, 4);
  assert.match(warnings[0]!, /class "speech: tonal" has 5 groups, fewer than the 10 folds/);
});

test('the balance report counts every row once and names absent classes', () => {
  const split = makeSplit({ rows: recordings(20, 4) });
  const report = balanceReport(split);
  assert.equal(report.cells.length, 40);
  assert.equal(
    report.cells.reduce((sum, cell) => sum + cell.rows, 0),
    80,
  );
  for (const own of report.classes) {
    assert.equal(own.rows, 20);
    assert.equal(own.groups, 5);
    assert.equal(own.byRole.train + own.byRole.validation + own.byRole.test, 20);
  }
  const lacking = split.labels.filter(
    (label, i) =>
      split.labels.indexOf(label) === i && !split.labels.some((l, k) => l === label && split.fold[k] === 9),
  );
  assert.equal(report.warnings.filter((text) => text.includes('test part')).length, lacking.length);
});

test('a split comes back from its files as it was; a changed table is refused', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-split-'));
  const rows = recordings(40, 3).map((row, i) => ({ ...row, path: `a "${i}", b\n.wav`, row: i * 3 }));
  const split = makeSplit({ rows, seed: 7 });
  writeSplit(folder, split);
  assert.deepEqual(readSplit(folder), split);
  const record = JSON.parse(fs.readFileSync(path.join(folder, 'split.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.equal(record['rows'], 120);
  const file = path.join(folder, 'split.csv');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(',train\n', ',test\n'));
  assert.throws(() => readSplit(folder), /not the table that split.json describes/);
});
