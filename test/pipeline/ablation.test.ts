import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { sha256File } from 'research-basics/files';
import { readAblation, readExperiment, type AblationRecord } from 'stm-lab/dist/pipeline';
import { plantedBandFeatures } from '../ablation/plantedBand';
import { stmLab, stmLabKilledAfter, temporaryFolder, tinyCorpus } from './support';

let folder = '';
let features = '';
const at = (name: string): string => path.join(folder, name);

/** An experiment whose ablation takes seconds, as a file. */
function experimentFile(name: string, ablation: object): string {
  const small = readExperiment('small');
  const fit = { ...small.search.fit, epochs: 4 };
  fs.writeFileSync(
    at(`${name}.json`),
    JSON.stringify({ ...small, search: { ...small.search, fit }, ablation }),
  );
  return at(`${name}.json`);
}

const grid = { passes: ['low', 'high'], rateHz: [3, 7], scaleCycPerOct: [0.5, 2], folds: 2, seeds: 2 };
const command = (experiment: string, out: string, workers: number): string[] => [
  ...['ablate', '--features', features, '--out', at(out), '--preset', experiment],
  ...['--workers', String(workers), '--tracking', 'offline', '--journal', at(`${out}-journals`)],
];
const record = (out: string): AblationRecord =>
  JSON.parse(fs.readFileSync(at(`${out}/ablation.json`), 'utf8')) as AblationRecord;

before(() => {
  folder = temporaryFolder('ablation');
  features = plantedBandFeatures(at('features'), 10);
});

/** Keys of the runs, and of each the metrics it was given. */
function trackedCells(journals: string): { key: string; macroF1: number }[] {
  return fs
    .readdirSync(at(journals))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => {
      const lines = fs
        .readFileSync(path.join(at(journals), name), 'utf8')
        .trim()
        .split('\n');
      const { key, parent } = JSON.parse(lines[0]!) as { key: string; parent?: unknown };
      const points = lines.filter((line) => line.includes('"macro_f1"')).length;
      return { key: `${parent === undefined ? 'top' : 'cell'} ${key}`, macroF1: points };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

test('one process, or two killed twice and started again: the same bytes, every cell one complete run', async () => {
  const experiment = experimentFile('quick', { ...grid, fit: { epochs: 6, batchSize: 16 } });
  const began = performance.now();
  const { code, out, err } = stmLab(...command(experiment, 'whole', 1));
  const whole = performance.now() - began;
  assert.equal(code, 0, err);
  assert.match(out, /What this corpus supports\n {2}40 recordings of 20 groups in 2 classes/);
  let killed = 0;
  for (const share of [0.6, 0.7])
    if ((await stmLabKilledAfter(whole * share, ...command(experiment, 'broken', 2))) === 'killed') killed++;
  assert.ok(killed > 0, 'every attempt ended before it was killed');
  const last = stmLab(...command(experiment, 'broken', 2));
  assert.equal(last.code, 0, last.err);
  for (const file of ['ablation.json', 'cells.csv'])
    assert.equal(sha256File(at(`broken/${file}`)), sha256File(at(`whole/${file}`)), file);
  const runs = trackedCells('broken-journals');
  assert.deepEqual(runs, trackedCells('whole-journals'));
  assert.equal(runs.filter(({ key, macroF1 }) => key.startsWith('cell') && macroF1 === 1).length, 9);
  assert.equal(runs.length, 10);
});

test('a cell may have a search of its own, scored on the test fold', () => {
  const experiment = experimentFile('searched', {
    ...grid,
    passes: ['low'],
    rateHz: [7],
    scaleCycPerOct: [2],
    folds: 4,
    search: { trials: 2, executions: 1 },
  });
  const { code, err } = stmLab(...command(experiment, 'searched', 1));
  assert.equal(code, 0, err);
  const { protocol, cells, support } = record('searched');
  assert.equal(protocol, 'searched');
  assert.equal(cells[0]!.searched?.trials, 2);
  assert.ok('lr' in cells[0]!.searched!.best);
  // One fold of four scores.
  assert.ok(support.recordings < 20, String(support.recordings));
});

test('from a manifest: features are extracted when missing; results lie below the corpus, by size', () => {
  const manifest = tinyCorpus(at('sounds'));
  const given = [
    '--manifest',
    manifest,
    '--preset',
    experimentFile('whole', { ...grid, seeds: 1, fit: { epochs: 2 } }),
  ];
  const { code, out, err } = stmLab('ablate', ...given, '--results', at('results'), '--tracking', 'disabled');
  assert.equal(code, 0, err);
  assert.match(out, /36 recordings of 18 groups in 3 classes/);
  assert.match(out, /results\/sounds\/small\/ablation: 8 cells and all features; done/);
  assert.match(stmLab('ablate', ...given, '--out', at('x')).err, /--out: goes with --features/);
});

test('what is wrong is said before any training', () => {
  const odd = experimentFile('odd', { ...grid, rateHz: [15] });
  const { code, err } = stmLab(...command(odd, 'odd', 1));
  assert.equal(code, 2);
  assert.match(err, /\|rate\| > 15 Hz and scale > 0.5 cyc\/oct keeps no feature/);
  assert.match(stmLab('ablate', '--features', features).err, /--out DIR is required/);
  assert.match(stmLab('ablate', '--size', 'huge').err, /--size huge: must be one of small, quick, paper/);
});

test('prepared sizes: quick holds all 98 published cells, complements and marginals; paper searches', () => {
  const quick = readAblation('quick');
  assert.deepEqual([quick.rateHz.length, quick.scaleCycPerOct.length], [7, 7]);
  assert.deepEqual([...quick.passes].sort(), ['high', 'low', 'not-high', 'not-low']);
  assert.deepEqual([quick.marginals, quick.seeds, quick.search], ['yes', 3, undefined]);
  assert.deepEqual(readAblation('paper').search, { trials: 40, executions: 3 });
  assert.equal(readExperiment('paper').ablation.search?.trials, 40);
});
