/**
 * Modulation filtering on real recordings: how far each region is reached, what it costs, and what the usual way gives
 * (STFT and the phase reconstruction of Griffin and Lim, by librosa), measured in the same cochleagram.
 *
 *     npm run bench:filter -- [--manifest ../shared/corpus/manifest.csv] [--recordings 20] [--seconds 8] [--iterations 100]
 *                             [--peer librosa|none]
 *
 * Takes recordings evenly from all classes of the manifest, at most `--seconds` of each, and prints for each region the
 * quartiles of suppression outside and distortion inside it (dB), and seconds of sound for a second of processor time.
 * librosa is installed once, see peerPython.ts; the number of its iterations is the same.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { designResampler, readAudio, resample } from 'stm-lab/dist/audio';
import { readManifest } from 'stm-lab/dist/corpus';
import { quantile } from 'stm-lab/dist/evaluation';
import { stmFilterBank } from 'stm-lab/dist/features';
import { gainTo } from 'stm-lab/dist/features/excerpts';
import { createCochleagramKernel } from 'stm-lab/dist/features/stm/cochleagram';
import { createModulationFilter, parseRegion, regionGain, regionLabel } from 'stm-lab/dist/synthesis';
import { prepareModulationMeter, WINDOW_HOP } from 'stm-lab/dist/synthesis/report';
import { benchmark, peerPython } from './peerPython';

const REGIONS = [
  ['keep', 'rate<=4', { rate: [0, 4], scale: [0, 1e9] }],
  ['keep', 'rate<=12', { rate: [0, 12], scale: [0, 1e9] }],
  ['keep', 'scale<=2', { rate: [0, 1e9], scale: [0, 2] }],
  ['keep', 'scale<=4', { rate: [0, 1e9], scale: [0, 4] }],
  ['remove', '3<=rate<=7', { rate: [3, 7], scale: [0, 1e9] }],
  ['keep', 'rate>4', { rate: [4 + 1e-9, 1e9], scale: [0, 1e9] }],
] as const;
const RATE = 16000;

interface Score {
  readonly suppressionDb: number;
  readonly distortionDb: number;
}

function quartiles(values: readonly number[]): string {
  const at = (part: number): string => quantile(values, part).toFixed(1);
  return `${at(0.5).padStart(6)} [${at(0.25)}, ${at(0.75)}]`;
}

function line(label: string, scores: readonly Score[], seconds: number, processor: number): string {
  const [suppression, distortion] = [
    quartiles(scores.map((score) => score.suppressionDb)),
    quartiles(scores.map((score) => score.distortionDb)),
  ];
  return `${label.padEnd(34)} suppression ${suppression} dB   distortion ${distortion} dB   ${(seconds / processor).toFixed(2)} x real time`;
}

/** What the peer makes of all sounds and regions, and the processor time of each region. */
function runPeer(
  sounds: readonly Float32Array[],
  iterations: number,
): { readonly results: Float32Array[][]; readonly processor: number[] } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-filter-'));
  try {
    sounds.forEach((sound, i) => fs.writeFileSync(path.join(folder, `${i}.f32`), sound));
    const jobs = REGIONS.flatMap(([action, , bands], r) =>
      sounds.map((_, i) => ({ input: `${i}.f32`, output: `${r}-${i}.f32`, action, ...bands, iterations })),
    );
    fs.writeFileSync(path.join(folder, 'jobs.json'), JSON.stringify(jobs));
    const out = execFileSync(peerPython('librosa'), [path.join(__dirname, 'filter_peer.py'), folder], {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    });
    const times = JSON.parse(out) as number[];
    const results = REGIONS.map((_, r) =>
      sounds.map((_sound, i) => {
        const bytes = fs.readFileSync(path.join(folder, `${r}-${i}.f32`));
        return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      }),
    );
    const processor = REGIONS.map((_, r) =>
      times.slice(r * sounds.length, (r + 1) * sounds.length).reduce((a, b) => a + b, 0),
    );
    return { results, processor };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      manifest: { type: 'string', default: path.join('..', 'shared', 'corpus', 'manifest.csv') },
      recordings: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '8' },
      iterations: { type: 'string', default: '100' },
      peer: { type: 'string', default: 'librosa' },
    },
  });
  const iterations = Number(values.iterations);
  const { rows } = readManifest(values.manifest);
  const byLabel = new Map<string, string[]>();
  for (const { label, file } of rows) byLabel.set(label, [...(byLabel.get(label) ?? []), file]);
  const lists = [...byLabel.values()];
  // Every class in turn, spread over each class's recordings.
  const files = Array.from({ length: Number(values.recordings) }, (_, i) => {
    const list = lists[i % lists.length]!;
    const turns = Math.ceil(Number(values.recordings) / lists.length);
    return list[Math.floor((Math.floor(i / lists.length) * list.length) / turns)]!;
  });
  console.log(`${files.length} recordings of ${byLabel.size} classes, ${iterations} iterations`);
  const sounds: Float32Array[] = [];
  for (const file of files) {
    const { samples, sampleRate } = await readAudio(file);
    const part = samples.subarray(0, Number(values.seconds) * sampleRate);
    sounds.push(resample(part, designResampler(sampleRate, RATE)));
  }
  const seconds = sounds.reduce((sum, sound) => sum + sound.length / RATE, 0);
  const peer = values.peer === 'none' ? undefined : runPeer(sounds, iterations);
  const startMeter = prepareModulationMeter(await createCochleagramKernel(stmFilterBank()));
  let better = 0;
  for (const [r, [action, text]] of REGIONS.entries()) {
    const region = parseRegion(action, text);
    const kernel = await createModulationFilter({ region, iterations });
    const start = process.cpuUsage();
    const own = sounds.map((sound): Score => {
      const filter = kernel.start(RATE);
      filter.push(sound);
      return filter.finish().report;
    });
    const { user, system } = process.cpuUsage(start);
    console.log(line(regionLabel(region), own, seconds, (user + system) / 1e6));
    if (peer === undefined) continue;
    const other = sounds.map((sound, i): Score => {
      const meter = startMeter(regionGain(region));
      const width = 2 * WINDOW_HOP;
      for (let at = 0; at + width <= sound.length; at += WINDOW_HOP) {
        const before = sound.slice(at, at + width);
        meter.add(before, peer.results[r]![i]!.slice(at, at + width), gainTo(0.1, before));
      }
      return meter.read();
    });
    console.log(line('  STFT, Griffin and Lim (librosa)', other, seconds, peer.processor[r]!));
    const median = (scores: readonly Score[], key: keyof Score): number =>
      quantile(
        scores.map((score) => score[key]),
        0.5,
      );
    if ((['suppressionDb', 'distortionDb'] as const).every((key) => median(own, key) < median(other, key)))
      better++;
  }
  if (peer !== undefined)
    console.log(
      `better than STFT, Griffin and Lim on both medians in ${better} of ${REGIONS.length} regions`,
    );
}

void benchmark(main);
