/**
 * What an hour of audio costs, measured in one run, and what that makes of large corpora: the tables of docs/scale.md.
 *
 *     npm run bench:scale [-- --corpus FOLDER_WITH_MANIFEST] [--files 150] [--cores 2]
 *
 * Costs are projected from processor time, which does not depend on what else the machine does; the wall time of this
 * run is printed beside it. Without the reference recordings the synthetic demo corpus is measured.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { openNpyRows } from 'stm-lab/dist/base/npyRows';
import { randomState } from 'research-basics/random/mt19937';
import { generateDemoCorpus, readManifest } from 'stm-lab/dist/corpus';
import { extractCorpus, extractShard, mergeShards } from 'stm-lab/dist/features';
import { fitReduction } from 'stm-lab/dist/reduction';

const root = path.resolve(__dirname, '..');
const { values } = parseArgs({
  options: {
    corpus: {
      type: 'string',
      default: path.join(process.env['STM_SHARED'] ?? path.join(root, '..', 'shared'), 'corpus'),
    },
    files: { type: 'string', default: '150' },
    cores: { type: 'string', default: '2' },
  },
});
const cores = Number(values.cores);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-scale-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

/** Processor and wall seconds of a piece of work. */
async function timed<T>(body: () => T | Promise<T>): Promise<{ value: T; cpu: number; wall: number }> {
  const before = process.cpuUsage();
  const began = performance.now();
  const value = await body();
  const { user, system } = process.cpuUsage(before);
  return { value, cpu: (user + system) / 1e6, wall: (performance.now() - began) / 1000 };
}

const sizeOf = (...names: string[]): number => fs.statSync(path.join(work, ...names)).size;

interface Costs {
  /** Recordings in an hour of the paper's corpora: 978,378 in 4,503 h. */
  readonly recordingsPerHour: number;
  readonly extractionCpu: number;
  readonly audioBytes: number;
  readonly keptBytesPerRecording: number;
  readonly resultBytesPerRecording: number;
  readonly shardBytesPerRecording: number;
  readonly mergeCpuPerRecording: number;
  readonly manifestCpuPerRow: number;
  readonly manifestBytesPerRow: number;
  readonly pcaCpuPerRow: number;
}

async function measure(): Promise<Costs> {
  const manifest = fs.existsSync(path.join(values.corpus, 'manifest.csv'))
    ? path.join(values.corpus, 'manifest.csv')
    : (await generateDemoCorpus({ folder: path.join(work, 'demo'), recordings: 12 })).manifest;
  const all = readManifest(manifest, { purpose: 'extraction' }).rows;
  const step = Math.max(1, Math.floor(all.length / Number(values.files)));
  const rows = all.filter((_, i) => i % step === 0).slice(0, Number(values.files));
  const extraction = await timed(() =>
    extractCorpus({ rows, outFolder: path.join(work, 'whole'), workers: cores }),
  );
  const { audioHours, accepted } = extraction.value;
  const bytes = rows.reduce((sum, { file }) => sum + fs.statSync(file).size, 0);
  const scale = rows.length;
  console.log(
    `${os.cpus()[0]!.model}, ${os.availableParallelism()} cores, Node ${process.versions.node}; ${rows.length} recordings of ${path.basename(path.dirname(manifest))}, ${audioHours.toFixed(2)} h, ${accepted} accepted`,
  );
  console.log(
    `extraction with ${cores} workers: ${extraction.cpu.toFixed(1)} s of processor, ${extraction.wall.toFixed(1)} s of wall time, ${((3600 * audioHours) / extraction.wall).toFixed(0)} x real time as measured, ${((3600 * audioHours * cores) / extraction.cpu).toFixed(0)} x by processor time on ${cores} idle cores`,
  );
  const sharded = path.join(work, 'sharded');
  for (const number of [1, 2])
    await extractShard({ rows, outFolder: sharded, workers: cores }, { number, of: 2 });
  const merge = await timed(() => mergeShards({ rows, outFolder: sharded }, 2));
  const shardBytes = ['1-of-2', '2-of-2']
    .flatMap((shard) =>
      ['features.npy', 'recordings.jsonl', 'shard.json'].map((name) => ['shards', shard, name]),
    )
    .reduce((sum, parts) => sum + sizeOf('sharded', ...parts), 0);
  const results = ['features.npy', 'index.csv', 'rejected.csv'].reduce(
    (sum, name) => sum + sizeOf('whole', name),
    0,
  );
  const kept = ['journal.jsonl', 'records-2420.f32'].reduce(
    (sum, name) => sum + sizeOf('whole', '.work', name),
    0,
  );

  const lines = 200_000;
  const large = path.join(work, 'large.csv');
  const line = (i: number): string =>
    `corpus/speaker-${i % 5000}/recording-${i}.flac,class ${i % 6},speaker ${i % 5000}`;
  fs.writeFileSync(
    large,
    `path,label,group\n${Array.from({ length: lines }, (_, i) => line(i)).join('\n')}\n`,
  );
  global.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const reading = await timed(() => readManifest(large, { files: 'trust' }));
  const grown = process.memoryUsage().heapUsed - heap;

  const random = randomState(1);
  const height = 4000;
  const matrix = path.join(work, 'matrix.npy');
  writeNpy(matrix, {
    data: Float32Array.from({ length: height * 2420 }, () => random.double()),
    shape: [height, 2420],
  });
  const features = openNpyRows(matrix);
  const half = await timed(() =>
    fitReduction({
      features,
      rows: Int32Array.from({ length: height / 2 }, (_, i) => i),
      method: 'exact',
      components: 64,
    }),
  );
  const whole = await timed(() => fitReduction({ features, method: 'exact', components: 64 }));
  features.close();
  console.log(
    `merge of 2 shards: ${(1e6 * (merge.cpu / scale)).toFixed(0)} µs a recording; manifest of ${lines} lines (${reading.value.rows.length} read): ${reading.cpu.toFixed(2)} s, ${(grown / lines).toFixed(0)} bytes of memory a line; standardiser and exact PCA: ${((1e6 * (whole.cpu - half.cpu)) / (height / 2)).toFixed(0)} µs a row of 2,420 values\n`,
  );
  return {
    recordingsPerHour: 978_378 / 4503,
    extractionCpu: extraction.cpu / audioHours,
    audioBytes: bytes / audioHours,
    resultBytesPerRecording: results / scale,
    keptBytesPerRecording: kept / scale,
    shardBytesPerRecording: shardBytes / scale,
    mergeCpuPerRecording: merge.cpu / scale,
    manifestCpuPerRow: reading.cpu / lines,
    manifestBytesPerRow: grown / lines,
    pcaCpuPerRow: (whole.cpu - half.cpu) / (height / 2),
  };
}

