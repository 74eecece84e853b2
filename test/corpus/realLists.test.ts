import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  buildManifest,
  readCorpusDescription,
  type BuildOptions,
  type BuiltManifest,
} from 'stm-lab/dist/corpus';
import { readCsv, type CsvRow } from 'stm-lab/dist/base/csv';
import { sharedFolder } from '../features/shared';
import { stmLab } from '../pipeline/support';
import { plant } from './plant';

// Every layout is built from the real list of its corpus: the files by name only, in a folder that holds its tables.
const collections = sharedFolder('collections');
const skip =
  collections === undefined ? 'the real lists (../shared/collections or STM_SHARED) are absent' : false;
const descriptions = path.join(__dirname, '../../data-manifests');

const textOf = (...parts: string[]): string =>
  gunzipSync(fs.readFileSync(path.join(collections!, ...parts))).toString('utf8');
const linesOf = (...parts: string[]): string[] =>
  textOf(...parts)
    .split('\n')
    .filter((line) => line !== '');

/** Records of a gzipped CSV table. */
function recordsOf(...parts: string[]): CsvRow[] {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'stm-list-')), 'table.csv');
  fs.writeFileSync(file, textOf(...parts));
  return readCsv(file).rows;
}

/** The paper's table of a corpus; its paths are those of the authors' disk. */
const paperTable = (name: string): CsvRow[] => recordsOf('paper-metaTables', `metaData_${name}.csv.gz`);
const paths = (rows: readonly CsvRow[]): string[] => rows.map((row) => row['filepath']!);

interface Built extends BuiltManifest {
  readonly groups: number;
  readonly labels: Readonly<Record<string, number>>;
}

function build(
  id: string,
  files: readonly string[],
  tables: Readonly<Record<string, string>> = {},
  options: BuildOptions = {},
): Built {
  const built = buildManifest(readCorpusDescription(descriptions, id), plant(tables), {
    ...options,
    files: [...files, ...Object.keys(tables)],
  });
  const labels: Record<string, number> = {};
  for (const { label } of built.rows) labels[label] = (labels[label] ?? 0) + 1;
  return { ...built, groups: new Set(built.rows.map(({ group }) => group)).size, labels };
}

/** A corpus whose list must give so many recordings in this many groups, without a warning or a file left over. */
function whole(title: string, recordings: number, groups: number, make: () => Built): void {
  test(`${title}: ${recordings} recordings, ${groups} groups`, { skip }, () => {
    const built = make();
    assert.deepEqual([built.rows.length, built.groups], [recordings, groups]);
    assert.deepEqual(
      [built.warnings, built.missing, built.unexplained, built.undescribed, built.excluded],
      [[], [], [], [], []],
    );
  });
}

whole('Albouy', 123, 1, () => build('albouy2020', paths(paperTable('Albouy2020Science'))));
whole('Buckeye', 255, 40, () => build('buckeye', paths(paperTable('Buckeye'))));
whole('EUROM1', 6623, 436, () => build('eurom1', paths(paperTable('EUROM'))));
whole('MediaSpeech', 10022, 10022, () =>
  build(
    'mediaspeech',
    ['AR', 'ES', 'FR', 'TR'].flatMap((language) => paths(paperTable(`MediaSpeech-${language}`))),
  ),
);
whole('RoomReader', 146, 118, () => build('roomreader', paths(paperTable('room_reader'))));
whole('TAT-Vol2', 793, 4, () => build('tat-vol2', paths(paperTable('TAT-Vol2'))));
whole('TTS-Javanese', 3068, 39, () => build('tts-javanese', paths(paperTable('TTS_Javanese'))));
whole('NHS2', 1007, 1007, () => {
  const rows = paperTable('NHS2');
  const table = rows.map((row) => `${row['filename']!},"${row['LangOrInstru']!}"`).join('\n');
  return build('nhs2', paths(rows), { 'NHS2-metadata.csv': `song,glottocode\n${table}\n` });
});
whole('VoxCeleb1', 153516, 22496, () => {
  const names = ['vox1_dev_duration', 'vox1_tst_duration'].flatMap((list) =>
    linesOf('voxceleb', `${list}.txt.gz`),
  );
  const built = build(
    'voxceleb1',
    names.map((line) => `wav/${line.split(' ')[0]!}.wav`),
  );
  assert.equal(Object.keys(built.labels).length, 1251);
  return built;
});

