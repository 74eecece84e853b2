import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readCsv, writeCsv } from 'stm-lab/dist/base/csv';
import { readNpy } from 'stm-lab/dist/base/npy';
import { crossValidationStage, type AblationRecord, type ComparisonRecord } from 'stm-lab/dist/pipeline';
import { collectionDesign } from 'stm-lab/dist/pipeline/byCollection';
import type { IndexRow } from 'stm-lab/dist/pipeline/featureFolder';
import { plantedCollections } from './plantedCollections';
import { stmLab, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

const network = {
  reduction: { method: 'exact', components: 10, whiten: 'common' },
  model: {
    family: 'dropout',
    hidden: [{ units: 16 }],
    fit: { epochs: 20, batchSize: 16, accumulation: 1, learningRate: 0.01, biasCorrection: 'standard' },
  },
} as const;

test('what is only the collection shows by group and fails by collection; a class of one collection is named', async () => {
  const folder = temporaryFolder('planted');
  const features = plantedCollections(path.join(folder, 'features'), {
    labels: ['x: one', 'x: two', 'y: one', 'y: single'],
    collections: [4, 4, 4, 1],
  });
  const out = path.join(folder, 'scores');
  const summary = await crossValidationStage({
    features,
    out,
    crossValidation: { folds: 4, seeds: 2 },
    ...network,
  });
  const unseen = summary.byCollection!;
  assert.deepEqual(unseen.notScorable, ['y: single']);
  assert.deepEqual([unseen.collections, unseen.recordings, unseen.repeats.length], [12, 120, 2]);
  assert.ok(summary.mean.macroF1.value > 0.9, `by group ${summary.mean.macroF1.value}`);
  assert.ok(unseen.macroF1.value < 0.75, `by collection ${unseen.macroF1.value}`);
  assert.ok(unseen.macroF1.low < unseen.macroF1.value && unseen.macroF1.value < unseen.macroF1.high);
  // Collections are fewer than groups and differ more: their interval is the wider one.
  const width = ({ low, high }: { low: number; high: number }): number => high - low;
  assert.ok(width(unseen.macroF1) > 2 * width(summary.mean.macroF1));
  assert.ok(unseen.domainMacroF1! > 0 && summary.domainMacroF1! > 0.9);
  assert.ok(unseen.ece > 0.1);
  const lines = readCsv(path.join(out, 'predictions-by-collection.csv')).rows;
  assert.equal(lines.length, 120);
  assert.ok(lines.every(({ path: name }) => !name!.startsWith('c3')));
});

test('any column names the collections, from the command line to the table; without one there is a dash', () => {
  const folder = temporaryFolder('columns');
  const manifest = tinyCorpus(path.join(folder, 'corpus'), { groups: 3 });
  const rows = readCsv(manifest).rows.map((row, i) => ({ ...row, Quelle: `Sammlung ${(i >> 1) % 3}` }));
  writeCsv(manifest, ['path', 'label', 'group', 'Quelle'], rows);
  const experiment = tinyExperiment(folder);
  const whole = JSON.parse(fs.readFileSync(experiment, 'utf8')) as Record<string, unknown>;
  const comparison = {
    folds: 3,
    seeds: 1,
    reference: 'logistic',
    resamples: 50,
    rows: [
      { name: 'logistic', logistic: {} },
      { name: 'strict', logistic: { C: 0.01 } },
      { name: 'both', combine: ['logistic', 'strict'] },
    ],
  };
  fs.writeFileSync(experiment, JSON.stringify({ ...whole, comparison }));
  const compare = (results: string, ...more: string[]): ReturnType<typeof stmLab> =>
    stmLab(
      ...['compare', '--manifest', manifest, '--preset', experiment, '--tracking', 'disabled'],
      ...['--results', path.join(folder, results), ...more],
    );
  const named = compare('named', '--collection', 'Quelle');
  assert.equal(named.code, 0, named.err);
  assert.match(named.out, /by collection: 3 folds over 3 collections/);
  const out = path.join(folder, 'named', 'corpus', 'tiny', 'comparison');
  const { rows: scored } = JSON.parse(
    fs.readFileSync(path.join(out, 'comparison.json'), 'utf8'),
  ) as ComparisonRecord;
  assert.equal(scored[0]!.byCollection!.collections, 3);
  const stored = fs.readdirSync(path.join(out, 'rows'));
  for (const division of ['probabilities.npy', 'probabilities-by-collection.npy']) {
    const [logistic, strict, both] = ['logistic', 'strict', 'both'].map((name) => {
      const own = stored.find((one) => one.startsWith(`${name}-`))!;
      return readNpy(path.join(out, 'rows', own, division));
    });
    const classes = both!.shape[2]!;
    const products = Float64Array.from(logistic!.data as Float32Array, (p, i) =>
      Math.sqrt((p + 1e-6) * (strict!.data[i]! + 1e-6)),
    );
    both!.data.forEach((p, i) => {
      const row = i - (i % classes);
      const total = products.slice(row, row + classes).reduce((sum, product) => sum + product, 0);
      assert.ok(Math.abs(p - products[i]! / total) < 1e-6, `${division}, value ${i}`);
    });
  }
  const [line, strictLine] = readCsv(path.join(out, 'comparison.csv')).rows;
  assert.equal(Number(line!['collection_macro_f1']), scored[0]!.byCollection!.macroF1.value);
  assert.equal(scored[0]!.against, undefined);
  const { difference, pValue } = scored[1]!.against!.byCollection!;
  const values = scored.map(({ byCollection }) => byCollection!.macroF1.value);
  assert.ok(Math.abs(difference.value - (values[1]! - values[0]!)) < 1e-9);
  assert.ok(difference.low <= difference.value && difference.value <= difference.high && pValue > 0);
  assert.equal(Number(strictLine!['collection_difference']), difference.value);
  assert.match(named.out, /difference by collection/);

  const ablation = path.join(folder, 'ablation');
  const ablate = (): ReturnType<typeof stmLab> =>
    stmLab(
      ...[
        'ablate',
        '--features',
        path.join(folder, 'named', 'corpus', 'features-stm-published'),
        '--out',
        ablation,
      ],
      ...['--preset', experiment, '--workers', '1', '--tracking', 'offline'],
      ...['--journal', path.join(folder, 'runs')],
    );
  const first = ablate();
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /by collection/);
  const { reference, cells } = JSON.parse(
    fs.readFileSync(path.join(ablation, 'ablation.json'), 'utf8'),
  ) as AblationRecord;
  const unseen = [reference, ...cells].map(({ byCollection }) => byCollection!);
  assert.ok(unseen.every(({ collections, macroF1 }) => collections === 3 && macroF1.low <= macroF1.value));
  assert.deepEqual(
    readCsv(path.join(ablation, 'cells.csv')).rows.map((cell) => Number(cell['collection_macro_f1'])),
    unseen.map(({ macroF1 }) => macroF1.value),
  );
  const journals = fs.readdirSync(path.join(folder, 'runs')).filter((name) => name.endsWith('.jsonl'));
  const tracked = journals.map((name) => fs.readFileSync(path.join(folder, 'runs', name), 'utf8'));
  assert.equal(tracked.filter((text) => text.includes('collection_macro_f1')).length, unseen.length);
  assert.match(ablate().out, /cached|reused/);

  const wrong = compare('wrong', '--collection', 'Herkunft');
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.err,
    /has no column "Herkunft" to take collections from \(its columns: path, label, group, Quelle\)/,
  );
  const without = compare('without');
  assert.equal(without.code, 0, without.err);
  assert.doesNotMatch(without.out, /by collection:/);
});

test('groups that spread over collections leave nothing to train on: said in one sentence, not an error', () => {
  const rows = (groupOf: (i: number) => string): IndexRow[] =>
    Array.from({ length: 24 }, (_, i) => ({
      ...{ path: `${i}.wav`, label: i < 12 ? 'a' : 'b', group: groupOf(i), collection: `c${i % 4}` },
      ...{ excerpts: 1, analysedSeconds: 4 },
    }));
  const told: string[] = [];
  const warn = (line: string): void => void told.push(line);
  assert.equal(
    collectionDesign(
      rows((i) => `one of class ${i < 12}`),
      2,
      3,
      warn,
    ),
    undefined,
  );
  assert.match(
    told.join(),
    /^not scored by collection: groups spread over collections, .* groups within collections$/,
  );
  const within = collectionDesign(
    rows((i) => `speaker ${i}`),
    2,
    3,
    warn,
  )!;
  assert.deepEqual([within.folds, within.collections, told.length], [2, 4, 1]);
});
