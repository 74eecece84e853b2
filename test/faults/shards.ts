import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import type { ManifestRow } from 'stm-lab/dist/corpus';
import { extractCorpus, extractShard, mergeShards, shardFolder, type Shard } from 'stm-lab/dist/features';
import { makeCorpus, results } from '../features/corpus';
import { complain, judgeError, type Scenario } from './tally';

const OF = 3;
const FILES = [
  'shard.json',
  'features.npy',
  'recordings.jsonl',
  '.work/journal.jsonl',
  '.work/records-2420.f32',
];

/** A corpus extracted whole and in shards. */
export interface Sharded {
  readonly rows: readonly ManifestRow[];
  readonly outFolder: string;
  readonly expected: Readonly<Record<string, string>>;
}

export async function openSharded(folder: string): Promise<Sharded> {
  const rows = makeCorpus(path.join(folder, 'audio'), 9);
  const whole = path.join(folder, 'whole');
  await extractCorpus({ rows, outFolder: whole });
  const outFolder = path.join(folder, 'sharded');
  for (let number = 1; number <= OF; number++)
    await extractShard({ rows, outFolder, workers: 1 }, { number, of: OF });
  return { rows, outFolder, expected: results(whole) };
}

function damage(file: string, { random }: Scenario): string {
  const bytes = fs.readFileSync(file);
  const how = ['flip', 'cut', 'zero', 'remove', 'append'][random.interval(4)]!;
  if (how === 'flip') {
    for (let i = 0; i <= random.interval(3); i++)
      bytes[random.interval(bytes.length - 1)]! ^= 1 << random.interval(7);
    fs.writeFileSync(file, bytes);
  } else if (how === 'cut') fs.truncateSync(file, random.interval(bytes.length - 1));
  else if (how === 'zero') {
    const from = random.interval(bytes.length - 1);
    fs.writeFileSync(file, bytes.fill(0, from, Math.min(bytes.length, from + 64)));
  } else if (how === 'remove') fs.rmSync(file);
  else fs.appendFileSync(file, 'more');
  return how;
}

/** One file of one shard damaged at a time: found when merging, that shard alone made again, and the bytes are those of one run. */
export async function corruptShards(
  scenario: Scenario,
  { rows, outFolder, expected }: Sharded,
  count: number,
): Promise<void> {
  const { tally, random } = scenario;
  for (let i = 0; i < count; i++) {
    const shard: Shard = { number: 1 + random.interval(OF - 1), of: OF };
    const name = FILES[random.interval(FILES.length - 1)]!;
    const file = path.join(shardFolder(outFolder, shard), name);
    const before = fs.readFileSync(file);
    const how = damage(file, scenario);
    if (fs.existsSync(file) && fs.readFileSync(file).equals(before)) continue;
    tally.faults++;
    const what = `${name} of shard ${shard.number} (${how})`;
    // What a shard is made again from matters once the shard itself is gone.
    if (name.startsWith('.work')) fs.rmSync(path.join(shardFolder(outFolder, shard), 'features.npy'));
    try {
      mergeShards({ rows, outFolder }, OF);
      complain(tally, 'unclear', `${what}: merged without a word`);
    } catch (error) {
      judgeError(tally, error, what);
      if (!messageOf(error).includes(`shard ${shard.number} `))
        complain(tally, 'unclear', `${what}: another is named`);
    }
    for (let number = 1; number <= OF; number++) {
      const { status } = await extractShard({ rows, outFolder, workers: 1 }, { number, of: OF });
      if ((status === 'computed') !== (number === shard.number))
        complain(tally, 'duplicated', `${what}: shard ${number} was ${status}`);
    }
    mergeShards({ rows, outFolder }, OF);
    const now = results(outFolder);
    if (Object.entries(expected).some(([key, bytes]) => now[key] !== bytes))
      complain(tally, 'lost', `${what}: other bytes`);
  }
}
