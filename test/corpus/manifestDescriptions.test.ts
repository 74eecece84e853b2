import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { test } from 'node:test';
import { listCorpora, readCorpusDescription } from 'stm-lab/dist/corpus';

/** The library's own ajv; the workbench has an older one for its tools. */
const { Ajv } = createRequire(require.resolve('stm-lab/package.json'))('ajv') as {
  Ajv: new (options: object) => {
    compile(schema: object): ((value: unknown) => boolean) & { errors?: unknown };
  };
};

const folder = path.join(__dirname, '../../data-manifests');
const schema = JSON.parse(fs.readFileSync(path.join(folder, 'schema.json'), 'utf8')) as object;
const corpora = listCorpora(folder).map((id) => readCorpusDescription(folder, id));

const PAPER = [
  ...['bibletts', 'buckeye', 'eurom1', 'hiltonmoser2022-speech', 'hiltonmoser2022-song', 'librispeech'],
  ...[
    'mediaspeech',
    'mozilla-common-voice',
    'primewords-chinese',
    'roomreader',
    'clarity-speech',
    'tat-vol2',
  ],
  ...['thchs-30', 'timit', 'tts-javanese', 'zeroth-korean', 'albouy2020', 'fma-large', 'garland', 'irmas'],
  ...['ismir04', 'magnatagatune', 'mtg-jamendo', 'nhs2', 'sonyc', 'macaulay-library'],
];
const SIBLING = [
  ...['magnatagatune-tags', 'speech-commands-v2', 'ami', 'chime5', 'voxceleb1', 'voxceleb2'],
  ...['zebra-finch-repertoire', 'sonyc-ust-v2', 'esc-50', 'free-spoken-digit', 'urbansound8k', 'gtzan'],
];

/** Here the way of splitting leaks, not the groups. */
const LEAK_BY_SPLIT = [
  'esc-50',
  'urbansound8k',
  'free-spoken-digit',
  'hiltonmoser2022-song',
  'hiltonmoser2022-speech',
];

test('every corpus of the paper and of its siblings is described, and no other', () => {
  const ids = (use: string): string[] =>
    corpora.filter((corpus) => corpus.used_for === use).map(({ id }) => id);
  assert.deepEqual(ids('paper'), [...PAPER].sort());
  assert.deepEqual(ids('sibling'), [...SIBLING].sort());
});

test('every description follows the schema: licence, citation, way to obtain it, rules, or why not known', () => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  for (const corpus of corpora) {
    assert.ok(validate(corpus), `${corpus.id}: ${JSON.stringify(validate.errors)}`);
    assert.equal(fs.existsSync(path.join(folder, `${corpus.id}.json`)), true);
  }
  assert.equal(validate({ ...corpora[0]!, licence: undefined }), false);
  assert.equal(validate({ ...corpora[0]!, licence: { value: null } }), false);
});

test('descriptions agree with themselves and with the paper', () => {
  for (const { id, labels, group_rule: rule, tonal_languages: tonal, layout, used_for } of corpora) {
    if (rule.leaks === 'yes')
      assert.ok(rule.corrected !== null, `${id}: leaks, so a corrected rule is needed`);
    if (used_for === 'paper') {
      assert.ok(labels.length > 0, `${id}: has no labels`);
      if (tonal.length > 0)
        assert.ok(labels.includes('speech: tonal'), `${id}: tonal languages without the label`);
    }
    if (layout.value === null) continue;
    const { files, table, published } = layout.value;
    for (const pattern of [files, table?.file])
      if (pattern !== undefined) assert.doesNotThrow(() => new RegExp(pattern, 'u'), id);
    if (rule.leaks === 'yes' && !LEAK_BY_SPLIT.includes(id))
      assert.ok(published?.group !== undefined, `${id}: no published grouping beside the corrected one`);
  }
  const tonal = new Set(corpora.flatMap((corpus) => corpus.tonal_languages));
  assert.deepEqual([...tonal].sort(), [
    'Cantonese',
    'Mandarin-China',
    'Mandarin-Taiwan',
    'Taiwanese',
    'Thai',
    'Vietnamese',
    'Yoruba',
  ]);
  const macaulay = corpora.find((corpus) => corpus.id === 'macaulay-library')!;
  assert.equal(macaulay.start_offset_s.value, 5.5);
});
