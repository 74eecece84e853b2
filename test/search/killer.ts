import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createStudy, runWorkers } from 'bayesian-optimizer';
import type { Space, TrialRecord } from 'bayesian-optimizer';
import { randomState } from 'research-basics/random/mt19937';

export interface KillOptions {
  readonly journal: string;
  readonly log: string;
  readonly module: string;
  readonly space: Space;
  readonly trials: number;
  readonly kills: number;
  readonly milliseconds: number;
}

/** Runs four workers and kills one that is busy with a trial (SIGKILL) at random moments, at least `kills` times before the end. */
export async function killNowAndThen(
  options: KillOptions,
): Promise<{ kills: number; restarted: number; restarts: number }> {
  const { journal, log, module, space, trials, milliseconds } = options;
  const random = randomState(7);
  const killed = new Set<number>();
  let kills = 0;
  let over = false;
  const watch = (): TrialRecord[] =>
    createStudy({ name: 'k', space, direction: 'minimize', journal }).trials();
  const killing = (async () => {
    while (!over && kills < options.kills) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds * (0.3 + 2 * random.double())));
      const running = watch().filter((trial) => trial.state === 'running');
      const victim = running[random.interval(Math.max(0, running.length - 1))];
      // A worker's name is host/process/start/nonce.
      const pid = Number(victim?.worker.split('/')[1]);
      // A dead worker's trial still counts as running until somebody asks for it.
      if (!Number.isInteger(pid) || killed.has(pid)) continue;
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
        kills++;
      } catch {
        // It ended by itself.
      }
    }
  })();
  const result = await runWorkers({
    study: { name: 'k', space, direction: 'minimize', sampler: 'random', journal, maxRestarts: 1000 },
    objective: { module, data: { log, milliseconds } },
    trials,
    workers: 4,
  });
  over = true;
  await killing;
  assert.deepEqual(result, { reason: 'trials' });
  const trialsNow = watch();
  const restarted = trialsNow.filter((trial) => trial.attempts > 1).length;
  const restarts = trialsNow.reduce((sum, trial) => sum + trial.attempts - 1, 0);
  return { kills, restarted, restarts };
}

/** Every trial complete, each ended by exactly one record, every line whole. */
export function checkJournal(journal: string, space: Space, trials: number): void {
  const records = createStudy({ name: 'k', space, direction: 'minimize', journal }).trials();
  assert.equal(records.length, trials);
  assert.ok(records.every((trial) => trial.state === 'complete' && trial.reports.size === 3));
  const ends = fs
    .readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { op_code: number; state?: number; trial_id?: number })
    .filter((record) => record.op_code === 6 && record.state === 1)
    .map((record) => record.trial_id);
  assert.equal(ends.length, trials);
  assert.equal(new Set(ends).size, trials);
}
