import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { planCorpus, type Resample } from 'demo-corpus';
import { designResampler, readAudio, resample } from 'stm-lab/dist/audio';
import { readCsv, type CsvRow } from 'stm-lab/dist/base/csv';
import { readJson, sha256File } from 'research-basics/files';
import { generateDemoCorpus } from 'stm-lab/dist/corpus/demo';
import { checkExcerpt, EXCERPT_SECONDS } from 'stm-lab/dist/features/excerpts';
import { loadEspeak } from '../../lib/demo-corpus/dist/espeak';

const LABELS = [
  'speech: non-tonal',
  'speech: tonal',
  'music: vocal',
  'music: non-vocal',
  'env: urban',
  'env: wildlife',
];
/** Short and few, so that the suite stays quick; every code path of the full corpus runs. */
const SMALL = { recordings: 3, minSeconds: 4, maxSeconds: 5 };

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-demo-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const toRate: Resample = (samples, from, to) => resample(samples, designResampler(from, to));

/** Relative path to hash, of every file in a folder. */
function hashes(folder: string): Record<string, string> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => fs.statSync(path.join(folder, name)).isFile()).sort();
  return Object.fromEntries(files.map((name) => [name, sha256File(path.join(folder, name))]));
}

/** Share of the energy at `low` .. `high` Hz in the modulation of the envelope from 0.5 to 25 Hz. */
function modulationShare(samples: Float32Array, sampleRate: number, low: number, high: number): number {
  const block = Math.round(sampleRate / 100);
  const envelope = Array.from({ length: Math.floor(samples.length / block) }, (_, k) => {
    let sum = 0;
    for (let i = k * block; i < (k + 1) * block; i++) sum += samples[i]! * samples[i]!;
    return Math.sqrt(sum / block);
  });
  const mean = envelope.reduce((sum, value) => sum + value, 0) / envelope.length;
  let inside = 0;
  let all = 0;
  for (let hz = 0.5; hz <= 25; hz += 0.1) {
    let re = 0;
    let im = 0;
    envelope.forEach((value, k) => {
      re += (value - mean) * Math.cos((2 * Math.PI * hz * k) / 100);
      im += (value - mean) * Math.sin((2 * Math.PI * hz * k) / 100);
    });
    all += re * re + im * im;
    if (hz >= low && hz <= high) inside += re * re + im * im;
  }
  return inside / all;
}