test('Garland: 210 tracks with a voice, 86 without; four begin after 10 s', { skip }, () => {
  const table = textOf('paper-metaTables', 'metaData_GarlandEncyclopedia.csv.gz');
  const rows = paperTable('GarlandEncyclopedia');
  const built = build('garland', paths(rows), { 'metaData_GarlandEncyclopedia.csv': table });
  assert.deepEqual([built.rows.length, built.groups, built.warnings], [296, 296, []]);
  assert.deepEqual(built.labels, { 'music: vocal': 210, 'music: non-vocal': 86 });
  const late = built.rows
    .filter(({ startSeconds }) => startSeconds === 10)
    .map((row) => path.parse(row.path).name);
  const published = rows.filter((row) => row['startPoint'] === '441001').map((row) => row['filename']!);
  assert.deepEqual(late.sort(), published.sort());
  assert.equal(late.length, 4);
});

test('BibleTTS: Lingala and Yoruba; groups are languages, in the paper books', { skip }, () => {
  const files = ['lingala', 'yoruba'].flatMap((language) => paths(paperTable(`BibleTTS-${language}`)));
  const built = build('bibletts', files);
  assert.deepEqual(built.labels, { 'speech: non-tonal': 11219, 'speech: tonal': 6629 });
  assert.equal(built.groups, 2);
  assert.equal(build('bibletts', files, {}, { rules: 'published' }).groups, 66);
  assert.deepEqual(built.unexplained, []);
});

test('Clarity: 555 recordings of 40 speakers, in the paper 5 groups', { skip }, () => {
  const files = paths(paperTable('SpeechClarity'));
  const [corrected, published] = (['corrected', 'published'] as const).map((rules) =>
    build('clarity-speech', files, {}, { rules }),
  );
  assert.deepEqual([corrected!.rows.length, corrected!.groups, published!.groups], [555, 40, 5]);
  assert.deepEqual([corrected!.warnings, published!.warnings], [[], []]);
});

test('TIMIT and THCHS-30: what the paper has of them; the rest is warned of', { skip }, () => {
  const timit = build('timit', paths(paperTable('TIMIT')));
  assert.deepEqual([timit.rows.length, timit.groups, timit.unexplained], [479, 321, []]);
  assert.match(timit.warnings.join('\n'), /479 recordings found, 6300 are published/);
  const thchs = build('thchs-30', paths(paperTable('thchs30')));
  assert.deepEqual([thchs.rows.length, thchs.groups, thchs.unexplained], [13327, 60, []]);
  assert.match(thchs.warnings.join('\n'), /13327 recordings found, 13388 are published/);
});

test('HiltonMoser: the letter decides what is sung, also in .WAV', { skip }, () => {
  // The paper's folders hold twelve files in both parts, under one name.
  const names = ['song', 'speech'].flatMap((part) => paths(paperTable(`HiltonMoser2022_${part}`)));
  const files = [...new Set(names.map((name) => `IDS-corpus-raw/${path.basename(name)}`))];
  assert.equal(files.filter((name) => name.endsWith('.WAV')).length, 12);
  const song = build('hiltonmoser2022-song', files);
  const speech = build('hiltonmoser2022-speech', files);
  assert.deepEqual([song.rows.length, song.groups], [795, 404]);
  assert.deepEqual([speech.rows.length, speech.groups], [781, 404]);
  assert.deepEqual([song.unexplained.length, speech.unexplained.length], [781, 795]);
  assert.deepEqual(song.labels, { 'music: vocal': 795 });
});

