// Damages recordings of all formats, containers included, and reads them: nothing may crash, hang, grow without bound or
// end in an unclear sentence.
//   npm run test:audio [-- COUNT]
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { readAudio } from 'stm-lab/dist/audio';
import { UserError } from 'research-basics/errors';
import { encodeFiles, SECONDS } from './encoded';

/** A small generator of its own (mulberry32): the same damage on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Damage = (bytes: Buffer, random: (below: number) => number, other: Buffer) => Buffer;

const setBytes = (
  bytes: Buffer,
  count: number,
  from: number,
  below: number,
  random: (n: number) => number,
) => {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < count; i++) copy[from + random(Math.max(1, below - from))] = random(256);
  return copy;
};

export const DAMAGES: Readonly<Record<string, Damage>> = {
  'bytes in the header': (bytes, random) =>
    setBytes(bytes, 1 + random(6), 0, Math.min(120, bytes.length), random),
  'bytes anywhere': (bytes, random) => setBytes(bytes, 1 + random(40), 0, bytes.length, random),
  'bytes at the end': (bytes, random) =>
    setBytes(bytes, 1 + random(10), Math.max(0, bytes.length - 400), bytes.length, random),
  truncation: (bytes, random) => bytes.subarray(0, 1 + random(bytes.length - 1)),
  'start cut off': (bytes, random) => bytes.subarray(1 + random(bytes.length - 1)),
  'zeros in the middle': (bytes, random) => {
    const from = random(bytes.length);
    return Buffer.from(bytes).fill(0, from, Math.min(bytes.length, from + 1 + random(2000)));
  },
  'stretch left out': (bytes, random) => {
    const from = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random(3000))]);
  },
  'bytes put in': (bytes, random) => {
    const from = random(bytes.length);
    const noise = Buffer.from(Array.from({ length: 1 + random(3000) }, () => random(256)));
    return Buffer.concat([bytes.subarray(0, from), noise, bytes.subarray(from)]);
  },
  'another file in the middle': (bytes, random, other) => {
    const from = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), other, bytes.subarray(from)]);
  },
  'another file behind': (bytes, _random, other) => Buffer.concat([bytes, other]),
};

/** What became of the damaged files. */
export interface MutationResult {
  readonly count: number;
  readonly read: number;
  readonly warned: number;
  readonly refused: number;
  /** Sentences and values that are not as they should be. */
  readonly faults: readonly string[];
  readonly slowestSeconds: number;
  readonly largestMegabytes: number;
}

/** A clear sentence names the file first and holds nothing of the program's inside. */
function faultOf(file: string, error: unknown): string | undefined {
  if (!(error instanceof UserError)) return `not an error of ours: ${(error as Error).stack}`;
  const { kind, message } = error;
  if (kind !== 'input') return `blames the ${kind}: ${message}`;
  if (!message.startsWith(`${file}: `)) return `does not name the file: ${message}`;
  const rest = message.slice(file.length + 2);
  if (rest.length < 12 || rest.length > 300 || /\n|undefined|NaN|\[object|TypeError|0x[0-9a-f]{6}/.test(rest))
    return `unclear: ${message}`;
  return undefined;
}

/** Reads `count` damaged files made from `seed`. */
export async function runMutations(count: number, seed = 1): Promise<MutationResult> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-mutations-'));
  const faults: string[] = [];
  let [read, warned, refused, slowestSeconds, largestBytes] = [0, 0, 0, 0, 0];
  try {
    const originals = [...(await encodeFiles(folder))].map(([name, file]) => ({
      name,
      bytes: fs.readFileSync(file),
    }));
    const kinds = Object.entries(DAMAGES);
    const random = generator(seed);
    for (let i = 0; i < count; i++) {
      const { name, bytes } = originals[i % originals.length]!;
      const [kind, damage] = kinds[Math.floor(i / originals.length) % kinds.length]!;
      const other = originals[random(originals.length)]!.bytes;
      const file = path.join(folder, `damaged-${name}`);
      fs.writeFileSync(file, damage(bytes, random, other));
      const what = `${i} ${name}, ${kind}`;
      const began = performance.now();
      try {
        const { samples, sampleRate, warnings } = await readAudio(file);
        read++;
        if (warnings.length > 0) warned++;
        if (samples.length === 0 || !(sampleRate > 0)) faults.push(`${what}: nothing was read`);
        if (samples.some((value) => !Number.isFinite(value))) faults.push(`${what}: not all are finite`);
        // Two files of some seconds, at any believed rate, and header fields that lie.
        if (samples.length > 60 * SECONDS * 48000) faults.push(`${what}: ${samples.length} samples`);
        for (const warning of warnings)
          if (/\n|undefined|NaN|0x[0-9a-f]{6}/.test(warning) || warning.length > 300)
            faults.push(`${what}: unclear warning: ${warning}`);
      } catch (error) {
        refused++;
        const fault = faultOf(file, error);
        if (fault !== undefined) faults.push(`${what}: ${fault}`);
      }
      const seconds = (performance.now() - began) / 1000;
      slowestSeconds = Math.max(slowestSeconds, seconds);
      if (seconds > 60) faults.push(`${what}: took ${seconds.toFixed(0)} s`);
      largestBytes = Math.max(largestBytes, process.memoryUsage().rss);
      if (process.env.STM_MUTATIONS_VERBOSE !== undefined) console.log(what, seconds.toFixed(2));
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  return { count, read, warned, refused, faults, slowestSeconds, largestMegabytes: largestBytes / 2 ** 20 };
}

async function main(): Promise<void> {
  const result = await runMutations(Number(process.argv[2] ?? 1000));
  const { count, read, warned, refused, faults, slowestSeconds, largestMegabytes } = result;
  faults.forEach((fault) => console.log(fault));
  console.log(
    `${count} damaged files: ${read} read (${warned} with warnings), ${refused} refused, ${faults.length} faults; ` +
      `slowest ${slowestSeconds.toFixed(1)} s, memory up to ${largestMegabytes.toFixed(0)} MB`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (require.main === module) void main();