function duration(seconds: number): string {
  if (seconds < 0.1) return '< 0.1 s';
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 72 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(0)} days`;
}

function amount(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** A JavaScript map holds 2^24 entries; a manifest is read with one entry a recording. */
const LARGEST_MANIFEST = 2 ** 24;

function project(costs: Costs): void {
  const hours = [1, 4503, 1_000_000];
  const cells = (of: (hours: number, recordings: number) => string): string =>
    hours.map((h) => of(h, h * costs.recordingsPerHour)).join(' | ');
  const rows: [string, string][] = [
    ['recordings (217 an hour, as the paper)', cells((_, n) => Math.round(n).toLocaleString('en'))],
    [`extraction, ${cores} cores`, cells((h) => duration((h * costs.extractionCpu) / cores))],
    ['extraction, 64 nodes of 32 cores', cells((h) => duration((h * costs.extractionCpu) / 2048))],
    ['audio read once', cells((h) => amount(h * costs.audioBytes))],
    [
      'audio read by 2,048 cores, a second',
      cells(() => amount((2048 * costs.audioBytes) / costs.extractionCpu)),
    ],
    ['features and tables', cells((_, n) => amount(n * costs.resultBytesPerRecording))],
    ['finished work kept for resuming (.work)', cells((_, n) => amount(n * costs.keptBytesPerRecording))],
    ['shards, until they are deleted', cells((_, n) => amount(n * costs.shardBytesPerRecording))],
    ['merge of the shards, one core', cells((_, n) => duration(n * costs.mergeCpuPerRecording))],
    ['reading the manifest, one core', cells((_, n) => duration(n * costs.manifestCpuPerRow))],
    ['memory of a manifest', cells((_, n) => amount(n * costs.manifestBytesPerRow))],
    ['manifests needed (16,777,216 lines each)', cells((_, n) => String(Math.ceil(n / LARGEST_MANIFEST)))],
    [
      `standardiser and exact PCA, ${cores} cores`,
      cells((_, n) => duration((n * costs.pcaCpuPerRow) / cores)),
    ],
  ];
  console.log(`| of | ${hours.map((h) => `${h.toLocaleString('en')} h`).join(' | ')} |`);
  console.log(`| --- | ${hours.map(() => '---:').join(' | ')} |`);
  for (const [name, text] of rows) console.log(`| ${name} | ${text} |`);
}

void measure().then(project);
