/**
 * The modulation power spectrum and the cortical representation beside soundsig and PyGaborSTM: the same results on the
 * same input, and processor time from samples to features, one thread each.
 *
 *     npm run bench:representations -- [--audio ../shared/golden/stm/audio] [--sounds 10]
 *
 * Takes the first 4 s of each sound at 16 kHz; times are medians over the sounds. The peers are installed once, see peerPython.ts.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { designResampler, readAudio, resample } from 'stm-lab/dist/audio';
import { readNpy, writeNpy } from 'stm-lab/dist/base/npy';
import { quantile } from 'stm-lab/dist/evaluation';
import {
  cochleagram,
  createCorticalKernel,
  createModulationPower,
  createMpsKernel,
  standardise,
} from 'stm-lab/dist/features';
import { gainTo } from 'stm-lab/dist/features/excerpts';
import { benchmark, peerPython } from './peerPython';

const RATE = 16000;
const SAMPLES = 4 * RATE;
/** Calls until the engine has compiled what it runs often. */
const WARM_UP = 8;

interface PeerAnswer {
  readonly timings: readonly { readonly mps: number; readonly cortical: number }[];
  readonly rateHz: readonly number[];
  readonly scaleCycPerKHz: readonly number[];
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (x: ArrayLike<number>): number =>
    Array.from(x).reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Largest difference in dB over the cells within 50 dB of the peer's largest. */
async function mpsError(folder: string, i: number, { rateHz, scaleCycPerKHz }: PeerAnswer): Promise<number> {
  const { shape, data: decibels } = readNpy(path.join(folder, `${i}.spectrogram.npy`));
  const data = Float64Array.from(decibels);
  const [bins, frames] = [shape[0]!, shape[1]!];
  const floor = data.reduce((a, b) => Math.max(a, b)) - 50;
  const values = Float32Array.from(data, (_, at) =>
    Math.max(data[(at % bins) * frames + Math.floor(at / bins)]!, floor),
  );
  standardise(values);
  const scales = scaleCycPerKHz.filter((scale) => scale >= 0);
  const sum = new Float64Array(scales.length * rateHz.length);
  let windows = 0;
  const windowFrames = rateHz.length;
  const size = { bins, frames, frameRate: 320, windowFrames, rateHz, scales: scales.length };
  const modulationPower = await createModulationPower(size);
  modulationPower(values, (power) => {
    windows++;
    power.forEach((value, cell) => (sum[cell]! += value));
  });
  const peer = readNpy(path.join(folder, `${i}.mps.npy`)).data;
  const first = scaleCycPerKHz.findIndex((scale) => scale >= 0) * rateHz.length;
  const theirs = Float64Array.from(sum, (_, cell) => 10 * Math.log10(peer[first + cell]!));
  const top = theirs.reduce((a, b) => Math.max(a, b));
  return sum.reduce((worst, value, cell) => {
    const difference = Math.abs(10 * Math.log10(value / windows) - theirs[cell]!);
    return theirs[cell]! < top - 50 ? worst : Math.max(worst, difference);
  }, 0);
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      audio: { type: 'string', default: path.join('..', 'shared', 'golden', 'stm', 'audio') },
      sounds: { type: 'string', default: '10' },
    },
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-representations-'));
  try {
    const sounds: { name: string; samples: Float32Array; gain: number }[] = [];
    for (const name of fs.readdirSync(options.audio).sort()) {
      const audio = await readAudio(path.join(options.audio, name));
      const resampled = resample(audio.samples, designResampler(audio.sampleRate, RATE));
      if (resampled.length < SAMPLES || sounds.length === Number(options.sounds)) continue;
      const samples = resampled.slice(0, SAMPLES);
      sounds.push({ name, samples, gain: gainTo(0.1, samples) });
    }
    for (const [i, { samples }] of sounds.entries()) {
      const { values } = await cochleagram(samples, RATE);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      writeNpy(path.join(folder, `${i}.samples.npy`), { shape: [SAMPLES], data: samples });
      const data = values.map((value) => value - mean);
      writeNpy(path.join(folder, `${i}.cochleagram.npy`), { shape: [150, 500], data });
    }
    const threads = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    const script = path.join(__dirname, 'representations_peer.py');
    const answer = JSON.parse(
      execFileSync(peerPython('modulation'), [script, folder], {
        encoding: 'utf8',
        env: { ...process.env, ...threads, NUMBA_NUM_THREADS: '1' },
      }),
    ) as PeerAnswer;

    const kernels = {
      mps: await createMpsKernel(),
      cortical: await createCorticalKernel(),
      gabor: await createCorticalKernel({ filters: 'gabor' }),
    };
    const resampler = designResampler(RATE, RATE);
    const seconds = { mps: [] as number[], cortical: [] as number[], gabor: [] as number[] };
    const analyse = (kind: keyof typeof kernels, i: number): Float64Array => {
      const { samples, gain } = sounds[i]!;
      const began = process.cpuUsage();
      const result = kernels[kind].analyse(samples, gain, resampler)!;
      const { user, system } = process.cpuUsage(began);
      seconds[kind].push((user + system) / 1e6);
      return result;
    };
    // Compilation is no one's result.
    for (const kind of ['mps', 'cortical', 'gabor'] as const) {
      for (let i = 0; i < WARM_UP; i++) analyse(kind, i % sounds.length);
      seconds[kind] = [];
    }
    const worst: { mps: number; plane: number }[] = [];
    for (const [i, { name }] of sounds.entries()) {
      const [gabor, seed] = [analyse('gabor', i), analyse('cortical', i)];
      analyse('mps', i);
      const peer = (what: string): ArrayLike<number> => readNpy(path.join(folder, `${i}.${what}.npy`)).data;
      const row = { mps: await mpsError(folder, i, answer), plane: correlation(gabor, peer('plane')) };
      console.log(
        `${name.padEnd(32)} MPS ${row.mps.toExponential(1)} dB   rate-scale plane: Gabor ${row.plane.toFixed(4)}, ` +
          `seed ${correlation(seed, peer('plane')).toFixed(3)}; its own front end ${correlation(gabor, peer('own')).toFixed(3)}`,
      );
      worst.push(row);
    }
    console.log(
      `largest difference of the MPS ${Math.max(...worst.map(({ mps }) => mps)).toExponential(1)} dB, least correlation of the plane ${Math.min(...worst.map(({ plane }) => plane)).toFixed(4)}`,
    );
    const peers = { mps: 'soundsig', cortical: 'PyGaborSTM' };
    for (const kind of ['mps', 'cortical'] as const) {
      const ours = 1000 * quantile(seconds[kind], 0.5);
      const theirs =
        1000 *
        quantile(
          answer.timings.map((one) => one[kind]),
          0.5,
        );
      console.log(
        `${kind}: ${ours.toFixed(0)} ms per 4 s, ${peers[kind]} ${theirs.toFixed(0)} ms: ${(theirs / ours).toFixed(1)} x faster`,
      );
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

void benchmark(main);
