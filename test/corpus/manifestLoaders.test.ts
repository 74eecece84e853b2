import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import {
  buildManifest,
  listCorpora,
  readCorpusDescription,
  readManifest,
  validateManifest,
  writeBuiltManifest,
} from 'stm-lab/dist/corpus';
import { sha256 } from 'research-basics/files';
import { audio, TREES } from './manifestTrees';
import { plant } from './plant';

const descriptions = path.join(__dirname, '../../data-manifests');

test('every described layout has a tree here', () => {
  const described = listCorpora(descriptions).filter(
    (id) => readCorpusDescription(descriptions, id).layout.value !== null,
  );
  assert.deepEqual(Object.keys(TREES).sort(), described);
});

for (const [id, tree] of Object.entries(TREES)) {
  test(`${id}: its published tree becomes a manifest`, () => {
    const corpus = readCorpusDescription(descriptions, id);
    const root = plant(tree.files);
    const built = buildManifest(corpus, root);
    assert.deepEqual(
      Object.fromEntries(built.rows.map((row) => [row.path, [row.label, row.group, row.language]])),
      tree.rows,
    );
    assert.deepEqual(built.unexplained, tree.unexplained ?? []);
    assert.deepEqual(built.missing, tree.missing ?? []);
    assert.deepEqual(built.undescribed, tree.undescribed ?? []);
    assert.deepEqual(built.excluded, tree.excluded ?? []);
    if (tree.columns !== undefined)
      assert.deepEqual(Object.fromEntries(built.rows.map((row) => [row.path, row.columns])), tree.columns);
    const published = buildManifest(corpus, root, { rules: 'published' }).rows;
    assert.deepEqual(
      Object.fromEntries(published.map((row) => [row.path, [row.label, row.group]])),
      tree.published ??
        Object.fromEntries(Object.entries(tree.rows).map(([name, row]) => [name, row.slice(0, 2)])),
    );
    const file = path.join(root, 'made', 'manifest.csv');
    writeBuiltManifest(file, corpus, root, built.rows);
    const manifest = readManifest(file, { purpose: 'extraction' });
    assert.deepEqual([manifest.problems, manifest.rows.length], [[], built.rows.length]);
  });
}

test('no copy, an unknown corpus, a layout that is not described: one sentence', () => {
  const timit = readCorpusDescription(descriptions, 'timit');
  assert.throws(() => buildManifest(timit, plant(audio('a.txt'))), /nothing in it looks like TIMIT/);
  assert.throws(() => buildManifest(timit, '/nowhere'), /not a folder/);
  assert.throws(() => readCorpusDescription(descriptions, 'timid'), /no corpus "timid".*timit/);
  const macaulay = readCorpusDescription(descriptions, 'macaulay-library');
  assert.throws(() => buildManifest(macaulay, os.tmpdir()), /folder tree is not described/);
  const esc = readCorpusDescription(descriptions, 'esc-50');
  assert.throws(() => buildManifest(esc, plant(audio('audio/1-2-A-0.wav'))), /holds no meta\/esc50\.csv/);
  const warned = buildManifest(timit, plant(TREES['timit']!.files)).warnings;
  assert.match(warned.join(), /2 recordings found, 6300 are published/);
});

test('what a layout cannot decide is said: labels still to come, a table that contradicts itself', () => {
  const fma = readCorpusDescription(descriptions, 'fma-large');
  const open = buildManifest(fma, plant(TREES['fma-large']!.files)).warnings.join('\n');
  assert.match(open, /"music" is not yet a label; replace it by "music: vocal" or "music: non-vocal"/);
  const primewords = readCorpusDescription(descriptions, 'primewords-chinese');
  const { files } = TREES['primewords-chinese']!;
  const said = buildManifest(primewords, plant(files)).warnings.join('\n');
  assert.doesNotMatch(said, /two groups|not yet a label/);
  const list = 'set1/set1_transcript.json';
  const torn = { ...files, [list]: files[list]!.replace('"5a"', '"5c"') };
  assert.match(
    buildManifest(primewords, plant(torn)).warnings.join('\n'),
    /puts 1 recording into two groups; .*: 00ab/,
  );
  assert.throws(() => buildManifest(primewords, plant({ ...files, [list]: '{}' })), /list of objects/);
});

test('headerless recordings come with the columns that say how they are read', () => {
  const root = plant(TREES['eurom1']!.files);
  const eurom1 = readCorpusDescription(descriptions, 'eurom1');
  const file = path.join(root, 'm.csv');
  writeBuiltManifest(file, eurom1, root, buildManifest(eurom1, root).rows);
  const [header, first] = fs.readFileSync(file, 'utf8').split('\n');
  assert.equal(header, 'path,label,group,start_s,language,encoding,bits,byte_order,sample_rate,channels');
  assert.match(first!, /^danish\/FAO00079\.PDS,.*,Danish,signed,16,little,20000,1$/);
});

test('validation names missing, extra and changed recordings', () => {
  const root = plant({ 'a.wav': 'aa', 'b.wav': 'bb', 'c.wav': 'cc', 'd.wav': 'dd', 'sub/e.flac': 'e' });
  fs.writeFileSync(
    path.join(root, 'm.csv'),
    [
      'path,label,group,bytes,sha256',
      `a.wav,x,1,2,${sha256('aa')}`,
      `b.wav,x,1,2,${sha256('b2')}`,
      'c.wav,y,2,3,',
      'd.wav,y,2,,',
      'gone.wav,y,2,,',
    ].join('\n'),
  );
  assert.deepEqual(validateManifest(path.join(root, 'm.csv')), {
    missing: ['gone.wav'],
    extra: ['sub/e.flac'],
    changed: ['b.wav', 'c.wav'],
    unchecked: 1,
  });
});
