/**
 * Fifty random kills: four workers, 150 trials, SIGKILL to a busy one at random moments; then the journal
 * is checked here and, when the environment of the benchmarks' peers is there (peerPython.ts), by Optuna.
 *
 *     npx tsx bench/searchKills.ts [kills]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Space } from 'bayesian-optimizer';
import { checkJournal, killNowAndThen } from '../test/search/killer';
import { findPeer } from './peerPython';

async function main(): Promise<void> {
  const kills = Number(process.argv[2] ?? 50);
  const folder = mkdtempSync(join(tmpdir(), 'stm-kills-'));
  const journal = join(folder, 'search.jsonl');
  const space: Space = { x: { type: 'float', min: 0, max: 1 } };
  const trials = 3 * kills;
  const stats = await killNowAndThen({
    journal,
    log: join(folder, 'log.txt'),
    module: join(__dirname, '..', 'test', 'search', 'fixtures', 'objective.cjs'),
    space,
    trials,
    kills,
    milliseconds: 300,
  });
  checkJournal(journal, space, trials);
  console.log(
    `${stats.kills} kills, ${stats.restarted} trials started again (${stats.restarts} times in all), ${trials} complete once each`,
  );
  const python = findPeer('torch');
  if (python === undefined) {
    console.log('Optuna skipped: "npm run bench:search" installs it');
    return;
  }
  const program = join(__dirname, '..', 'test', 'search', 'optunaReads.py');
  const seen = JSON.parse(execFileSync(python, [program, journal, 'k'], { encoding: 'utf8' })) as {
    version: string;
    states: string[];
  };
  const complete = seen.states.filter((state) => state === 'COMPLETE').length;
  console.log(`Optuna ${seen.version} loads it: ${complete} of ${seen.states.length} trials complete`);
  if (complete !== trials || seen.states.length !== trials) process.exitCode = 1;
}

void main();