test(
  'ISMIR04: by the path in the list; the one track without an artist is left out and named',
  { skip },
  () => {
    const rows = paperTable('ismir04_genre');
    const tables: Record<string, string> = {};
    for (const row of rows) {
      const [, part, inner] = /audio\/(\w+)\/(.*)$/.exec(row['filepath']!)!;
      const list = `metadata/${part!}/tracklist.csv`;
      const cells = ['x', row['speaker/artist']!, 'album', 'track', '1', inner!, '7'];
      tables[list] =
        `${tables[list] ?? ''}${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
    }
    const built = build('ismir04', paths(rows), tables);
    assert.deepEqual([built.rows.length, built.groups], [2184, 256]);
    assert.deepEqual(
      built.undescribed.map((file) => path.basename(file)),
      ['05-kruhovy_objazd.mp3'],
    );
    assert.deepEqual([built.missing, built.unexplained], [[], []]);
    assert.doesNotMatch(built.warnings.join('\n'), /two groups/);
  },
);

test('IRMAS: 2,874 testing clips by their annotations, 6,660 training clips in one line', { skip }, () => {
  const { tracks } = JSON.parse(textOf('irmas', 'index.json.gz')) as {
    tracks: Record<string, { audio: [string, string]; annotation: [string, string] }>;
  };
  // The authors' disk spells some names otherwise (Don_t, tr_s).
  const letters = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '');
  const instruments = new Map(
    paperTable('IRMAS').map((row) => [letters(row['filepath']!.replace('data/musicCorp/IRMAS/', '')), row]),
  );
  const files: Record<string, string> = {};
  for (const { audio, annotation } of Object.values(tracks)) {
    files[audio[0]] = '';
    // The paper leaves out 36 clips; what their annotations say is not in its table.
    const known = instruments.get(letters(audio[0]))?.['LangOrInstru'] ?? 'pia';
    if (annotation[0] !== audio[0]) files[annotation[0]] = `${known.split('-').join('\t\r\n')}\t\r\n`;
  }
  const root = plant(files);
  const built = buildManifest(readCorpusDescription(descriptions, 'irmas'), root);
  assert.deepEqual([built.rows.length, new Set(built.rows.map(({ group }) => group)).size], [2874, 208]);
  assert.deepEqual([built.unexplained.length, built.missing, built.warnings], [6660, [], []]);
  const vocal = new Set(
    built.rows.filter(({ label }) => label === 'music: vocal').map((row) => letters(row.path)),
  );
  const published = [...instruments].filter(([, row]) => Number(row['VoiOrNot']) === 1).map(([file]) => file);
  assert.equal(vocal.size, 1032);
  assert.ok(published.every((file) => vocal.has(file)));
  const list = path.join(root, 'left-out.csv');
  const { code, out, err } = stmLab(
    ...['manifest', 'build', '--corpus', 'irmas', '--root', root, '--left-out', list],
  );
  assert.equal(code, 0, err);
  assert.match(out, /2874 recordings, 208 groups/);
  assert.match(err, /6,660 recordings not part of the corpus's layout, left out: .*, .* and 6,657 more/);
  assert.equal(err.trim().split('\n').length, 1);
  assert.equal(readCsv(list).rows.length, 6660);
});

/** SONYC-UST's table from the coarse tags of all annotators, with how near music and voices were. */
function sonycTable(proximity: (row: CsvRow, named: boolean) => string): string {
  const rows = recordsOf('sonyc', 'v2-coarse-tags-all-annotators.csv.gz');
  const tags = ['6_music_presence', '7_human-voice_presence'];
  return [
    `split,sensor_id,audio_filename,annotator_id,${tags.join(',')},7-1_talking_proximity`,
    ...rows.map((row) => {
      const named = tags.some((tag) => row[tag] === '1');
      const own = [row[tags[0]!], row[tags[1]!], proximity(row, named)];
      return ['train', row['audio_filename']!.slice(0, 2), row['audio_filename'], '1', ...own].join(',');
    }),
  ].join('\n');
}

test('SONYC: music and voices are left out through presence and proximity', { skip }, () => {
  const names = recordsOf('sonyc', 'v2-coarse-tags-all-annotators.csv.gz').map(
    (row) => row['audio_filename']!,
  );
  const files = [...new Set(names)].map((name) => `audio/${name}`);
  assert.equal(files.length, 18510);
  const all = build('sonyc-ust-v2', files, { 'annotations.csv': sonycTable(() => '-1') });
  assert.deepEqual([all.rows.length, all.groups, all.warnings], [18510, 56, []]);
  const presence = build('sonyc', files, { 'annotations.csv': sonycTable(() => '-1') });
  assert.equal(presence.rows.length, 12932);
  const near = build('sonyc', files, {
    'annotations.csv': sonycTable((_, named) => (named ? 'near' : '-1')),
  });
  assert.equal(near.rows.length, 10533);
  // Those of the paper were named by nobody, or with a proximity of "notsure".
  const rows = paperTable('SONYC');
  const paper = new Set(paths(rows).map((file) => path.basename(file)));
  assert.ok(near.rows.every((row) => paper.has(path.basename(row.path))));
  const table = sonycTable(({ audio_filename: name }, named) =>
    !named ? '-1' : paper.has(name!) ? 'notsure' : 'near',
  );
  const built = build('sonyc', files, { 'annotations.csv': table });
  assert.deepEqual([built.rows.length, built.groups, built.warnings], [10798, 54, []]);
  assert.equal(built.excluded.length, 18510 - 10798);
});

test('Common Voice: Polish and Vietnamese, clips that are not validated counted', { skip }, () => {
  const tables = Object.fromEntries(
    ['pl', 'vi'].map((code) => [
      `cv/${code}/validated.tsv`,
      textOf('common-voice', `${code}-validated.tsv.gz`),
    ]),
  );
  const clips = Object.entries(tables).flatMap(([file, text]) =>
    text
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => `${path.dirname(file)}/clips/${line.split('\t')[1]!}`),
  );
  const built = build('mozilla-common-voice', [...clips, 'cv/vi/clips/other.mp3'], tables);
  assert.deepEqual(built.labels, { 'speech: non-tonal': 711, 'speech: tonal': 4543 });
  assert.deepEqual([built.groups, built.missing, built.unexplained], [148, [], ['cv/vi/clips/other.mp3']]);
  // The copies of most users are converted; the table continues naming .mp3.
  const converted = clips.map((clip) => clip.replace('.mp3', '.wav'));
  assert.equal(build('mozilla-common-voice', converted, tables).rows.length, 5254);
});

test('LibriSpeech: three parts of seven', { skip }, () => {
  const rows = ['dev-clean', 'test-clean', 'train-clean-100'].flatMap((part) =>
    recordsOf('librispeech', `${part}.csv.gz`),
  );
  const built = build(
    'librispeech',
    rows.map((row) => `LibriSpeech/${row['origin_path']!}`),
  );
  assert.deepEqual([built.rows.length, built.groups, built.unexplained], [32484, 331, []]);
  assert.equal(built.rows.filter(({ columns }) => columns['part'] === 'validation').length, 2303);
});

test('Speech Commands: the official parts, which share no speaker', { skip }, () => {
  const list = (name: string): string[] => linesOf('speech-commands', `${name}_list.txt.gz`);
  const parts = (version: string): Record<string, string> => ({
    'validation_list.txt': list(`${version}-validation`).join('\n'),
    'testing_list.txt': list(`${version}-testing`).join('\r\n'),
  });
  const files = ['train', 'validation', 'testing'].flatMap((part) => list(`v0.01-${part}`));
  const first = build('speech-commands-v2', files, parts('v0.01'));
  const counts: Record<string, number> = {};
  for (const { columns } of first.rows) counts[columns['part']!] = (counts[columns['part']!] ?? 0) + 1;
  assert.deepEqual([first.rows.length, Object.keys(first.labels).length], [64721, 30]);
  assert.deepEqual(counts, { train: 51088, validation: 6798, test: 6835 });
  const second = build(
    'speech-commands-v2',
    [...list('v0.02-validation'), ...list('v0.02-testing')],
    parts('v0.02'),
  );
  assert.deepEqual([second.rows.length, Object.keys(second.labels).length], [9981 + 11005, 35]);
  assert.doesNotMatch([...first.warnings, ...second.warnings].join('\n'), /more than one official part/);
});

test('AMI: 170 of 171 meetings, EN2001e with its series', { skip }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-ami-'));
  execFileSync('tar', ['xzf', path.join(collections!, 'ami', 'ami-lists-rttm-uem.tgz'), '-C', folder]);
  const meetings = ['train', 'dev', 'test'].flatMap((part) =>
    fs
      .readFileSync(path.join(folder, 'lists', `${part}.meetings.txt`), 'utf8')
      .split(/\r?\n/)
      .filter((line) => line !== ''),
  );
  const built = build(
    'ami',
    meetings.map((meeting) => `amicorpus/${meeting}/audio/${meeting}.Mix-Headset.wav`),
  );
  assert.deepEqual([built.rows.length, built.unexplained], [170, []]);
  const series = built.rows.filter(({ group }) => group === 'EN2001').map((row) => row.path.slice(10, 17));
  assert.deepEqual(series, ['EN2001a', 'EN2001b', 'EN2001d', 'EN2001e']);
});

test('ESC-50: 2,000 clips of 1,524 originals, 4 of them in two folds', { skip }, (t) => {
  const table = sharedFolder('cases/loaders/folder-instead-of-manifest/tree/ESC-50-master/meta/esc50.csv');
  if (table === undefined) return t.skip('the table of ESC-50 (../shared/cases) is absent');
  const text = fs.readFileSync(table, 'utf8');
  const files = readCsv(table).rows.map((row) => `ESC-50-master/audio/${row['filename']!}`);
  const built = build('esc-50', files, { 'ESC-50-master/meta/esc50.csv': text });
  assert.deepEqual([built.rows.length, built.groups, Object.keys(built.labels).length], [2000, 1524, 50]);
  assert.deepEqual(built.warnings.length, 1);
  assert.match(built.warnings[0]!, /4 of 1524 groups lie in more than one official fold.*131943, 134049/);
});
