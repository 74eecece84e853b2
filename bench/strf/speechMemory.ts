/**
 * Memory and time of the speech task at its full size (64 filters of 9 x 111 taps, batches of 64) on the layout of a large meeting
 * corpus: a 37-minute recording that stands under as many names as the hours asked for need, with who-spoke-when of its own for
 * each name; development and test are two minutes each. Prints the peak memory of the process. Exit 1 at 3 GB or more.
 *
 *     npx tsx bench/strf/speechMemory.ts [--hours 100] [--steps 4]
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { writeWav } from 'stm-lab/dist/audio/index.js';
import { randomState } from 'research-basics/random/mt19937';

const { values } = parseArgs({
  options: { hours: { type: 'string', default: '100' }, steps: { type: 'string', default: '4' } },
});
const LIMIT_GB = 3;
const MEETING_MINUTES = 37;
const home = path.resolve(__dirname, '..', '..');

/** Noise that is loud in every second second. */
function meeting(minutes: number): Float32Array {
  const state = randomState(1);
  return Float32Array.from(
    { length: minutes * 60 * 16000 },
    (_, i) => (Math.floor(i / 16000) % 2 === 0 ? 0.2 : 0.002) * state.normal(),
  );
}

function layout(folder: string, hours: number): number {
  const parts = {
    train: { count: Math.ceil((hours * 60) / MEETING_MINUTES), minutes: MEETING_MINUTES },
    development: { count: 1, minutes: 2 },
    test: { count: 1, minutes: 2 },
  };
  fs.mkdirSync(folder, { recursive: true });
  for (const [part, { count, minutes }] of Object.entries(parts)) {
    const names = Array.from({ length: count }, (_, i) => `${part}${i}`);
    const first = path.join(folder, `${names[0]}.wav`);
    writeWav(first, meeting(minutes), 16000);
    for (const name of names.slice(1)) fs.linkSync(first, path.join(folder, `${name}.wav`));
    fs.writeFileSync(path.join(folder, `${part}.lst`), names.map((name) => `${name}\n`).join(''));
    const turns = names.flatMap((name) =>
      Array.from(
        { length: minutes * 30 },
        (_, i) => `SPEAKER ${name} 1 ${2 * i}.00 1.00 <NA> <NA> speaker${i % 4} <NA> <NA>\n`,
      ),
    );
    fs.writeFileSync(path.join(folder, `${part}.rttm`), turns.join(''));
  }
  return (parts.train.count * MEETING_MINUTES) / 60;
}

interface Preset {
  readonly speech: { readonly training: object };
}

async function main(): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-speech-'));
  process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
  const hours = layout(path.join(work, 'meetings'), Number(values.hours));
  const full = JSON.parse(
    fs.readFileSync(path.join(home, 'experiments', 'strf', 'full.json'), 'utf8'),
  ) as Preset;
  const steps = Number(values.steps);
  const speech = {
    ...full.speech,
    training: { ...full.speech.training, steps, recordEvery: steps },
    conditions: ['learn area'],
  };
  const preset = path.join(work, 'preset.json');
  fs.writeFileSync(preset, JSON.stringify({ ...full, speech }));
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      path.join(home, 'lib', 'stm-lab', 'bin', 'stm-lab.js'),
      ...['strf', 'speech', '--manifest', path.join(work, 'meetings'), '--preset', preset],
      ...['--out', path.join(work, 'out'), '--tracking', 'disabled'],
    ],
    { stdio: 'inherit', env: { ...process.env, TMPDIR: work } },
  );
  let peak = 0;
  const timer = setInterval(() => {
    const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 2 ** 20);
  }, 200);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(timer);
  const minutes = (performance.now() - began) / 60_000;
  console.log(
    `${hours.toFixed(0)} h of training recordings, ${steps} updates of the full network: ${peak.toFixed(2)} GB at the peak (limit ${LIMIT_GB}), ${minutes.toFixed(1)} min`,
  );
  process.exitCode = code === 0 && peak < LIMIT_GB ? 0 : 1;
}

void main();
