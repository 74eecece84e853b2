/**
 * Faults by the hundred, each counted: what was lost, what is there twice, what was not told in one clear sentence.
 *
 *     npm run test:faults [-- --seed 1] [--size full|smoke] [--only WORD]
 *
 * Deterministic by seed, but for the moments at which processes happen to be hit. Exits 1 when any column but the
 * first is not 0. Scenarios that this machine cannot host (no right to mount, no MLflow) are named.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { Space } from 'bayesian-optimizer';
import { messageOf } from 'research-basics/errors';
import { checkJournal, killNowAndThen } from '../search/killer';
import { deadServer, flappingServer } from './delivery';
import { tornRunJournals, tornSearchJournals } from './journals';
import { mutatedConfigurations, mutatedManifests, mutatedNotebooks } from './mutations';
import { rivals } from './processes';
import { foreignLists } from './lists';
import { copiesInGroups, failingFiles } from './recordings';
import { corruptShards, openSharded } from './shards';
import { clockJumps, fullDisks, killsOfStages, openBench, readOnlyFolders, type Bench } from './stages';
import { complain, newTally, randomFor, type Scenario, type Tally } from './tally';

/** What a scenario says when it cannot be run here. */
type Skip = string | undefined | void;

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};

function scenarios(folder: string): Record<string, (scenario: Scenario) => Promise<Skip> | Skip> {
  const bench: () => Bench = once(() => openBench(path.join(folder, 'bench')));
  const of = (size: Scenario['size'], full: number, smoke: number): number =>
    size === 'full' ? full : smoke;
  return {
    'kill -9 in any stage': (s) => killsOfStages(s, bench(), of(s.size, 4, 1), of(s.size, 8, 2)),
    'kill -9 of search workers': async (s) => {
      const journal = path.join(s.folder, 'search.jsonl');
      const space: Space = { x: { type: 'float', min: 0, max: 1 } };
      const kills = of(s.size, 20, 3);
      const module = path.join(__dirname, '..', 'search', 'fixtures', 'objective.cjs');
      const log = path.join(s.folder, 'log.txt');
      const stats = await killNowAndThen({
        journal,
        log,
        module,
        space,
        trials: 3 * kills,
        kills,
        milliseconds: 250,
      });
      s.tally.faults += stats.kills;
      try {
        checkJournal(journal, space, 3 * kills);
      } catch (error) {
        complain(s.tally, 'lost', messageOf(error));
      }
    },
    'full disk': (s) =>
      fullDisks(s, bench(), s.size === 'full' ? [16, 64, 200, 400, 500, 600, 800, 1000] : [200]),
    'read-only output': (s) => readOnlyFolders(s, bench()),
    'clock jumps': (s) => clockJumps(s, bench(), of(s.size, 6, 1)),
    'two processes, one folder': (s) => rivals(s, of(s.size, 6, 1)),
    'two processes, no hard links': (s) =>
      rivals(s, of(s.size, 4, 1), path.join(__dirname, '..', 'base', 'noLinks.cjs')),
    'failing file': (s) => failingFiles(s, of(s.size, 8, 1)),
    'copies in two groups': (s) => copiesInGroups(s, of(s.size, 6, 1)),
    'foreign or faulty list': (s) => foreignLists(s, of(s.size, 600, 60)),
    'torn search journal': (s) => tornSearchJournals(s, of(s.size, 40, 6)),
    'torn run journal': (s) => tornRunJournals(s, of(s.size, 40, 10)),
    'corrupt shard': async (s) => corruptShards(s, await openSharded(s.folder), of(s.size, 40, 3)),
    'MLflow dead': (s) => deadServer(s, of(s.size, 5, 1)),
    'MLflow flapping': (s) =>
      flappingServer(s, {
        points: of(s.size, 2000, 200),
        files: of(s.size, 12, 3),
        deaths: of(s.size, 2, 0),
      }),
    'mutated manifest': (s) => mutatedManifests(s, of(s.size, 400, 40)),
    'mutated configuration': (s) => mutatedConfigurations(s, of(s.size, 400, 60)),
    'mutated notebook': (s) => mutatedNotebooks(s, of(s.size, 200, 20)),
  };
}

/** Runs the scenarios whose name holds one of the words; all of them without any. */
export async function injectFaults(options: {
  readonly seed: number;
  readonly size: Scenario['size'];
  readonly only?: readonly string[];
  readonly say?: (line: string) => void;
}): Promise<{ tallies: Tally[]; skipped: string[] }> {
  const { seed, size, only, say } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-faults-'));
  const tallies: Tally[] = [];
  const skipped: string[] = [];
  try {
    for (const [kind, run] of Object.entries(scenarios(folder))) {
      if (only !== undefined && !only.some((word) => kind.includes(word))) continue;
      const own = path.join(folder, kind.replace(/\W+/g, '-'));
      fs.mkdirSync(own);
      const tally = newTally(kind);
      const began = performance.now();
      const reason = await run({ tally, random: randomFor(seed, kind), folder: own, size });
      if (typeof reason === 'string') skipped.push(`${kind}: ${reason}`);
      tallies.push(tally);
      say?.(`${kind}: ${tally.faults} faults, ${((performance.now() - began) / 1000).toFixed(1)} s`);
      tally.notes.slice(0, 10).forEach((note) => say?.(`    ${note}`));
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return { tallies, skipped };
}

/** The tallies as a Markdown table, with their sum. */
export function faultTable(tallies: readonly Tally[]): string {
  const columns = ['faults', 'lost', 'duplicated', 'unclear'] as const;
  const row = (name: string, of: readonly Tally[]): string =>
    `| ${[name.padEnd(28), ...columns.map((c) => String(of.reduce((sum, tally) => sum + tally[c], 0)).padStart(c.length))].join(' | ')} |`;
  return [
    `| ${['fault'.padEnd(28), ...columns].join(' | ')} |`,
    `| ${['-'.repeat(28), ...columns.map((c) => `${'-'.repeat(c.length - 1)}:`)].join(' | ')} |`,
    ...tallies.map((tally) => row(tally.kind, [tally])),
    row('all', tallies),
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      size: { type: 'string', default: 'full' },
      only: { type: 'string', multiple: true },
    },
  });
  const { tallies, skipped } = await injectFaults({
    seed: Number(values.seed),
    size: values.size === 'smoke' ? 'smoke' : 'full',
    ...(values.only === undefined ? {} : { only: values.only }),
    say: (line) => console.log(line),
  });
  console.log(`\n${faultTable(tallies)}`);
  skipped.forEach((line) => console.log(`SKIPPED: ${line}`));
  if (tallies.some(({ lost, duplicated, unclear }) => lost + duplicated + unclear > 0)) process.exitCode = 1;
}

if (require.main === module) void main();
