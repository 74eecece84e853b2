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
import { sha256 } from 'stm-lab/dist/base/files';

const descriptions = path.join(__dirname, '../../data-manifests');

/** Files of a tiny tree (text for tables), and the label, group and language expected for each recording. */
interface Tree {
  readonly files: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly [label: string, group: string, language: string]>>;
  readonly unexplained?: readonly string[];
}

const audio = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, '']));

const TREES: Readonly<Record<string, Tree>> = {
  buckeye: {
    files: audio('s01/s0101a.wav', 's40/s4003b.wav', 's01/s0101a.words'),
    rows: {
      's01/s0101a.wav': ['speech: non-tonal', 's01', 'English'],
      's40/s4003b.wav': ['speech: non-tonal', 's40', 'English'],
    },
  },
  librispeech: {
    files: audio(
      'LibriSpeech/train-clean-100/19/198/19-198-0000.flac',
      'LibriSpeech/dev-other/116/288045/116-288045-0012.flac',
      'LibriSpeech/dev-other/116/288045/117-288045-0012.flac',
      'LibriSpeech/train-clean-100/19/198/19-198.trans.txt',
    ),
    rows: {
      'LibriSpeech/dev-other/116/288045/116-288045-0012.flac': ['speech: non-tonal', '116', 'English'],
      'LibriSpeech/train-clean-100/19/198/19-198-0000.flac': ['speech: non-tonal', '19', 'English'],
    },
    unexplained: ['LibriSpeech/dev-other/116/288045/117-288045-0012.flac'],
  },
  mediaspeech: {
    files: audio('FR/3e2fa8.flac', 'FR/3e2fa8.txt', 'TR/77.flac'),
    rows: {
      'FR/3e2fa8.flac': ['speech: non-tonal', 'FR/3e2fa8', ''],
      'TR/77.flac': ['speech: non-tonal', 'TR/77', ''],
    },
  },
  'mozilla-common-voice': {
    files: {
      ...audio('cv/th/clips/a.mp3', 'cv/de/clips/b.mp3', 'cv/de/clips/unvalidated.mp3'),
      'cv/th/validated.tsv': 'client_id\tpath\tsentence\nc1\ta.mp3\tsays "hm\nc1\tgone.mp3\tx\n',
      'cv/de/validated.tsv': 'client_id\tpath\tsentence\nc2\tb.mp3\ty\n',
    },
    rows: {
      'cv/de/clips/b.mp3': ['speech: non-tonal', 'c2', 'de'],
      'cv/th/clips/a.mp3': ['speech: tonal', 'c1', 'th'],
    },
    unexplained: ['cv/de/clips/unvalidated.mp3'],
  },
  'thchs-30': {
    files: audio(
      'data_thchs30/data/A11_000.wav',
      'data_thchs30/data/D6_751.wav',
      'data_thchs30/data/A11_000.wav.trn',
    ),
    rows: {
      'data_thchs30/data/A11_000.wav': ['speech: tonal', 'A11', 'Mandarin-China'],
      'data_thchs30/data/D6_751.wav': ['speech: tonal', 'D6', 'Mandarin-China'],
    },
  },
  timit: {
    files: audio(
      'TIMIT/TRAIN/DR1/FCJF0/SA1.WAV',
      'TIMIT/TEST/DR8/MPAM0/SX19.WAV',
      'TIMIT/TEST/DR8/MPAM0/SX19.PHN',
    ),
    rows: {
      'TIMIT/TEST/DR8/MPAM0/SX19.WAV': ['speech: non-tonal', 'MPAM0', 'English'],
      'TIMIT/TRAIN/DR1/FCJF0/SA1.WAV': ['speech: non-tonal', 'FCJF0', 'English'],
    },
  },
  'tts-javanese': {
    files: audio('jv_id_female/wavs/jvf_00264_00012345678.wav', 'jv_id_male/wavs/jvm_01519_9.wav'),
    rows: {
      'jv_id_female/wavs/jvf_00264_00012345678.wav': ['speech: non-tonal', 'jvf_00264', 'Javanese'],
      'jv_id_male/wavs/jvm_01519_9.wav': ['speech: non-tonal', 'jvm_01519', 'Javanese'],
    },
  },
  'zeroth-korean': {
    files: audio('train_data_01/003/106/106_003_0001.flac', 'test_data_01/003/104/104_003_0019.flac'),
    rows: {
      'test_data_01/003/104/104_003_0019.flac': ['speech: non-tonal', '104', 'Korean'],
      'train_data_01/003/106/106_003_0001.flac': ['speech: non-tonal', '106', 'Korean'],
    },
  },
  'magnatagatune-tags': {
    files: audio('f/american_baroque-dances-01-allemande-0-29.mp3', '0/jag-four_of_a_kind-03-talk-30-59.mp3'),
    rows: {
      '0/jag-four_of_a_kind-03-talk-30-59.mp3': ['music', 'jag', ''],
      'f/american_baroque-dances-01-allemande-0-29.mp3': ['music', 'american_baroque', ''],
    },
  },
  'speech-commands-v2': {
    files: audio(
      'yes/0a7c2a8d_nohash_0.wav',
      'no/0a7c2a8d_nohash_1.wav',
      '_background_noise_/pink_noise.wav',
    ),
    rows: {
      'no/0a7c2a8d_nohash_1.wav': ['no', '0a7c2a8d', 'English'],
      'yes/0a7c2a8d_nohash_0.wav': ['yes', '0a7c2a8d', 'English'],
    },
    unexplained: ['_background_noise_/pink_noise.wav'],
  },
  ami: {
    files: audio(
      'amicorpus/ES2002a/audio/ES2002a.Mix-Headset.wav',
      'amicorpus/ES2002b/audio/ES2002b.Mix-Headset.wav',
    ),
    rows: {
      'amicorpus/ES2002a/audio/ES2002a.Mix-Headset.wav': ['speech', 'ES2002', 'English'],
      'amicorpus/ES2002b/audio/ES2002b.Mix-Headset.wav': ['speech', 'ES2002', 'English'],
    },
  },
  voxceleb1: {
    files: audio('dev/wav/id10001/1zcIwhmdeo4/00001.wav', 'test/wav/id10270/x6uYqmx31kE/00002.wav'),
    rows: {
      'dev/wav/id10001/1zcIwhmdeo4/00001.wav': ['id10001', 'id10001/1zcIwhmdeo4', ''],
      'test/wav/id10270/x6uYqmx31kE/00002.wav': ['id10270', 'id10270/x6uYqmx31kE', ''],
    },
  },
  voxceleb2: {
    files: audio('dev/aac/id00012/2DLq_Kkc1r8/00016.m4a'),
    rows: { 'dev/aac/id00012/2DLq_Kkc1r8/00016.m4a': ['id00012', 'id00012/2DLq_Kkc1r8', ''] },
  },
  'esc-50': {
    files: {
      ...audio('ESC-50-master/audio/1-100032-A-0.wav', 'ESC-50-master/audio/1-17367-A-10.wav'),
      'ESC-50-master/meta/esc50.csv':
        'filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n1-17367-A-10.wav,1,10,rain,True,17367,A\n',
    },
    rows: {
      'ESC-50-master/audio/1-100032-A-0.wav': ['dog', '100032', ''],
      'ESC-50-master/audio/1-17367-A-10.wav': ['rain', '17367', ''],
    },
  },
  'free-spoken-digit': {
    files: audio('recordings/0_george_0.wav', 'recordings/9_theo_49.wav'),
    rows: {
      'recordings/0_george_0.wav': ['digit 0', 'george', 'English'],
      'recordings/9_theo_49.wav': ['digit 9', 'theo', 'English'],
    },
  },
};

function plant(files: Readonly<Record<string, string>>): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-tree-'));
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  }
  return root;
}

test('every described layout has a tree here', () => {
  const described = listCorpora(descriptions).filter(
    (id) => readCorpusDescription(descriptions, id).layout !== null,
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
    assert.deepEqual(built.missing, id === 'mozilla-common-voice' ? ['cv/th/clips/gone.mp3'] : []);
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
  const garland = readCorpusDescription(descriptions, 'garland');
  assert.throws(() => buildManifest(garland, os.tmpdir()), /folder tree is not described/);
  const warned = buildManifest(timit, plant(TREES['timit']!.files)).warnings;
  assert.match(warned.join(), /2 recordings found, 6300 are published/);
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
