import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { divergedError } from 'research-basics/errors';
import { sha256File } from 'research-basics/files';
import { runStage } from 'stm-lab/dist/pipeline';
import type { AblationRecord, ComparisonRecord } from 'stm-lab/dist/pipeline';
import { stageParts } from 'stm-lab/dist/stages/stageParts';
import { withPreload } from '../faults/preload';
import { stmLab, temporaryFolder, tinyCorpus, tinyExperiment, type Finished } from './support';

const folder = temporaryFolder('divergence');
after(() => fs.rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => path.join(folder, ...names);
const json = <T>(...names: string[]): T => JSON.parse(fs.readFileSync(at(...names), 'utf8')) as T;

const quiet = ['--tracking', 'disabled'];
let manifest = '';
let experiment = '';
before(() => {
  manifest = tinyCorpus(at('corpus'));
  experiment = tinyExperiment(folder);
  const { code, err } = stmLab('extract', '--manifest', manifest, '--out', at('features'), ...quiet);
  assert.equal(code, 0, err);
});

/** A copy of the tiny experiment with other settings. */
function variant(name: string, change: (value: Record<string, never>) => object): string {
  const value = JSON.parse(fs.readFileSync(experiment, 'utf8')) as Record<string, never>;
  const file = at(`${name}.json`);
  fs.writeFileSync(file, JSON.stringify({ ...value, ...change(value) }));
  return file;
}

/** What a command left, one fold of every model on this many columns predicting NaN. */
function spoilt(columns: number, ...words: string[]): Finished {
  const env = { STMTEST_NAN_COLUMNS: String(columns) };
  return withPreload(path.resolve(__dirname, '..', 'faults', 'nanFolds.cjs'), env, () => stmLab(...words));
}

/** The command ended in one sentence that names what has no result, without a stack. */
function assertNamed({ code, err }: Finished, sentence: RegExp): void {
  assert.equal(code, 1, err);
  assert.match(err, sentence);
  assert.doesNotMatch(err, /\n {4}at /);
}

test('a stage with parts that diverged is tried again; anything else that a part throws ends it', async () => {
  const told: string[] = [];
  let wild = true;
  const run = (): ReturnType<typeof runStage> =>
    runStage({
      stage: 'parts',
      folder: at('parts'),
      parameters: 1,
      inputs: {},
      onStale: (line) => told.push(line),
      run: async () => {
        const parts = stageParts({ warn: (line) => told.push(line) });
        const one = await parts.attempt('a', () => Promise.resolve('fine'));
        const two = await parts.attempt('b', () =>
          wild ? Promise.reject(divergedError('training diverged')) : Promise.resolve('fine'),
        );
        fs.writeFileSync(at('parts', 'result'), `${one} ${two}`);
        return { files: ['result'], failed: parts.failed };
      },
    });
  const first = await run();
  assert.deepEqual(first.record.failed, [{ name: 'b', reason: 'training diverged' }]);
  assert.deepEqual(told.splice(0), ['b: training diverged']);
  assert.equal((await run()).status, 'computed');
  assert.match(told.splice(0)[0]!, /^parts: tried again: b \(/);
  wild = false;
  const last = await run();
  assert.deepEqual([last.status, last.record.failed], ['computed', undefined]);
  assert.equal((await run()).status, 'cached');
  assert.equal(fs.readFileSync(at('parts', 'result'), 'utf8'), 'fine fine');
  await assert.rejects(
    stageParts({}).attempt('c', () => Promise.reject(new Error('disk full'))),
    /disk full/,
  );
});

test('ablate: a cell that diverges is missing by name; tried again, the bytes are those of a sound run', () => {
  const command = (out: string, workers: string): string[] => [
    ...['ablate', '--features', at('features'), '--out', at(out), '--preset', experiment],
    ...['--workers', workers, '--tracking', 'offline', '--journal', at(`${out}-runs`)],
  ];
  assert.equal(stmLab(...command('sound', '1')).code, 0);
  const cell = 'low-rate4-scale2';
  const out = 'wild';
  const first = spoilt(198, ...command(out, '2'));
  assertNamed(first, new RegExp(`stm-lab ablate: 1 without a result, since training diverged: ${cell};`));
  assert.match(first.err, new RegExp(`^${cell}: cross-validation: fold 1 of seed 1 predicts NaN`, 'm'));
  assert.match(first.out, new RegExp(`^${cell} +diverged$`, 'm'));
  assert.ok(!fs.existsSync(at(out, 'cells', `${cell}.json`)));
  const { cells } = json<AblationRecord>(out, 'ablation.json');
  assert.deepEqual(
    cells,
    json<AblationRecord>('sound', 'ablation.json').cells.filter(({ name }) => name !== cell),
  );
  const line = readCsv(at(out, 'cells.csv')).rows.at(-1)!;
  assert.deepEqual([line['name'], line['macro_f1'], line['features']], [cell, '', '']);
  const kept = fs.statSync(at(out, 'cells', 'all.json')).mtimeMs;
  const second = stmLab(...command(out, '1'));
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, new RegExp(`ablate: tried again: ${cell}`));
  assert.equal(fs.statSync(at(out, 'cells', 'all.json')).mtimeMs, kept);
  for (const file of ['ablation.json', 'cells.csv'])
    assert.equal(sha256File(at(out, file)), sha256File(at('sound', file)));
  const runs = fs.readdirSync(at(`${out}-runs`)).filter((name) => name.endsWith('.jsonl'));
  assert.equal(runs.length, 8);
  const own = runs
    .map((name) => fs.readFileSync(at(`${out}-runs`, name), 'utf8'))
    .find((text) => text.includes(`"name":"${cell}"`))!;
  assert.match(own, /"FAILED"[^]*"macro_f1"[^]*"FINISHED"/);
  assert.doesNotMatch(own.split('"FAILED"')[0]!, /macro_f1/);
});

test('ablate: without all features nothing is compared, and nothing is stored but finished cells', () => {
  const words = ['ablate', '--features', at('features'), '--out', at('no-reference'), ...quiet];
  const first = spoilt(2420, ...words, '--preset', experiment, '--workers', '1');
  assertNamed(first, /ablation: nothing can be compared, since the training on all features diverged/);
  assert.deepEqual(
    ['ablation.json', 'stage.json', 'cells/all.json', 'cells/low-rate4.json'].map((name) =>
      fs.existsSync(at('no-reference', name)),
    ),
    [false, false, false, true],
  );
});

test('ablate in shards: a shard is complete without what diverged; the merge names it', () => {
  const command = ['ablate', '--features', at('features'), '--out', at('shards'), ...quiet];
  const words = [...command, '--preset', experiment, '--workers', '1'];
  const ends = ['1/2', '2/2'].map((shard) => spoilt(198, ...words, '--shard', shard));
  assert.deepEqual(ends.map(({ code }) => code).sort(), [0, 1]);
  assertNamed(spoilt(198, ...words, '--merge', '2'), /1 without a result.*low-rate4-scale2/);
  assert.equal(stmLab(...words, '--merge', '2').code, 0);
  assert.equal(sha256File(at('shards', 'ablation.json')), sha256File(at('sound', 'ablation.json')));
});

test('compare: a row that diverges leaves a gap in table, lines and figure, and no stored fold', () => {
  const rows = (value: Record<string, never>, reference: string): object => ({
    comparison: {
      ...(value['comparison'] as object),
      reference,
      rows: [
        { name: 'STM-MLP' },
        { name: 'wild', model: { family: 'dropout', hidden: [{ units: 8 }], fit: { epochs: 3, batchSize: 8, accumulation: 1, biasCorrection: 'standard', schedule: 'constant', learningRate: 1e38 } } }, // prettier-ignore
        { name: 'logistic regression', logistic: { C: 0.01 } },
      ],
    },
  });
  const results = at('compared');
  const command = (file: string): string[] => [
    ...['compare', '--manifest', manifest, '--preset', file, '--results', results, ...quiet],
  ];
  const file = variant('compare', (value) => rows(value, 'STM-MLP'));
  const first = stmLab(...command(file));
  assertNamed(first, /stm-lab compare: 1 without a result, since training diverged: wild; run it again/);
  assert.match(first.err, /^wild: fold 0 of seed 1: training diverged in epoch 1: its \w+ became/m);
  assert.match(first.out, /^wild +- +- +diverged +-/m);
  const out = path.join(results, 'corpus', 'tiny', 'comparison');
  const record = JSON.parse(fs.readFileSync(path.join(out, 'comparison.json'), 'utf8')) as ComparisonRecord;
  assert.deepEqual(
    record.rows.map(({ name, against }) => [name, against !== undefined]),
    [
      ['STM-MLP', false],
      ['logistic regression', true],
    ],
  );
  assert.match(fs.readFileSync(path.join(out, 'comparison.csv'), 'utf8'), /^wild,+$/m);
  assert.match(fs.readFileSync(path.join(out, 'comparison.svg'), 'utf8'), />wild<[^]*>–</);
  const stored = fs.readdirSync(path.join(out, 'rows'), { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    stored.filter((name) => /^wild.*(\.npy|row\.json)$/.test(name)),
    [],
  );
  const again = stmLab(...command(file));
  assertNamed(again, /compare: tried again: wild/);
  // The row that others are compared with may be the one that is missing.
  const other = stmLab(...command(variant('compare', (value) => rows(value, 'wild'))));
  assertNamed(other, /1 without a result.*wild/);
  assert.match(other.out, /^STM-MLP .* - +\d\.\d{3}, ROC/m);
});

test('reproduce: a training that diverges costs what depends on it, and nothing else', () => {
  const file = variant('reproduce', ({ protocol }: Record<string, never>) => ({
    protocol: {
      ...(protocol as object),
      fit: { epochs: 3, learningRate: 1e38, schedule: 'constant', restore: 'last' },
    },
  }));
  const words = ['reproduce', '--manifest', manifest, '--preset', file, '--results', at('reproduced')];
  const command = [...words, '--notebooks', 'skip', ...quiet];
  const first = spoilt(198, ...command);
  assertNamed(
    first,
    /stm-lab reproduce: 3 without a result, since training diverged: train; evaluate; ablate: low-rate4-scale2;/,
  );
  assert.match(first.out, /^train +failed +training diverged in epoch/m);
  assert.match(first.out, /^cross-validate .*macro-F1 0\.\d+/m);
  assert.match(first.out, /^ablate .* 5 cells, 1 diverged/m);
  assert.match(first.err, /figure learning-curves is left out: training diverged/);
  const made = (name: string): boolean => fs.existsSync(at('reproduced', 'corpus', 'tiny', name));
  assert.deepEqual(
    ['model/stage.json', 'model/model', 'evaluation', 'figures/ablation.svg', 'figures/confusion.svg'].map(made), // prettier-ignore
    [false, false, false, true, true],
  );
  assert.match(fs.readFileSync(at('reproduced', 'corpus', 'tiny', 'figures', 'ablation.svg'), 'utf8'), />–</);
  // Sound again, the cell is in the figures.
  const second = stmLab(...command);
  assertNamed(second, /2 without a result, since training diverged: train; evaluate;/);
  assert.match(second.out, /^ablate .* 6 cells; /m);
  assert.doesNotMatch(
    fs.readFileSync(at('reproduced', 'corpus', 'tiny', 'figures', 'ablation.svg'), 'utf8'),
    />–</,
  );
});