describe('the small demo corpus', () => {
  const folder = path.join(scratch, 'small');
  let rows: CsvRow[] = [];
  before(async () => {
    const seen: string[] = [];
    const corpus = await generateDemoCorpus({ folder, ...SMALL, onProgress: ({ path }) => seen.push(path) });
    assert.equal(corpus.recordings, 18);
    assert.equal(corpus.made, 18);
    assert.equal(new Set(seen).size, 18);
    rows = readCsv(corpus.manifest).rows;
  });

  test('has the columns and labels of the reference manifest, and one row a file', () => {
    assert.deepEqual(readCsv(path.join(folder, 'manifest.csv')).columns, [
      'path',
      'label',
      'group',
      'language_or_genre',
      'duration_s',
      'sample_rate',
      'channels',
      'source_repo',
      'source_path',
      'licence',
    ]);
    for (const label of LABELS) assert.equal(rows.filter((row) => row.label === label).length, 3, label);
    for (const row of rows) assert.equal(row.licence, 'synthetic (stm-lab demo corpus)');
  });

  test('holds sound: right length and rate, no clipping, no DC, no two alike', async () => {
    for (const row of rows) {
      const { samples, sampleRate } = await readAudio(path.join(folder, row.path!));
      assert.equal(sampleRate, Number(row.sample_rate), row.path);
      assert.ok(Math.abs(samples.length / sampleRate - Number(row.duration_s)) < 0.01, row.path);
      let sum = 0;
      let power = 0;
      let peak = 0;
      for (const x of samples) {
        sum += x;
        power += x * x;
        peak = Math.max(peak, Math.abs(x));
      }
      const level = Math.sqrt(power / samples.length);
      assert.ok(level > 0.02 && level < 0.2, `${row.path}: RMS ${level}`);
      assert.ok(peak < 0.97, `${row.path}: peak ${peak}`);
      assert.ok(Math.abs(sum / samples.length) < 0.02 * level, `${row.path}: DC ${sum / samples.length}`);
    }
    const record = readJson<{ files: { sha256: string }[] }>(path.join(folder, 'corpus.json'));
    assert.equal(new Set(record.files.map((file) => file.sha256)).size, 18);
  });

  test('is the same to the last byte in another process', () => {
    const other = path.join(scratch, 'other');
    const script =
      `require('stm-lab/dist/corpus/demo').generateDemoCorpus(` +
      `${JSON.stringify({ folder: other, ...SMALL })}).catch((error) => { console.error(error); process.exit(1); })`;
    execFileSync(process.execPath, ['-e', script], {
      cwd: __dirname,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    assert.deepEqual(hashes(other), hashes(folder));
  });

  test('keeps finished files, makes missing ones again and repairs damaged ones', async () => {
    const undisturbed = hashes(folder);
    const [first, second] = rows.map((row) => path.join(folder, row.path!));
    fs.rmSync(first!);
    const bytes = fs.readFileSync(second!);
    bytes[1000]! ^= 0xff;
    fs.writeFileSync(second!, bytes);
    const outcomes: string[] = [];
    const again = await generateDemoCorpus({
      folder,
      ...SMALL,
      onProgress: ({ outcome }) => outcomes.push(outcome),
    });
    assert.equal(again.made, 2);
    assert.equal(outcomes.filter((outcome) => outcome === 'kept').length, 16);
    assert.deepEqual(hashes(folder), undisturbed);
  });

  test('continues after a kill: unfinished record, some files there, one cut short', async () => {
    const undisturbed = hashes(folder);
    const file = path.join(folder, 'corpus.json');
    const record = readJson<object>(file);
    fs.writeFileSync(file, JSON.stringify({ ...record, state: 'unfinished', hash: '', files: [] }));
    fs.rmSync(path.join(folder, 'manifest.csv'));
    fs.truncateSync(path.join(folder, rows[7]!.path!), 20000);
    const again = await generateDemoCorpus({ folder, ...SMALL });
    assert.equal(again.made, 1);
    assert.deepEqual(hashes(folder), undisturbed);
  });

  test('refuses a folder with other parameters or another corpus', async () => {
    await assert.rejects(
      generateDemoCorpus({ folder, ...SMALL, seed: 2 }),
      /other parameters.*delete the folder/,
    );
    const foreign = path.join(scratch, 'foreign');
    fs.mkdirSync(foreign);
    fs.writeFileSync(path.join(foreign, 'manifest.csv'), 'path,label,group\n');
    await assert.rejects(
      generateDemoCorpus({ folder: foreign, ...SMALL }),
      /another corpus; choose another folder/,
    );
    assert.equal(fs.readFileSync(path.join(foreign, 'manifest.csv'), 'utf8'), 'path,label,group\n');
  });
});

describe('the plan of the full corpus', () => {
  const options = { seed: 1, recordings: 34, minSeconds: 8, maxSeconds: 16 };
  const planned = planCorpus(options, toRate);

  test('has 204 recordings, 12 groups a class with two or three takes each, 8 to 16 s', () => {
    assert.equal(planned.length, 204);
    for (const label of LABELS) {
      const own = planned.filter((recording) => recording.label === label);
      const takes = new Map<string, number>();
      for (const { group } of own) takes.set(group, (takes.get(group) ?? 0) + 1);
      assert.equal(own.length, 34, label);
      assert.equal(takes.size, 12, label);
      assert.deepEqual([...new Set(takes.values())].sort(), [2, 3], label);
    }
    for (const { length, sampleRate } of planned) {
      assert.ok(sampleRate >= 16000 && sampleRate <= 44100);
      assert.ok(length / sampleRate >= 7.999 && length / sampleRate <= 16.001);
    }
  });

  test('never uses one group name in two classes, nor one path twice', () => {
    assert.equal(new Set(planned.map((recording) => recording.path)).size, planned.length);
    assert.equal(new Set(planned.map(({ group }) => group)).size, 72);
  });

  test('speaks at least 8 languages without tone and 3 with, and says which recordings are silent', () => {
    const genres = (label: string): string[] => [
      ...new Set(planned.filter((recording) => recording.label === label).map(({ genre }) => genre)),
    ];
    assert.ok(genres('speech: non-tonal').length >= 8);
    for (const language of ['Mandarin', 'Cantonese', 'Vietnamese (north)']) {
      assert.ok(genres('speech: tonal').includes(language), language);
    }
    assert.equal(planned.filter(({ genre }) => /long (pauses|silences)/.test(genre)).length, 2);
  });

  test('passes the silence rule in every excerpt, but for the two recordings that are silent on purpose', async () => {
    const short = planCorpus({ ...options, minSeconds: 8, maxSeconds: 8 }, toRate);
    const silent = short.filter(({ genre }) => /long (pauses|silences)/.test(genre));
    // Two of each class, of groups where something may fall silent: solo voices, sparse animals, lone strings.
    const others = LABELS.flatMap((label) =>
      short.filter((recording) => recording.label === label).slice(1, 3),
    );
    for (const recording of [...others, ...silent]) {
      const samples = await recording.render();
      const size = EXCERPT_SECONDS * recording.sampleRate;
      for (const start of [0, size]) {
        const { verdict } = checkExcerpt(samples.subarray(start, start + size), recording.sampleRate);
        assert.equal(
          verdict,
          silent.includes(recording) ? 'silent' : 'accepted',
          `${recording.path} from ${start}`,
        );
      }
    }
  });

  test('speaks at the pace of syllables: most envelope modulation lies at 2 to 8 Hz', async () => {
    for (const path of ['speech-nontonal/german-02__01.wav', 'speech-tonal/cantonese-02__01.wav']) {
      const recording = planned.find((one) => one.path === path)!;
      const share = modulationShare(await recording.render(), recording.sampleRate, 2, 8);
      assert.ok(share > 0.45, `${path}: ${share}`);
    }
    const hammering = planned.find((one) => one.genre === 'construction site')!;
    assert.ok(modulationShare(await hammering.render(), hammering.sampleRate, 2, 8) < 0.3);
  });

  test('renders a recording alike however many there are, and unlike with another seed', async () => {
    const render = async (seed: number, recordings: number): Promise<Buffer> => {
      const own = planCorpus({ seed, recordings, minSeconds: 4, maxSeconds: 4 }, toRate);
      const samples = await own.find(({ path }) => path === 'env-urban/street-02__01.wav')!.render();
      return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    };
    const few = await render(1, 2);
    assert.ok(few.equals(await render(1, 20)));
    assert.ok(!few.equals(await render(2, 2)));
  });
});

test('unusable options are refused with the value in the message, before any work', async () => {
  const folder = path.join(scratch, 'never');
  await assert.rejects(generateDemoCorpus({ folder, seed: 0 }), /seed 0/);
  await assert.rejects(generateDemoCorpus({ folder, recordings: 0 }), /recordings 0/);
  await assert.rejects(generateDemoCorpus({ folder, minSeconds: 3 }), /3 to 16 s/);
  await assert.rejects(generateDemoCorpus({ folder, minSeconds: 9, maxSeconds: 8 }), /9 to 8 s/);
  assert.ok(!fs.existsSync(folder));
});

test('a missing synthesiser is one sentence with its fix', async () => {
  await assert.rejects(loadEspeak('@echogarden/not-installed'), (error: Error & { exitCode?: number }) => {
    assert.match(error.message, /not-installed.*not installed.*npm install/s);
    assert.equal(error.exitCode, 3);
    return true;
  });
});
