import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { RandomState } from 'research-basics/random/mt19937';
import { readManifest } from 'stm-lab/dist/corpus';
import { readExperiment } from 'stm-lab/dist/pipeline';
import { createStudy } from 'bayesian-optimizer';
import { tinyCorpus, tinyExperiment } from '../pipeline/support';
import { complain, judgeError, unclearness, type Scenario } from './tally';

const root = path.resolve(__dirname, '..', '..');
const HOSTILE = [
  '"',
  '""',
  ',',
  '\n',
  '\r',
  '\0',
  '\t',
  '=1+1',
  '../../etc/passwd',
  '/',
  '..',
  '-1',
  '1e999',
  'NaN',
  'ü'.repeat(300),
  '\ud800',
];

/** A text with some bytes, pieces or lines changed. */
function mutateText(text: string, random: RandomState): Buffer {
  let bytes = Buffer.from(text);
  for (let change = 0; change <= random.interval(3); change++) {
    const at = random.interval(Math.max(0, bytes.length - 1));
    const to = Math.min(bytes.length, at + 1 + random.interval(20));
    const pieces: Buffer[] = [
      Buffer.from([random.interval(255)]),
      Buffer.from(HOSTILE[random.interval(HOSTILE.length - 1)]!),
      Buffer.alloc(0),
      Buffer.concat([bytes.subarray(at, to), bytes.subarray(at, to)]),
    ];
    bytes = Buffer.concat([bytes.subarray(0, at), pieces[random.interval(3)]!, bytes.subarray(to)]);
    if (random.interval(19) === 0) bytes = bytes.subarray(0, random.interval(bytes.length));
  }
  return bytes;
}

const VALUES: readonly unknown[] = [
  null,
  -1,
  0,
  1e308,
  1.5,
  '',
  'x',
  [],
  {},
  [[]],
  'NaN',
  { type: 'int' },
  true,
  '__proto__',
];

/** A JSON value with one entry replaced, removed, renamed or added. */
function mutateJson(value: unknown, random: RandomState): unknown {
  const copy = JSON.parse(JSON.stringify(value)) as unknown;
  const places: [Record<string, unknown>, string][] = [];
  const walk = (inner: unknown): void => {
    if (inner === null || typeof inner !== 'object') return;
    for (const key of Object.keys(inner)) {
      places.push([inner as Record<string, unknown>, key]);
      walk((inner as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [owner, key] = places[random.interval(places.length - 1)]!;
  const other = VALUES[random.interval(VALUES.length - 1)];
  const how = random.interval(3);
  if (how === 0) delete owner[key];
  else if (how === 1) owner[`${key}x`] = owner[key];
  else owner[key] = other;
  return copy;
}

/** Manifests that are read or refused, never misread: usable lines have a path, a label and a group. */
export function mutatedManifests({ tally, random, folder }: Scenario, count: number): void {
  const original = fs.readFileSync(tinyCorpus(path.join(folder, 'corpus')), 'utf8');
  const rich = original
    .replace(/\n(?=.)/g, ',0,16000,pcm_s16le\n')
    .replace('group,0,16000,pcm_s16le', 'group,start_s,sample_rate,encoding');
  const file = path.join(folder, 'corpus', 'mutated.csv');
  for (let i = 0; i < count; i++) {
    tally.faults++;
    fs.writeFileSync(file, mutateText(i % 2 === 0 ? original : rich, random));
    try {
      const { rows, problems, warnings } = readManifest(file);
      for (const { path: recording, label, group, startSeconds } of rows)
        if (recording.trim() === '' || label.trim() === '' || group.trim() === '' || !(startSeconds >= 0))
          complain(tally, 'lost', `manifest ${i}: a line without path, label or group was taken`);
      for (const { reason } of problems) {
        const why = unclearness(reason);
        if (why !== undefined) complain(tally, 'unclear', `manifest ${i}: ${why}`);
      }
      for (const warning of warnings)
        if (warning === '') complain(tally, 'unclear', `manifest ${i}: an empty warning`);
    } catch (error) {
      judgeError(tally, error, `manifest ${i}`);
    }
  }
}

/** Configurations that are refused with their file and entry, or accepted and then usable by a search. */
export function mutatedConfigurations({ tally, random, folder }: Scenario, count: number): void {
  const original = JSON.parse(fs.readFileSync(tinyExperiment(folder), 'utf8')) as unknown;
  const file = path.join(folder, 'mutated.json');
  for (let i = 0; i < count; i++) {
    tally.faults++;
    const content =
      i % 3 === 0
        ? mutateText(JSON.stringify(original, null, 2), random)
        : JSON.stringify(mutateJson(original, random));
    fs.writeFileSync(file, content);
    try {
      const { search } = readExperiment(file);
      createStudy({
        name: 'x',
        space: search.space,
        direction: 'maximize',
        sampler: 'random',
        seed: search.seed,
      }).ask();
    } catch (error) {
      judgeError(tally, error, `configuration ${i}`);
    }
  }
}

/** Notebooks that are read or refused with a sentence by the runner; nothing is executed. */
export function mutatedNotebooks({ tally, random, folder }: Scenario, count: number): string | undefined {
  const python = path.join(root, '.venv', 'bin', 'python');
  if (!fs.existsSync(python)) return 'the Python environment with nbformat is missing';
  const names = fs.readdirSync(path.join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'));
  const files = Array.from({ length: count }, (_, i) => {
    const text = fs.readFileSync(path.join(root, 'notebooks', names[i % names.length]!), 'utf8');
    const file = path.join(folder, `${i}.ipynb`);
    fs.writeFileSync(
      file,
      i % 2 === 0 ? mutateText(text, random) : JSON.stringify(mutateJson(JSON.parse(text), random)),
    );
    return file;
  });
  const list = path.join(folder, 'list.txt');
  fs.writeFileSync(list, files.join('\n'));
  const answers = JSON.parse(
    execFileSync(python, [path.join(__dirname, 'notebooks.py'), list, path.join(folder, 'out')], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  ) as { status: string; failure: string | null }[];
  answers.forEach(({ status, failure }, i) => {
    tally.faults++;
    const why = status === 'failed' ? unclearness(failure ?? '') : undefined;
    if (why !== undefined || /Traceback/.test(failure ?? ''))
      complain(tally, 'unclear', `notebook ${i}: ${why}`);
  });
  if (answers.length !== count) complain(tally, 'lost', `${count - answers.length} notebooks have no answer`);
  return undefined;
}
