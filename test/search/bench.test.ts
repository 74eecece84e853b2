import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { comparison, quantile, regretTable } from '../../bench/search/report';

test('a comparison that was killed goes on from the searches it has, and comes to the same table', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stm-bench-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const results = join(folder, 'results.jsonl');
  const bench = join(__dirname, '..', '..', 'bench', 'search', 'run.ts');
  const options = ['--seeds', '3', '--first', '5', '--trials', '4', '--problems', 'branin,mixed'];
  const run = (): string[] => {
    const program = [...process.execArgv, bench, ...options, '--methods', 'sobol,random', '--jobs', '2'];
    return execFileSync(process.execPath, [...program, '--results', results], { encoding: 'utf8' }).split(
      '\n',
    );
  };
  const [before, ...table] = run();
  assert.match(before!, /0 of 12 searches known/);
  const lines = readFileSync(results, 'utf8').split('\n');
  assert.equal(lines.length, 13);
  const foreign = lines[7]!.replace(/"code":"/, '"code":"other');
  writeFileSync(results, [...lines.slice(0, 7), foreign, lines[8]!.slice(0, 30)].join('\n'));
  const [after, ...again] = run();
  assert.match(after!, /7 of 12 searches known/);
  assert.deepEqual(again, table);
  assert.match(run()[0]!, /12 of 12 searches known/);
});

test('medians, shares and seeds won', () => {
  assert.equal(quantile([3, 1, 2, 10], 0.5), 2.5);
  assert.equal(quantile([3, 1, 2, 10], 0.25), 1.75);
  const regrets = {
    p: { ours: [1, 2, 3], theirs: [2, 2, 9] },
    q: { ours: [5, 5, 5], theirs: [9, 9, 1] },
    r: { ours: [0, 0, 1], theirs: [0, 0, 0] },
  };
  assert.deepEqual(comparison(regrets, 'ours', 'theirs', 1), {
    met: ['p', 'q', 'r'],
    missed: [],
    seedsWon: { p: 2.5, q: 2, r: 1 },
  });
  assert.deepEqual(comparison(regrets, 'ours', 'theirs', 0.5).missed, ['p', 'q']);
  assert.match(regretTable(regrets, ['ours']), /^p +2\.00 \(1\.50 - 2\.50\) *$/m);
});
