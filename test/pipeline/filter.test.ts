import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';
import { filterStage, openTracker, soundOfFile } from 'stm-lab/dist/pipeline';
import { filterTasks } from 'stm-lab/dist/pipeline/filter/recordings';
import { parseRegion } from 'stm-lab/dist/synthesis';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-filter-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const corpus = path.join(folder, 'corpus');
const filter = { region: parseRegion('keep', 'rate<=4'), iterations: 2 };

function write(name: string, seed: number): string {
  const random = randomState(seed);
  const file = path.join(corpus, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  writeWav(
    file,
    Float32Array.from({ length: 16000 }, () => 0.1 * random.normal()),
    16000,
  );
  return file;
}
write('a/one.wav', 1);
write('b/one.wav', 2);
write('b/zwei é.wav', 3);
fs.writeFileSync(path.join(corpus, 'b', 'broken.wav'), 'not a sound');
fs.writeFileSync(
  path.join(corpus, 'manifest.csv'),
  'path,label,group\na/one.wav,a,1\nb/one.wav,b,2\nb/zwei é.wav,b,3\nb/missing.wav,b,4\n',
);

const bytesOf = (out: string, name: string): string =>
  fs.readFileSync(path.join(out, name)).toString('base64');

test('a folder: its structure is kept, a broken file costs itself alone, any worker count gives the same bytes', async () => {
  const outs = [1, 3].map((workers) => ({ workers, out: path.join(folder, `out${workers}`) }));
  for (const { workers, out } of outs) {
    const warnings: string[] = [];
    const summary = await filterStage(
      { inputs: [corpus], out, filter, workers },
      { warn: (line) => warnings.push(line) },
    );
    assert.equal(summary.filtered.length, 3);
    assert.equal(summary.failures.length, 1);
    assert.match(summary.failures[0]!, /broken\.wav/);
    assert.ok(fs.existsSync(path.join(out, 'b', 'zwei é.svg')));
    const lines = fs.readFileSync(path.join(out, 'filtered.csv'), 'utf8').trim().split('\n');
    assert.equal(lines.length, 4);
  }
  for (const name of ['a/one', 'b/one', 'b/zwei é'])
    for (const ending of ['wav', 'json', 'svg'])
      assert.equal(bytesOf(outs[0]!.out, `${name}.${ending}`), bytesOf(outs[1]!.out, `${name}.${ending}`));
});

test('what is finished is reused; a damaged sound and the remains of a killed attempt are not', async () => {
  const out = path.join(folder, 'out1');
  fs.truncateSync(path.join(out, 'a', 'one.wav'), 100);
  const remains = path.join(out, 'a', '.one.wav.1.0badcafe.tmp');
  fs.writeFileSync(remains, 'x');
  // As after a kill between a sound and its figure.
  fs.rmSync(path.join(out, 'b', 'one.svg'));
  const { filtered } = await filterStage({ inputs: [corpus], out, filter, workers: 1 });
  assert.deepEqual(
    filtered.map(({ reused }) => reused),
    [false, false, true],
  );
  assert.ok(!fs.existsSync(remains));
  for (const name of ['a/one.wav', 'b/one.svg'])
    assert.equal(bytesOf(out, name), bytesOf(path.join(folder, 'out3'), name));
});

test('a manifest: recordings that are missing are named, the others are filtered and recorded as one run', async () => {
  const out = path.join(folder, 'listed');
  const journalFolder = path.join(folder, 'tracking');
  const tracker = openTracker({ experiment: 'filter', journalFolder, mode: 'offline' });
  const { filtered, failures } = await filterStage(
    { inputs: [path.join(corpus, 'manifest.csv')], out, filter },
    { tracker },
  );
  await tracker.close();
  assert.equal(filtered.length, 3);
  assert.match(failures.join(), /missing\.wav/);
  const journal = fs
    .readdirSync(journalFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => fs.readFileSync(path.join(journalFolder, name), 'utf8'))
    .join('');
  assert.match(journal, /sounds\.html/);
  assert.match(journal, /filter_suppression_db/);
});

test('an interrupt ends the work with its own sentence and leaves no unfinished file under a final name', async () => {
  const out = path.join(folder, 'stopped');
  const controller = new AbortController();
  const work = filterStage(
    { inputs: [corpus], out, filter: { ...filter, iterations: 400 }, workers: 1 },
    { signal: controller.signal },
  );
  setTimeout(() => controller.abort(), 500);
  await assert.rejects(work, /stopped on request/);
  assert.ok(!fs.existsSync(path.join(out, 'b', 'zwei é.wav')));
});

test('names: duplicates are numbered past what is there, nothing leads out of the folder, no recording is replaced', () => {
  const one = path.join(corpus, 'a/one.wav');
  const tasks = filterTasks([one, path.join(corpus, 'b/one.wav'), one], folder).tasks;
  assert.deepEqual(
    tasks.map(({ name }) => name),
    ['one', 'one-2', 'one-3'],
  );
  assert.throws(() => filterTasks([one], path.join(corpus, 'a')), /replace the recording/);
  const list = path.join(corpus, 'b', 'list.csv');
  fs.writeFileSync(list, `path,label,group\n../a/one.wav,a,1\n${path.join(corpus, 'b', 'one.wav')},b,2\n`);
  for (const { name } of filterTasks([list], folder).tasks) assert.doesNotMatch(name, /^\/|\.\./);
  fs.rmSync(list);
});

test('the page plays the beginning of a recording, from where it is asked', async () => {
  const sound = await soundOfFile(path.join(corpus, 'a/one.wav'), 'x', 0.25);
  assert.equal(sound.samples.length, 12000);
});
