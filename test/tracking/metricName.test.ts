import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileName } from 'stm-lab/dist/base/fileName';
import { metricName, metricNames } from 'mlflow-tracking-client';
import { checkName } from '../../lib/mlflow-tracking-client/dist/rules';

/** Labels that look, fold or encode alike, and those that MLflow or a file system would not take. */
export const AWKWARD_LABELS: readonly string[] = [
  ...['C', 'C#', 'C++', 'C_', 'C ', ' C', 'C.', 'c', 'ç', 'C\u0327', 'Ç', 'Ｃ', 'C\n', 'C\t'],
  ...[
    'птицы',
    'Птицы',
    '鳥',
    '鸟',
    'か',
    'が',
    'हिन्दी',
    'طيور',
    '🐦',
    '🐦‍⬛',
    '👩‍🎤',
    '¿?',
    '!',
    '%',
    '_',
    '-',
    '.',
    '..',
  ],
  ...[
    'a/b',
    'a//b',
    'a_b',
    'a\\b',
    'a:b',
    '../a',
    '/a',
    'a/',
    'a.b',
    'a_low',
    'a_high',
    'a',
    'a-0123456789ab',
  ],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'con', 'NUL', '=SUM(A1)', '"quoted"', "it's"],
  ...[
    'x'.repeat(300),
    'x'.repeat(301),
    '鳥'.repeat(300),
    `${'x'.repeat(299)}y`,
    'I',
    'ı',
    'İ',
    'i',
    'ß',
    'ss',
    'ſ',
  ],
];

test('different labels have different metric names, all of which MLflow takes', () => {
  const names = metricNames(AWKWARD_LABELS);
  assert.equal(names.size, AWKWARD_LABELS.length);
  assert.equal(new Set(names.values()).size, AWKWARD_LABELS.length);
  for (const name of names.values()) {
    for (const whole of [`test_f1/${name}`, `difference/${name}_low`, name]) checkName('metric', whole);
    assert.ok(Buffer.byteLength(name) <= 120, name);
  }
  assert.equal(new Set(AWKWARD_LABELS.map(metricName)).size, AWKWARD_LABELS.length);
  // An interval's bound is not the value of another label.
  const written = AWKWARD_LABELS.flatMap((label) =>
    ['', '_low', '_high'].map((end) => `${names.get(label)}${end}`),
  );
  assert.equal(new Set(written).size, written.length);
});

test('a database without regard to case, accents or width keeps them apart', () => {
  const folded = [...metricNames(AWKWARD_LABELS).values()].map((name) =>
    name.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase(),
  );
  assert.equal(new Set(folded).size, AWKWARD_LABELS.length);
  assert.deepEqual([...metricNames(['C', 'D']).values()], ['C', 'D'], 'without need, no hash');
});

test('labels of any script are their own names', () => {
  for (const label of ['птицы', '鳥', 'speech non-tonal', 'été', 'constructor', 'C', 'v1.5_b'])
    assert.equal(metricName(label), label);
  assert.match(metricName('C#'), /^C-[0-9a-f]{12}$/);
  assert.match(metricName('speech: tonal'), /^speech_ tonal-[0-9a-f]{12}$/);
});

test('different names have different files, on file systems without regard to case too', () => {
  const files = AWKWARD_LABELS.map(fileName);
  assert.equal(new Set(files.map((name) => name.toLowerCase().normalize('NFD'))).size, AWKWARD_LABELS.length);
  for (const file of files) {
    assert.doesNotMatch(file, /[/\\:*?"<>|\p{Cc}]|^\.|\.$/u);
    assert.ok(Buffer.byteLength(file) <= 80, file);
  }
  assert.equal(fileName('птицы-2.b'), 'птицы-2.b');
});
