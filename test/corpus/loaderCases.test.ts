import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { buildManifest, readCorpusDescription, type BuiltManifest } from 'stm-lab/dist/corpus';
import { audio } from './manifestTrees';
import { plant } from './plant';

// Copies of public corpora as people have them.
const descriptions = path.join(__dirname, '../../data-manifests');
const build = (id: string, root: string): BuiltManifest =>
  buildManifest(readCorpusDescription(descriptions, id), root);
const groups = ({ rows }: BuiltManifest): Record<string, string> =>
  Object.fromEntries(rows.map((row) => [row.path, row.group]));

test('AMI: the fifth meeting of a series', () => {
  const names = ['a', 'b', 'd', 'e'].map((letter) => `EN2001${letter}`);
  const root = plant(audio(...names.map((name) => `amicorpus/${name}/audio/${name}.Mix-Headset.wav`)));
  assert.deepEqual(Object.values(groups(build('ami', root))), ['EN2001', 'EN2001', 'EN2001', 'EN2001']);
});

test('endings, folders and names in another case: one spelling of each group', () => {
  const hilton = plant(audio('Raw/QUE10A.wav', 'Raw/QUE10C.WAV', 'Raw/van13a.WAV'));
  assert.deepEqual(
    build('hiltonmoser2022-song', hilton).rows.map(({ group, language }) => [group, language]),
    [
      ['QUE10', 'Spanish'],
      ['QUE10', 'Spanish'],
      ['VAN13', 'Bislama'],
    ],
  );
  const timit = plant(audio('timit/train/dr1/fcjf0/sa1.wav', 'TIMIT/TRAIN/DR1/FCJF0/SX2.WAV'));
  assert.deepEqual(Object.values(groups(build('timit', timit))), ['FCJF0', 'FCJF0']);
  const bible = plant(audio('BibleTTS/Yoruba/train/MAT/MAT_001.flac'));
  assert.deepEqual(
    build('bibletts', bible).rows.map(({ label, language }) => [label, language]),
    [['speech: tonal', 'Yoruba']],
  );
});

test('zebra finches: a bird in two spellings is one group', () => {
  const root = plant(
    audio('AdultVocalizations/WhiBlu5396_110302-DC-01.wav', 'AdultVocalizations/Whiblu5396_110303-DC-02.wav'),
  );
  assert.equal(new Set(Object.values(groups(build('zebra-finch-repertoire', root)))).size, 1);
});

test('IRMAS: a recording without its annotation, or with an empty one, is named and left out', () => {
  const part = 'IRMAS-TestingData-Part1/Part1/';
  const root = plant({
    ...audio(
      `${part}01 - Sting-1.wav`,
      `${part}02 - Song-1.wav`,
      `${part}03 - Air-1.wav`,
      `${part}03 - Air-1.txt`,
    ),
    [`${part}02 - Song-1.txt`]: '\ufeffvoi\t\r\n',
  });
  const built = build('irmas', root);
  assert.deepEqual(
    built.rows.map((row) => [row.path, row.label]),
    [[`${part}02 - Song-1.wav`, 'music: vocal']],
  );
  assert.deepEqual(built.undescribed, [`${part}01 - Sting-1.wav`, `${part}03 - Air-1.wav`]);
});

const line = (...cells: string[]): string => `${cells.map((cell) => `"${cell}"`).join(',')}\n`;

test('ISMIR04: two artists with one title, a header line, apostrophes, a path that is not in the list', () => {
  const folder = 'audio/evaluation/classical';
  const root = plant({
    ...audio(
      `${folder}/edward_martin/milan/6-fantasia_6.mp3`,
      `${folder}/jacob_heringman/milan/6-fantasia_6.mp3`,
      `${folder}/paul_beier/libro_d_intavolatura/1-toccata.mp3`,
      `${folder}/moved/2-corrente_(arr._r.mp3`,
    ),
    'metadata/evaluation/tracklist.csv':
      line('class', 'artist', 'album', 'track', 'tracknumber', 'file') +
      line('classical', 'edward_martin', 'x', 'y', '6', 'classical/edward_martin/milan/6-fantasia_6.mp3') +
      line(
        'classical',
        'jacob_heringman',
        'x',
        'y',
        '6',
        'classical/jacob_heringman/milan/6-fantasia_6.mp3',
      ) +
      line(
        'classical',
        'paul_beier',
        'x',
        'y',
        '1',
        "classical/paul_beier/libro_d'intavolatura/1-toccata.mp3",
      ) +
      line('classical', 'doc_rossi ', 'x', 'y', '2', 'classical\\\\doc_rossi\\\\2-corrente_(arr._r.mp3'),
  });
  const built = build('ismir04', root);
  assert.deepEqual(Object.values(groups(built)), [
    'edward_martin',
    'jacob_heringman',
    'doc_rossi',
    'paul_beier',
  ]);
  assert.deepEqual(built.missing, []);
  assert.doesNotMatch(built.warnings.join('\n'), /two groups/);
});

test('a linked folder is entered; a copy through a link counts once', () => {
  const real = plant(audio('0_jackson_0.wav', '1_jackson_7.wav'));
  const root = plant(audio('README.md'));
  fs.symlinkSync(real, path.join(root, 'recordings'));
  assert.equal(build('free-spoken-digit', root).rows.length, 2);
  fs.mkdirSync(path.join(root, 'store'));
  fs.copyFileSync(path.join(real, '0_jackson_0.wav'), path.join(root, 'store', '0_theo_0.wav'));
  fs.symlinkSync('store', path.join(root, 'again'));
  const built = build('free-spoken-digit', root);
  assert.deepEqual([built.rows.length, built.unexplained], [3, []]);
});

