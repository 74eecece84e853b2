import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldsFor, makeSplit, officialParts } from 'stm-lab/dist/splits';

const rows = Array.from({ length: 12 }, (_, i) => ({
  path: `r${i}.wav`,
  label: `class ${i % 2}`,
  group: `g${Math.floor(i / 2)}`,
}));
const split = (values: readonly (string | undefined)[], column = 'fold'): ReturnType<typeof makeSplit> =>
  makeSplit({ rows, column, values });
const perGroup = (...values: string[]): string[] => rows.map((_, i) => values[Math.floor(i / 2)]!);

test('a column states folds: the last is for the test, the one before it for validation, by number', () => {
  const made = split(perGroup('1', '2', '3', '4', '10', '2'));
  assert.deepEqual(
    [...made.fold],
    rows.map((_, i) => [0, 1, 2, 3, 4, 1][Math.floor(i / 2)]),
  );
  assert.deepEqual(made.roles.slice(6, 10), ['validation', 'validation', 'test', 'test']);
  assert.equal(made.parameters.folds, 5);
  assert.equal(made.parameters.column, 'fold');
});

test('a column states parts by any of their usual names', () => {
  const { roles } = split(perGroup('training', 'Train', 'dev', 'testing', 'train', 'train'), 'part');
  assert.deepEqual(
    roles.filter((_, i) => i % 2 === 0),
    ['train', 'train', 'validation', 'test', 'train', 'train'],
  );
});

test('recordings in no part are left out of a split and of a comparison', () => {
  const values = perGroup('train', 'Dev', 'test', '', 'train', ' ');
  const made = split(values, 'part');
  assert.deepEqual([...made.row], [0, 1, 2, 3, 4, 5, 8, 9]);
  assert.deepEqual(
    made.roles.filter((_, i) => i % 2 === 0),
    ['train', 'validation', 'test', 'train'],
  );
  assert.match(
    made.warnings[0]!,
    /^4 recordings are in no part of column "part" and left out \(first: r6\.wav\)$/,
  );
  const official = (own: readonly string[]) => ({
    column: 'part',
    values: new Map(rows.map(({ path }, i) => [path, own[i]!])),
  });
  const { train, test } = officialParts(rows, official(values))!;
  assert.deepEqual([...train], [0, 1, 2, 3, 8, 9]);
  assert.deepEqual([...test], [4, 5]);
  assert.equal(officialParts(rows, official(perGroup('1', '2', '3', '', '1', '2'))), undefined);
  assert.throws(
    () => officialParts(rows, official(perGroup('train', 'dev', '', '', '', ''))),
    /no recordings to test/,
  );
  const leaking = [...values];
  leaking[5] = 'train';
  assert.throws(() => officialParts(rows, official(leaking)), /group "g2" is in folds/);
});

test('leaks, missing values, missing parts and too few folds are refused in one sentence each', () => {
  const leaking = perGroup('1', '2', '3', '1', '2', '3');
  leaking[1] = '2';
  assert.throws(() => split(leaking), /group "g0" is in folds 0 and 1/);
  assert.throws(
    () => split([...perGroup('1', '2', '3', '1', '2', '3').slice(0, 11), ' ']),
    /r11\.wav has no value/,
  );
  assert.throws(
    () => split(perGroup('train', 'test', 'train', 'test', 'train', 'test'), 'part'),
    /names no recordings for validation/,
  );
  assert.throws(() => split(perGroup('1', '2', '1', '2', '1', '2')), /holds 2 folds \(1, 2\)/);
});

test('cross-validation uses the stated folds for every seed, and refuses another number of them', () => {
  const official = {
    column: 'fold',
    values: new Map(rows.map(({ path }, i) => [path, String(Math.floor(i / 4))])),
  };
  const folds = foldsFor(rows, 3, official);
  assert.deepEqual([...folds(1)], [...folds(2)]);
  assert.deepEqual(
    [...folds(1)],
    rows.map((_, i) => Math.floor(i / 4)),
  );
  assert.throws(() => foldsFor(rows, 5, official), /holds 3 folds, and the cross-validation asks for 5/);
  const parts = { column: 'part', values: new Map(rows.map(({ path }) => [path, 'train'])) };
  assert.equal(new Set(foldsFor(rows, 3, parts)(1)).size, 3, 'parts are not folds');
  const inherited = ['constructor', 'toString', '__proto__'];
  const named = { column: 'fold', values: new Map(rows.map(({ path }, i) => [path, inherited[i >> 2]!])) };
  assert.equal(new Set(foldsFor(rows, 3, named)(1)).size, 3, 'any word may name a fold');
  const shared = { ...official, values: new Map(rows.map(({ path }, i) => [path, String(i % 3)])) };
  assert.throws(() => foldsFor(rows, 3, shared), /group "g0" is in folds 0 and 1/);
  assert.deepEqual(
    [...foldsFor(rows, 3, { ...shared, sharedGroups: 'allowed' })(1)],
    rows.map((_, i) => i % 3),
  );
});
