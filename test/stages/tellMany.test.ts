import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnMany, type ItemWarning } from 'stm-lab/dist/stages/warnMany';

const told = (items: readonly ItemWarning[], where?: string): string[] => {
  const lines: string[] = [];
  warnMany(items, (line) => lines.push(line), where);
  return lines;
};
const items = (count: number, reasonOf: (i: number) => string): ItemWarning[] =>
  Array.from({ length: count }, (_, i) => ({ about: `鳥/${i}.wav`, reason: reasonOf(i) }));

test('up to fifty items are told one by one', () => {
  const lines = told(items(50, (i) => `lasts ${i} s`));
  assert.equal(lines.length, 50);
  assert.equal(lines[7], '鳥/7.wav: lasts 7 s');
  assert.deepEqual(told([{ about: 'a', reason: 'b', text: 'rejected a: b' }]), ['rejected a: b']);
});

test('of more, reasons that differ in names and numbers alone share a line with count and examples', () => {
  const lines = told(
    [
      ...items(6660, (i) => `lasts ${i / 10} s, of class "c${i}" in x/${i}`),
      ...items(2, () => 'is truncated'),
    ],
    'rejected.csv',
  );
  assert.deepEqual(lines, [
    '鳥/0.wav: lasts 0 s, of class "c0" in x/0 (and 6659 more like it, e.g. 鳥/1.wav, 鳥/2.wav; all are listed in rejected.csv)',
    '鳥/0.wav: is truncated',
    '鳥/1.wav: is truncated',
  ]);
});

test('reasons beyond twenty kinds are counted', () => {
  const word = (i: number): string => String.fromCharCode(97 + (i % 26)).repeat(3);
  const lines = told(items(260, (i) => `is ${word(i)}`));
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), '60 more for 6 other reasons');
});
