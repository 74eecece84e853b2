import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { sha256File } from 'research-basics/files';
import { corpusName as nameOf } from 'stm-lab/dist/pipeline';
import { temporaryFolder } from './support';

const corpusName = (results: string, file: string | undefined, claim: 'take' | 'look'): string =>
  nameOf(results, file === undefined ? undefined : { file, hash: sha256File(file) }, claim);

/** A folder of results, and a way to make manifests beside it. */
function place(): { results: string; manifest: (name: string, content?: string) => string } {
  const folder = temporaryFolder('corpora');
  return {
    results: path.join(folder, 'results'),
    manifest: (name, content = name) => {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
      return file;
    },
  };
}

test('manifests of one name in different folders have results of their own, whoever comes first or again', () => {
  const { results, manifest } = place();
  const [first, second] = [
    manifest('a/corpus/manifest.csv', 'same'),
    manifest('b/corpus/manifest.csv', 'same'),
  ];
  assert.equal(corpusName(results, first, 'look'), 'corpus', 'looking claims nothing');
  assert.equal(corpusName(results, first, 'take'), 'corpus');
  const other = corpusName(results, second, 'take');
  assert.match(other, /^corpus-[0-9a-f]{8}$/);
  for (const claim of ['look', 'take'] as const) {
    assert.equal(corpusName(results, first, claim), 'corpus');
    assert.equal(corpusName(results, second, claim), other);
  }
  fs.appendFileSync(first, 'another line');
  assert.equal(corpusName(results, first, 'take'), 'corpus', 'a manifest that grows keeps its folder');
});

test('a corpus that was moved keeps its results; a copy does not get them', () => {
  const { results, manifest } = place();
  const before = manifest('old/corpus/manifest.csv', 'content');
  assert.equal(corpusName(results, before, 'take'), 'corpus');
  const copy = manifest('copy/corpus/manifest.csv', 'content');
  assert.notEqual(corpusName(results, copy, 'take'), 'corpus');
  fs.rmSync(before);
  const after = manifest('new/corpus/manifest.csv', 'content');
  assert.equal(corpusName(results, after, 'take'), 'corpus');
  assert.notEqual(corpusName(results, manifest('x/corpus/manifest.csv', 'other'), 'take'), 'corpus');
});

test('names of any script, long ones and those that differ in signs alone stay apart; the demo is nobody else', () => {
  const { results, manifest } = place();
  const names = ['птицы', 'город', '鳥', 'C', 'C#', 'C+', 'x'.repeat(200), `${'x'.repeat(199)}y`].map(
    (name) => corpusName(results, manifest(`corpora/${name}.csv`), 'take'),
  );
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.slice(0, 3), ['corpora-птицы', 'corpora-город', 'corpora-鳥']);
  for (const name of names) assert.ok(Buffer.byteLength(name) < 120);
  assert.equal(corpusName(results, undefined, 'take'), 'demo');
  assert.match(corpusName(results, manifest('demo/manifest.csv'), 'take'), /^demo-[0-9a-f]{8}$/);
});
