import * as fs from 'node:fs';
import * as path from 'node:path';
import { createStudy, optimize, type Space } from 'bayesian-optimizer';
import { createTracker } from 'mlflow-tracking-client';
import { readEntries } from '../../lib/mlflow-tracking-client/dist/journal';
import { complain, judgeError, type Scenario } from './tally';

const space: Space = { x: { type: 'float', min: 0, max: 1 } };
const TRIALS = 6;

/** A search journal whose last line is cut, or followed by the beginnings of another: the search continues. */
export async function tornSearchJournals({ tally, random, folder }: Scenario, count: number): Promise<void> {
  const whole = path.join(folder, 'whole.log');
  const open = (journal: string): ReturnType<typeof createStudy> =>
    createStudy({ name: 's', space, direction: 'minimize', sampler: 'random', journal });
  const objective = (trial: { values: { x?: unknown } }): number => Number(trial.values.x);
  await optimize(open(whole), objective, { trials: TRIALS });
  // Its writer counts as dead: a living one's open trial would be waited for.
  const text = fs.readFileSync(whole, 'utf8').replaceAll(`/${process.pid}/`, `/${2 ** 22 + 1}/`);
  const lines = text.trimEnd().split('\n');
  for (let i = 0; i < count; i++) {
    tally.faults++;
    const journal = path.join(folder, `torn-${i}.log`);
    const keep = 1 + random.interval(lines.length - 2);
    const next = lines[keep]!;
    fs.writeFileSync(
      journal,
      `${lines.slice(0, keep).join('\n')}\n${next.slice(0, random.interval(next.length - 1))}`,
    );
    const before = (() => {
      try {
        return open(journal).trials();
      } catch (error) {
        judgeError(tally, error, `search journal cut in line ${keep + 1}`);
        return [];
      }
    })();
    await optimize(open(journal), objective, { trials: TRIALS });
    const after = open(journal).trials();
    for (const { number, state, value } of before)
      if (state === 'complete' && after[number]?.value !== value)
        complain(tally, 'lost', `trial ${number} of cut ${i}`);
    if (after.length !== TRIALS || after.some(({ state }) => state !== 'complete'))
      complain(tally, after.length > TRIALS ? 'duplicated' : 'lost', `cut ${i}: ${after.length} trials`);
  }
}

/** A run journal cut anywhere: what was whole before is there once, and the run continues. */
export function tornRunJournals({ tally, random, folder }: Scenario, count: number): void {
  const steps = 20;
  const journalFolder = path.join(folder, 'runs');
  const open = (key: string): ReturnType<ReturnType<typeof createTracker>['startRun']> =>
    createTracker({
      journalFolder,
      experiment: 'torn',
      mode: 'offline',
      onWarning: () => undefined,
    }).startRun({
      name: key,
      key,
    });
  for (let i = 0; i < count; i++) {
    tally.faults++;
    const key = `torn-${i}`;
    const file = path.join(journalFolder, `${key}.jsonl`);
    const first = open(key);
    for (let step = 0; step < steps; step++) first.logMetrics({ loss: 1 / (1 + step) }, step);
    const size = fs.statSync(file).size;
    fs.truncateSync(file, 1 + random.interval(size - 2));
    try {
      const again = open(key);
      for (let step = (again.lastStep('loss') ?? -1) + 1; step < steps; step++)
        again.logMetrics({ loss: 1 / (1 + step) }, step);
      again.end();
      const seen = readEntries(file, 0).entries.flatMap(({ entry }) =>
        entry.op === 'metrics' ? [entry.s] : [],
      );
      const different = new Set(seen);
      if (different.size < steps) complain(tally, 'lost', `${key}: ${different.size} of ${steps} points`);
      if (different.size < seen.length) complain(tally, 'duplicated', `${key}: ${seen.length} points`);
    } catch (error) {
      judgeError(tally, error, key);
    }
  }
}
