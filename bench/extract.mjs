// Speed and accuracy of the STM extraction against a NumPy/SciPy peer (bench/extract_peer.py) in one run.
//   node bench/extract.mjs [--python PATH] [--corpus FOLDER] [--short 2000]
// Processor time is compared beside wall time: it does not depend on what else the machine does. The corpus (by default
// ../shared/corpus) serves decoding and the two-worker run.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { compareShortFiles } from './extractShort.mjs';

const root = path.resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const { openAudio, readAudio, writeWav } = require('stm-lab/dist/audio');
const { readCsv } = require('stm-lab/dist/base/csv');
const { readNpy, writeNpy } = require('stm-lab/dist/base/npy');
const { extractCorpus, extractStm } = require('stm-lab/dist/features');

const shared = process.env.STM_SHARED ?? path.join(root, '..', 'shared');
const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: path.join(root, '.venv', 'bin', 'python') },
    corpus: { type: 'string', default: path.join(shared, 'corpus') },
    short: { type: 'string', default: '2000' },
  },
});
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
const show = (label, value) => console.log(`${label.padEnd(58)} ${value}`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const cpuSeconds = (from) => {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
};

/** A sound with the features of real ones: harmonics and noise under slow modulations. */
function testSound(seconds, rate) {
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 4294967296 - 0.5;
  return Float32Array.from({ length: seconds * rate }, (_, i) => {
    const t = i / rate;
    let value = 0.3 * random() * (1 + Math.sin(2 * Math.PI * 3 * t));
    for (let h = 1; h < 12; h++)
      value += (0.2 / h) * Math.sin(2 * Math.PI * h * (130 * t + 2 * Math.sin(2 * Math.PI * 2 * t)));
    return value;
  });
}

const peer = spawn(options.python, [path.join(root, 'bench', 'extract_peer.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
peer.on('error', () => {
  console.error(`${options.python}: could not be started; give a Python with NumPy and SciPy by --python`);
  process.exit(3);
});
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse((await lines.next()).value);
const askPeer = (job) => {
  peer.stdin.write(`${JSON.stringify(job)}\n`);
  return answer();
};
const versions = await answer();
console.log(
  `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.versions.node}, NumPy ${versions.numpy}, SciPy ${versions.scipy}`,
);
console.log(
  '\nOne core, per 4-s excerpt (median of 5 interleaved runs over 32 s; processor time, wall time)',
);
let perExcerpt = 0;
for (const rate of [16000, 44100]) {
  const samples = testSound(32, rate);
  const file = path.join(work, `${rate}.npy`);
  writeNpy(file, { data: samples, shape: [samples.length] });
  const ours = [];
  const theirs = [];
  let features;
  for (let run = -1; run < 5; run++) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    ({ features } = await extractStm(samples, rate));
    const mine = { cpu: cpuSeconds(cpu) / 8, wall: (performance.now() - began) / 8000 };
    const other = await askPeer({ samples: file, rate });
    if (run < 0) continue;
    ours.push(mine);
    theirs.push({ cpu: other.cpu / other.excerpts, wall: other.wall / other.excerpts });
  }
  const of = (list, key) => median(list.map((item) => item[key]));
  const ms = (list) =>
    `${(of(list, 'cpu') * 1e3).toFixed(1)} ms cpu, ${(of(list, 'wall') * 1e3).toFixed(1)} ms`;
  show(`${rate} Hz: stm-lab`, ms(ours));
  show(`${rate} Hz: NumPy/SciPy, float32, one thread`, ms(theirs));
  show(
    `${rate} Hz: ratio`,
    `${(of(theirs, 'cpu') / of(ours, 'cpu')).toFixed(1)} x cpu, ${(of(theirs, 'wall') / of(ours, 'wall')).toFixed(1)} x wall`,
  );
  const expected = readNpy(`${file}.features.npy`).data;
  show(
    `${rate} Hz: largest difference of the features`,
    features.reduce((m, v, i) => Math.max(m, Math.abs(v - expected[i])), 0).toExponential(1),
  );
  perExcerpt = Math.max(perExcerpt, of(ours, 'cpu'));
}
show('the published MATLAB code under GNU Octave 7.3, measured when the golden files were made', '2.4 s');

console.log(`\n${options.short} WAV files of 5 s, one worker, files a second of processor time`);
for (const rate of [16000, 44100]) {
  const { own, peer: theirs } = await compareShortFiles({
    folder: work,
    rate,
    count: Number(options.short),
    makeSound: testSound,
    cpuSeconds,
    askPeer,
  });
  show(
    `${rate} Hz: stm-lab; NumPy/SciPy, reading with SciPy`,
    `${own.toFixed(1)}; ${theirs.toFixed(2)}: ${(own / theirs).toFixed(1)} x`,
  );
}
peer.stdin.end();

console.log('\nAccuracy against the published code (golden files)');
const golden = path.join(root, 'test', 'golden', 'stm');
const errors = [];
for (const [name, { excerpts, features }] of Object.entries(
  JSON.parse(fs.readFileSync(path.join(golden, 'expected.json'))).files,
)) {
  const file = [golden, path.join(shared, 'golden', 'stm')]
    .map((folder) => path.join(folder, 'audio', `${name}.wav`))
    .find(fs.existsSync);
  if (excerpts === 0 || file === undefined) continue;
  const audio = await readAudio(file);
  const ours = (await extractStm(audio.samples, audio.sampleRate)).features;
  const expected = readNpy(path.join(golden, features)).data;
  errors.push(ours.reduce((m, v, i) => Math.max(m, Math.abs(v - expected[i])), 0));
}
show(
  `${errors.length} files: largest error, median of the largest`,
  `${Math.max(...errors).toExponential(1)}, ${median(errors).toExponential(1)}`,
);

const manifest = path.join(options.corpus, 'manifest.csv');
if (!fs.existsSync(manifest)) {
  console.log(`\n${manifest} is absent: decoding and workers are left out`);
  process.exit(0);
}
const rows = readCsv(manifest).rows.map((row, i) => ({
  line: i + 2,
  path: row.path,
  file: path.join(options.corpus, row.path),
  label: row.label,
  group: row.group,
  startSeconds: 0,
  extra: {},
}));

console.log('\nDecoding to mono, one core (processor time)');
let flacCost = 0;
for (const ending of ['flac', 'ogg']) {
  const files = rows.filter((row) => row.path.endsWith(`.${ending}`)).slice(0, 60);
  let seconds = 0;
  const cpu = process.cpuUsage();
  for (const { file } of files) {
    const source = await openAudio(file);
    for await (const block of source.blocks()) seconds += block.length / source.sampleRate;
  }
  const spent = cpuSeconds(cpu);
  if (ending === 'flac') flacCost = spent / seconds;
  show(
    `${files.length} ${ending} files, ${(seconds / 60).toFixed(1)} min`,
    `${(seconds / spent).toFixed(0)} x real time`,
  );
  const reference = await ffmpegCpu(files.map(({ file }) => file));
  if (reference !== undefined)
    show('  ffmpeg, the same files', `${(seconds / reference).toFixed(0)} x real time`);
}

console.log('\nThe corpus, cold');
await compareWorkers('out', rows);
console.log('\n48 WAV recordings of 60 s at 44.1 kHz, cold: next to no decoding');
await compareWorkers('wav', wavRecordings(48, 60));
accuracyOnCorpus(path.join(work, 'out2'));
const cores = os.availableParallelism();
const rate = 1 / (perExcerpt / 4 + flacCost);
console.log('\nProjection');
show(
  `4,503 h of 44.1 kHz FLAC on ${cores} cores`,
  `${(4503 / (rate * cores)).toFixed(1)} h (${(rate * cores).toFixed(0)} x real time)`,
);

/** Extracts the recordings with one worker, then with two, each into a folder of its own. */
async function compareWorkers(name, recordings) {
  const walls = [];
  for (const workers of [1, 2]) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    let memory = 0;
    const sampler = setInterval(() => (memory = Math.max(memory, process.memoryUsage().rss)), 50);
    const outFolder = path.join(work, `${name}${workers}`);
    const summary = await extractCorpus({ rows: recordings, outFolder, workers });
    clearInterval(sampler);
    const wall = (performance.now() - began) / 1000;
    walls.push(wall);
    const spent = cpuSeconds(cpu);
    show(
      `${workers} worker${workers > 1 ? 's' : ''}: ${summary.accepted} accepted, ${summary.rejected.length} rejected`,
      `${wall.toFixed(1)} s wall, ${spent.toFixed(1)} s cpu, ${((summary.audioHours * 3600) / wall).toFixed(0)} x real time, ${(memory / 1e6).toFixed(0)} MB resident`,
    );
  }
  show(
    '2 workers over 1 (wall; means something on an idle machine)',
    `${(walls[0] / walls[1]).toFixed(2)} x`,
  );
}

/** Recordings that differ in content, so that none is taken for another. */
function wavRecordings(count, seconds) {
  const folder = path.join(work, 'wav');
  fs.mkdirSync(folder);
  const sound = testSound(seconds, 44100);
  return Array.from({ length: count }, (_, i) => {
    const file = path.join(folder, `${i}.wav`);
    sound[0] = i / count;
    writeWav(file, sound, 44100);
    return {
      line: i + 2,
      path: `${i}.wav`,
      file,
      label: 'test',
      group: `${i}`,
      startSeconds: 0,
      extra: {},
    };
  });
}

/** Processor seconds ffmpeg takes for the files, or undefined where it is absent. */
async function ffmpegCpu(files) {
  const script =
    'for f in "$@"; do ffmpeg -v quiet -threads 1 -i "$f" -f f32le -ac 1 -y /dev/null || exit 1; done; times';
  const child = spawn('bash', ['-c', script, 'bash', ...files], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', () => resolve(1)));
  if (code !== 0) return undefined;
  const times = [
    ...text
      .trim()
      .split('\n')
      .at(-1)
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  return times.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

function accuracyOnCorpus(outFolder) {
  const reference = path.join(shared, 'golden', 'stm');
  if (!fs.existsSync(path.join(reference, 'corpus_features.npy'))) return;
  const expected = readNpy(path.join(reference, 'corpus_features.npy')).data;
  const order = new Map(
    JSON.parse(fs.readFileSync(path.join(reference, 'corpus_expected.json'))).rows.map((row, i) => [
      row.path,
      i,
    ]),
  );
  const ours = readNpy(path.join(outFolder, 'features.npy')).data;
  const errors = readCsv(path.join(outFolder, 'index.csv')).rows.map((row, i) => {
    const at = order.get(row.path) * 2420;
    let largest = 0;
    for (let k = 0; k < 2420; k++)
      largest = Math.max(largest, Math.abs(ours[i * 2420 + k] - expected[at + k]));
    return largest;
  });
  const within = errors.filter((error) => error <= 2e-3).length;
  show(
    'largest error per file: median, files within 2e-3',
    `${median(errors).toExponential(1)}, ${((100 * within) / errors.length).toFixed(1)} %`,
  );
}
