import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeWav } from 'stm-lab/dist/audio';
import { readCsv } from 'stm-lab/dist/base/csv';
import type { RandomState } from 'research-basics/random/mt19937';
import { extractCorpus, readDuplicates } from 'stm-lab/dist/features';
import { noise, results, rowFor } from '../features/corpus';
import { stmLab } from '../pipeline/support';
import { withPreload } from './preload';
import { complain, unclearness, type Scenario } from './tally';

const RECORDINGS = 24;
const FAULTS = [
  ...['open EMFILE', 'open EIO', 'open ESTALE', 'open ENOMEM', 'open EACCES', 'open ENXIO', 'open ETIMEDOUT'],
  ...['read EIO', 'read ESTALE', 'read EREMOTEIO', 'read ENOMEM', 'die'],
];

/** One of a list, by chance. */
const pick = <T>(random: RandomState, list: readonly T[]): T => list[random.interval(list.length - 1)]!;

/**
 * Files that fail for reasons of the machine, in extractions and in shards: each is told and called failed, none is
 * remembered as unusable, the others are extracted, and when the faults are over only what failed is computed and the
 * bytes are those of an undisturbed run.
 */
export async function failingFiles(scenario: Scenario, rounds: number): Promise<void> {
  const { tally, random, folder } = scenario;
  const audio = path.join(folder, 'audio');
  fs.mkdirSync(audio, { recursive: true });
  // The last ones are too short: unusable by their bytes, fault or no fault.
  const rows = Array.from({ length: RECORDINGS }, (_, i) => {
    const file = path.join(audio, `${i}.wav`);
    writeWav(file, noise(i + 1, i >= RECORDINGS - 3 ? 1 : 4.1, 8000), 8000);
    return rowFor(file, i);
  });
  const manifest = path.join(audio, 'manifest.csv');
  fs.writeFileSync(
    manifest,
    ['path,label,group', ...rows.map((row) => `${row.path},${row.label},"${row.group}"`), ''].join('\n'),
  );
  const whole = path.join(folder, 'whole');
  const { accepted } = await extractCorpus({ rows, outFolder: whole, workers: 1 });
  const expected = results(whole);
  const plan = path.join(folder, 'plan.json');
  for (let round = 0; round < rounds; round++) {
    const out = path.join(folder, `out-${round}`);
    const faults = new Map<string, string>();
    for (const row of rows) if (random.double() < 0.8) faults.set(row.path, pick(random, FAULTS));
    fs.writeFileSync(plan, JSON.stringify(Object.fromEntries(faults)));
    const sharded = round % 3 === 2;
    const words = [
      'extract',
      '--manifest',
      manifest,
      '--out',
      out,
      '--workers',
      '2',
      '--tracking',
      'disabled',
    ];
    const first = withPreload(path.join(__dirname, 'io.cjs'), { FAULT_IO: plan }, () =>
      stmLab(...words, ...(sharded ? ['--shard', '1/1'] : [])),
    );
    tally.faults += faults.size;
    const what = `round ${round}`;
    if (first.code !== 1)
      complain(tally, 'unclear', `${what}: exit ${first.code} instead of 1: ${first.err}`);
    for (const [name, fault] of faults) {
      const said = first.err.split('\n').filter((line) => line.includes(`FAILED ${name}: `));
      if (said.length !== 1)
        complain(tally, 'unclear', `${what}: ${name} (${fault}) is told ${said.length} times`);
      const why = unclearness(said[0] ?? '');
      if (why !== undefined) complain(tally, 'unclear', `${what}: ${name} (${fault}): ${why}`);
    }
    if (!sharded) {
      const outcomes = new Map(
        readCsv(path.join(out, 'rejected.csv')).rows.map((row) => [row['path']!, row['outcome']!]),
      );
      for (const { path: name } of rows)
        if (faults.has(name) && outcomes.get(name) !== 'failed')
          complain(
            tally,
            'lost',
            `${what}: ${name} is ${outcomes.get(name) ?? 'accepted'} in spite of its fault`,
          );
    }
    if (sharded) {
      const merged = stmLab(...words.slice(0, 5), '--merge', '1', '--tracking', 'disabled');
      if (merged.code !== 2 || !/recordings that failed/.test(merged.err))
        complain(tally, 'lost', `${what}: a shard with failures was merged: ${merged.err}`);
    }
    const last = stmLab(...words, ...(sharded ? ['--shard', '1/1'] : []));
    if (last.code !== 0) complain(tally, 'lost', `${what}: cannot be continued: ${last.err}`);
    const computed = Number(/\((\d+) computed/.exec(last.out)?.[1]);
    if (computed !== faults.size)
      complain(tally, 'duplicated', `${what}: ${computed} computed again where ${faults.size} had failed`);
    if (sharded) stmLab(...words.slice(0, 5), '--merge', '1', '--tracking', 'disabled');
    const now = results(out);
    if (Object.entries(expected).some(([name, bytes]) => now[name] !== bytes))
      complain(tally, 'lost', `${what}: other bytes than undisturbed`);
    if (readCsv(path.join(out, 'index.csv')).rows.length !== accepted)
      complain(tally, 'lost', `${what}: recordings are missing`);
  }
}

/** Copies of recordings in other groups and under other labels: every set is found, with all its members, once. */
export async function copiesInGroups(scenario: Scenario, rounds: number): Promise<void> {
  const { tally, random, folder } = scenario;
  for (let round = 0; round < rounds; round++) {
    const own = path.join(folder, String(round));
    fs.mkdirSync(own, { recursive: true });
    const rows = Array.from({ length: 6 }, (_, i) => {
      const file = path.join(own, `${i}.wav`);
      writeWav(file, noise(100 * round + i + 1, 4.1, 8000), 8000);
      return rowFor(file, i);
    });
    const sets = new Map<number, string[]>();
    const all = [...rows];
    for (let copy = 0; copy < 14; copy++) {
      const of = random.interval(rows.length - 1);
      const file = path.join(own, `copy-${copy}.wav`);
      const how = pick(random, ['copied', 'hard link', 'link'] as const);
      if (how === 'copied') fs.copyFileSync(rows[of]!.file, file);
      else if (how === 'link') fs.symlinkSync(rows[of]!.file, file);
      else fs.linkSync(rows[of]!.file, file);
      const harmless = random.double() < 0.3;
      const row = { ...rowFor(file, rows.length + copy), label: rows[of]!.label, group: rows[of]!.group };
      all.push(harmless ? row : { ...row, ...pick(random, [{ group: 'other' }, { label: 'other' }]) });
      const found = sets.get(of) ?? [rows[of]!.path];
      sets.set(of, [...found, row.path]);
      tally.faults++;
    }
    const expected = [...sets].filter(([of, paths]) =>
      paths.some((name) => {
        const row = all.find((one) => one.path === name)!;
        return row.group !== rows[of]!.group || row.label !== rows[of]!.label;
      }),
    );
    const out = path.join(own, 'out');
    await extractCorpus({ rows: all, outFolder: out, workers: 2 });
    const found = readDuplicates(out).map((set) => set.map(({ path: name }) => name).join(' '));
    const wanted = expected.sort(([a], [b]) => a - b).map(([, paths]) => paths.join(' '));
    for (const set of wanted) {
      const times = found.filter((one) => one === set).length;
      if (times === 0) complain(tally, 'lost', `round ${round}: ${set} are not found`);
      if (times > 1) complain(tally, 'duplicated', `round ${round}: ${set} are found ${times} times`);
    }
    if (found.length !== wanted.length)
      complain(tally, 'unclear', `round ${round}: ${found.length} sets instead of ${wanted.length}`);
  }
}
