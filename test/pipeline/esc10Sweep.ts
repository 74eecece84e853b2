/**
 * A sweep as a user writes it, on the real ESC-10 with its published folds: family, components, smoothing, folding, gamma,
 * batch size and C; 40 trials by two workers, stopped, resumed, extended. Some three minutes.
 *
 *     npm run test:sweep
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { program, stmLab, temporaryFolder } from './support';

const home = path.resolve(__dirname, '..', '..');
const corpus = path.join(process.env['STM_SHARED'] ?? path.join(home, '..', 'shared'), 'esc-10');

const only = (family: string): unknown => ({ parameter: 'model.family', in: [family] });
const PRESET = {
  name: 'sweep',
  features: { kind: 'stm', maxSilenceSeconds: 'off' },
  split: { column: 'fold', folds: 5 },
  reduction: { method: 'exact', components: 100, whiten: 'no' },
  search: {
    ...{ sampler: 'gp', trials: 30, executions: 1, seed: 1, family: 'dropout' },
    objective: { metric: 'macroF1', folds: 3, over: 'groups' },
    space: {
      'model.family': { type: 'categorical', choices: ['dropout', 'logistic', 'svm'] },
      'reduction.components': { type: 'int', min: 40, max: 200, step: 40 },
      'features.rateSmoothing': { type: 'float', min: 0, max: 1 },
      'features.foldRates': { type: 'categorical', choices: [false, true] },
      'loss.gamma': { type: 'float', min: 0, max: 4, when: only('dropout') },
      'training.batchSize': { type: 'int', min: 16, max: 64, step: 16, when: only('dropout') },
      'svm.C': { type: 'float', min: 0.1, max: 100, scale: 'log', when: only('svm') },
      'logistic.C': { type: 'float', min: 0.0003, max: 1, scale: 'log', when: only('logistic') },
    },
    fit: { epochs: 40, batchSize: 32, accumulation: 1, schedule: 'cosine', biasCorrection: 'standard' },
  },
  model: {
    family: 'dropout',
    hidden: [{ units: 256, dropout: 0.5 }],
    fit: { epochs: 40, batchSize: 32, accumulation: 1, learningRate: 0.001, biasCorrection: 'standard' },
  },
  protocol: { name: 'corrected', fit: { epochs: 40 } },
  crossValidation: { folds: 5, seeds: 1 },
  ablation: 'small',
};

test('40 trials on ESC-10: stopped, resumed, extended, every configuration tried once', async () => {
  const folder = temporaryFolder('sweep');
  const at = (name: string): string => path.join(folder, name);
  fs.writeFileSync(at('sweep.json'), JSON.stringify(PRESET));
  const preset = ['--preset', at('sweep.json')];
  const offline = ['--tracking', 'offline'];
  const done = (...words: string[]): string => {
    const { code, out, err } = stmLab(...words);
    assert.equal(code, 0, `${words.join(' ')}\n${out}\n${err}`);
    return out;
  };
  const manifest = path.join(corpus, 'manifest.csv');
  done(
    'extract',
    ...['--manifest', manifest, '--out', at('features'), '--max-silence', 'off', '--tracking', 'disabled'],
  );
  done(
    'split',
    '--features',
    at('features'),
    '--manifest',
    manifest,
    '--out',
    at('split'),
    ...preset,
    ...offline,
  );
  const chain = ['--features', at('features'), '--split', at('split')];
  done('reduce', ...chain, '--out', at('reduction'), ...preset, ...offline);
  const search = [
    ...['search', ...chain, '--reduction', at('reduction'), '--manifest', manifest, '--out', at('search')],
    ...[...preset, '--workers', '2', ...offline],
  ];

  let before = 0;
  const stopped = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [program, ...search], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (data: Buffer) => {
      before += data.toString().match(/^ *\d+ {2}complete/gm)?.length ?? 0;
      if (before >= 8) child.kill('SIGINT');
    });
    child.on('exit', resolve);
  });
  assert.equal(stopped, 130);
  assert.ok(before >= 8 && before < 30, `${before} trials before the stop`);

  assert.match(done(...search), /30 trials completed, 0 failed/);
  const printed = done(...search, '--trials', '40');
  assert.match(printed, /40 trials completed, 0 failed/);

  const { columns, rows } = readCsv(at('search/trials.csv'));
  const names = Object.keys(PRESET.search.space).map((name) => `parameter ${name}`);
  for (const name of names) assert.ok(columns.includes(name), name);
  assert.deepEqual(new Set(rows.map(({ state }) => state)), new Set(['complete']));
  assert.equal(rows.length, 40);
  assert.equal(new Set(rows.map((row) => names.map((name) => row[name]).join(' '))).size, 40);
  const best = Math.max(...rows.map(({ value }) => Number(value)));
  console.log(/best macroF1 .*/.exec(printed)![0]);
  assert.ok(best > 0.6, `best macro-F1 ${best}`);
});
