import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { problems } from '../../bench/search/problems';
import {
  bordaPoints,
  comparison,
  quantile,
  regretTable,
  signTest,
  standings,
} from '../../bench/search/report';
import { testProblems } from '../../bench/search/testProblems';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';

test('a comparison that was killed continues from the searches it has, and comes to the same table', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stm-bench-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const results = join(folder, 'results.jsonl');
  const bench = join(__dirname, '..', '..', 'bench', 'search', 'run.ts');
  const options = ['--seeds', '3', '--first', '5', '--trials', '4', '--problems', 'branin,svm table'];
  const run = (): string[] => {
    const program = [...process.execArgv, bench, ...options, '--methods', 'sobol,random', '--jobs', '2'];
    const text = execFileSync(process.execPath, [...program, '--results', results], { encoding: 'utf8' });
    // Times of searches that are run again are others.
    return text.replace(/\S+ ms$/gm, 'ms').split('\n');
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
  // Seven lines of before, the foreign one, the torn one, and the five that were missing.
  assert.equal(readFileSync(results, 'utf8').trimEnd().split('\n').length, 14);
});

test('medians, ranks, points and sign tests', () => {
  assert.equal(quantile([3, 1, 2, 10], 0.5), 2.5);
  assert.equal(quantile([3, 1, 2, 10], 0.25), 1.75);
  const regrets = {
    p: { ours: [1, 2, 3], theirs: [2, 2, 9] },
    q: { ours: [5, 5, 5], theirs: [9, 1, 1] },
    r: { ours: [0, 0, 1], theirs: [0, 0, 0] },
  };
  assert.deepEqual(comparison(regrets, 'ours', 'theirs'), { won: [], tied: ['p', 'r'], lost: ['q'] });
  assert.deepEqual(bordaPoints([3, 1, 3]), [0.5, 2, 0.5]);
  const [best, worst] = standings(regrets, ['theirs', 'ours']);
  // Of nine pairs ours wins three, ties three and loses three.
  assert.equal(best!.borda + worst!.borda, 1);
  assert.ok(Math.abs(best!.borda - 0.5) < 1e-12 && Math.abs(best!.meanRank - 1.5) < 1e-12);
  assert.ok(best!.interval[0] < 0.5 && best!.interval[1] > 0.5);
  assert.equal(signTest(0, 0), 1);
  assert.ok(Math.abs(signTest(9, 1) - 22 / 1024) < 1e-12);
  assert.equal(signTest(1, 9), signTest(9, 1));
  assert.match(regretTable(regrets, ['ours']), /^p +2\.00 \(1\.50 - 2\.50\) *$/m);
});

test('the optimum of each problem is its least value', () => {
  const random = randomState(5);
  for (const { name, space, truth, optimum } of [...problems(), ...testProblems()]) {
    const coder = spaceCoder(space);
    let best = Infinity;
    for (let i = 0; i < 2000; i++)
      best = Math.min(best, truth(coder.decode(random.uniform(0, 1, coder.coders.length))));
    assert.ok(best >= optimum - 1e-9, `${name}: ${best} below ${optimum}`);
  }
});
