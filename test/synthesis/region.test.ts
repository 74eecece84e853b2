import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCell, parseRegion, regionGain, regionLabel } from 'stm-lab/dist/synthesis';

test('a region says what it keeps', () => {
  const cases: [string, string][] = [
    ['rate<=4', 'keep |rate| <= 4 Hz'],
    ['rate < 4 Hz', 'keep |rate| <= 4 Hz'],
    ['4 >= rate', 'keep |rate| <= 4 Hz'],
    ['rate>0', 'keep |rate| > 0 Hz'],
    ['2<rate<=8, scale<1', 'keep 2 < |rate| <= 8 Hz and scale <= 1 cyc/oct'],
    ['scale>=.5, up', 'keep scale > 0.5 cyc/oct and moving up'],
    ['rate<=2 or scale>3', 'keep |rate| <= 2 Hz or scale > 3 cyc/oct'],
  ];
  for (const [text, label] of cases) assert.equal(regionLabel(parseRegion('keep', text)), label, text);
});

test('a condition that cannot be read is named', () => {
  for (const [text, named] of [
    ['', '""'],
    ['rate', '"rate"'],
    ['rate<=4, speed>2', '"speed>2"'],
    ['8<rate<2', '"8<rate<2"'],
    ['rate<=-1', '"rate<=-1"'],
    ['rate<=4 or', '"rate<=4 or"'],
    ['up, down', 'up and down'],
    ['鳥<4', '"鳥<4"'],
  ] as const)
    assert.throws(
      () => parseRegion('keep', text),
      (error: Error) => error.message.includes(named),
      text,
    );
  assert.throws(() => parseCell('keep', 'low:4:6'), /low-pass:RATE:SCALE/);
  assert.throws(() => parseCell('keep', 'low-pass:*:*'), /give a cutoff/);
});

test('what a region excludes does not pass, and its edges lie on the side that is kept', () => {
  const keep = regionGain(parseRegion('keep', 'rate<=4'));
  assert.deepEqual(
    [0, 3.5, 4, 4.1, -3.5, -4].map((rate) => keep(rate, 1)),
    [1, 1, 0, 0, 1, 0],
  );
  assert.ok(keep(3.75, 1) > 0.49 && keep(3.75, 1) < 0.51);
  const remove = regionGain(parseRegion('remove', '3<=rate<=7'));
  assert.deepEqual(
    [2.5, 3, 5, 7, 7.5].map((rate) => remove(rate, 0)),
    [1, 0, 0, 0, 1],
  );
  const scale = regionGain(parseRegion('keep', 'scale>2'));
  assert.deepEqual(
    [0, 2, 2.25, 7].map((value) => scale(3, value)),
    [0, 0, 1, 1],
  );
});

test('the mean passes whatever is removed, and narrow bands reach full strength', () => {
  assert.equal(regionGain(parseRegion('remove', 'rate>=0'))(0, 0), 1);
  assert.equal(regionGain(parseRegion('keep', '4<=rate<=4.25'))(4.125, 0), 1);
  assert.equal(regionGain(parseCell('keep', 'low-pass:0:6'))(0, 3), 1);
  assert.equal(regionGain(parseCell('keep', 'low-pass:0:6'))(0.125, 3), 0);
});

test('directions: negative rates move up', () => {
  const up = regionGain(parseRegion('keep', 'rate<=8, up'));
  assert.deepEqual([up(-4, 1), up(4, 1), up(0, 1), up(4, 0)], [1, 0, 1, 1]);
});

test('cells are those of the ablation: a corner quadrant, and the complements', () => {
  const high = regionGain(parseCell('keep', 'high-pass:4:6'));
  assert.deepEqual([high(5, 7), high(5, 3), high(3, 7)], [1, 0, 0]);
  const complement = regionGain(parseCell('remove', 'high-pass:4:6'));
  assert.deepEqual([complement(5, 7), complement(5, 3), complement(3, 7)], [0, 1, 1]);
  const all = regionGain(parseCell('keep', 'high-pass:0:0'));
  assert.deepEqual([all(0, 1), all(1, 0), all(1, 1)], [0, 0, 1]);
});