test('a layout that wants the name of a link gets it', () => {
  const root = plant(audio('disk7/A11_000.wav'));
  fs.symlinkSync('disk7', path.join(root, 'data'));
  const built = build('thchs-30', root);
  assert.deepEqual([built.rows.map((row) => row.path), built.unexplained], [['data/A11_000.wav'], []]);
});

test('VoxCeleb: groups are videos of a speaker, in both conversions', () => {
  const inner = ['id10001/1zcIwhmdeo4/00001', 'id10002/1zcIwhmdeo4/00001'];
  const first = build('voxceleb1', plant(audio(...inner.map((name) => `wav/${name}.wav`))));
  assert.deepEqual(Object.values(groups(first)), ['id10001/1zcIwhmdeo4', 'id10002/1zcIwhmdeo4']);
  for (const [folder, ending] of [
    ['dev/aac', 'm4a'],
    ['wav', 'wav'],
  ] as const)
    assert.equal(
      build('voxceleb2', plant(audio(...inner.map((name) => `${folder}/${name}.${ending}`)))).rows.length,
      2,
    );
});

test('copies from macOS and Windows: ._ files, decomposed names, backslashes, BOM, CRLF, spaces in fields', () => {
  const table =
    'filename,fold,target,category,esc10,src_file,take\r\n1-1-A-0.wav ,1,0, dog,True,1 ,A\r\n"2-2-A-0.WAV",2,0,dog,True,2,A\r\n';
  const root = plant({
    ...audio('ESC-50-master/audio/._1-1-A-0.wav', '__MACOSX/ESC-50-master/audio/._1-1-A-0.wav'),
    ...audio('ESC-50-master\\audio\\1-1-A-0.wav', 'ESC-50-master/audio/2-2-A-0.wav'),
    'ESC-50-master/meta/esc50.csv': `\ufeff${table}`,
  });
  const built = build('esc-50', root);
  assert.deepEqual(
    built.rows.map(({ path: own, label, group }) => [own, label, group]),
    [
      ['ESC-50-master\\audio\\1-1-A-0.wav', 'dog', '1'],
      ['ESC-50-master/audio/2-2-A-0.wav', 'dog', '2'],
    ],
  );
  assert.deepEqual([built.unexplained, built.missing], [[], []]);
  const garland = plant({
    ...audio('Sa\u0303o Paulo.mp3'),
    'metaData_GarlandEncyclopedia.csv': 'filename,VoiOrNot\nS\u00e3o Paulo,0\n',
  });
  assert.deepEqual(groups(build('garland', garland)), { 'Sa\u0303o Paulo.mp3': 'S\u00e3o Paulo' });
});

test('Common Voice: paths without an ending, converted clips, quotation marks, a torn line, tables joined', () => {
  const header = 'client_id\tpath\tsentence\n';
  const root = plant({
    ...audio(...['a.mp3', 'b.wav', 'c.mp3', 'd.mp3'].map((name) => `cv/vi/clips/${name}`)),
    'cv/vi/validated.tsv':
      `\ufeff${header}c1\ta\t"Ăn nữa đi con\nc2\tb.mp3\tx "y" z\nc3\ttorn\n` +
      `${header}c4\tc.mp3\t"\nc5\td.mp3\tlast line without its end`,
  });
  const built = build('mozilla-common-voice', root);
  assert.deepEqual(Object.values(groups(built)), ['c1', 'c2', 'c4', 'c5']);
  assert.match(
    built.warnings.join('\n'),
    /1 line of its tables left out: .*line 4 cannot be read: it has 2 cells/,
  );
});

test('a quoted tab-separated table is unquoted; a fault of quoting is named by its line', () => {
  const tsv = (...lines: string[]): string => lines.map((text) => `${text}\n`).join('');
  const files = audio('00/1.mp3', '00/2.mp3', '00/3.mp3');
  const jamendo = plant({
    ...files,
    'raw_30s.tsv': tsv(
      '"TRACK_ID"\t"ARTIST_ID"\t"PATH"',
      '"t1"\t"a ""x"""\t"00/1.mp3"',
      '"t2\t"b"\t"00/2.mp3"',
    ),
  });
  const built = build('mtg-jamendo', jamendo);
  assert.deepEqual(groups(built), { '00/1.mp3': 'a "x"' });
  assert.match(built.warnings.join('\n'), /line 3 cannot be read: the quotation marks of "t2 do not match/);
  const fma = plant({
    ...audio('000/000001.mp3', '000/000002.mp3', '000/000003.mp3'),
    'fma_metadata/tracks.csv': ',artist\n,name\ntrack_id,\n1,"Ann"\n2,"Bob" Jr\n3,Cid\n',
  });
  const tracks = build('fma-large', fma);
  assert.deepEqual(groups(tracks), { '000/000001.mp3': 'Ann', '000/000003.mp3': 'Cid' });
  assert.match(tracks.warnings.join('\n'), /line 5 cannot be read: text follows the closing quotation mark/);
});

test('a recording that the table gives no group is named, not written without one', () => {
  const jamendo = plant({
    ...audio('00/1.mp3', '00/2.mp3'),
    'raw_30s.tsv': 'ARTIST_ID\tPATH\na1\t00/1.mp3\n \t00/2.mp3\n',
  });
  const built = build('mtg-jamendo', jamendo);
  assert.deepEqual([groups(built), built.undescribed], [{ '00/1.mp3': 'a1' }, ['00/2.mp3']]);
});

test('a recording that a table lists twice becomes one line', () => {
  const table =
    'filename,fold,target,category,esc10,src_file,take\na.wav,1,0,dog,True,1,A\na.wav,1,0,dog,True,1,A\n';
  const root = plant({ ...audio('audio/a.wav'), 'meta/esc50.csv': table });
  assert.equal(build('esc-50', root).rows.length, 1);
});
