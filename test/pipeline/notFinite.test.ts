import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readJson, sha256File, writeJson } from 'research-basics/files';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readNpy, writeNpy } from 'stm-lab/dist/base/npy';
import {
  crossValidationStage,
  evaluateStage,
  openPredictor,
  readExperiment,
  reduceStage,
  splitStage,
  trainExcerptStage,
  trainStage,
  DEFAULT_EXCERPT_MODEL,
} from 'stm-lab/dist/pipeline';
import { stmLab, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

const folder = temporaryFolder('not-finite');
after(() => fs.rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => path.join(folder, ...names);
const quiet = ['--tracking', 'disabled'];
let experiment = '';

before(() => {
  experiment = tinyExperiment(folder);
  const manifest = tinyCorpus(at('corpus'));
  const { code, err } = stmLab(
    ...['extract', '--manifest', manifest, '--out', at('sound'), '--keep', 'excerpts', ...quiet],
  );
  assert.equal(code, 0, err);
  run('split', '--features', at('sound'), '--out', at('split'));
  run('reduce', '--features', at('sound'), '--split', at('split'), '--out', at('reduction'));
});

function run(...words: string[]): void {
  const { code, err } = stmLab(...words, '--preset', experiment, ...quiet);
  assert.equal(code, 0, err);
}

/** A copy of a folder of results, one value of a matrix replaced, the hash that names the file brought up to date. */
function spoilt(
  from: string,
  name: string,
  file: string,
  row: number,
  column: number,
  value: number,
): string {
  const to = at(name);
  fs.cpSync(from, to, { recursive: true });
  const matrix = readNpy(path.join(to, file));
  (matrix.data as Float32Array)[row * matrix.shape[1]! + column] = value;
  writeNpy(path.join(to, file), matrix);
  const record = path.join(to, 'extraction.json');
  if (fs.existsSync(record)) {
    const { sha256, ...others } = readJson<{ sha256: Record<string, string> }>(record);
    writeJson(record, { ...others, sha256: { ...sha256, [file]: sha256File(path.join(to, file)) } });
  }
  return to;
}

/** The command ends with one sentence and leaves nothing that a later one would take for a result. */
function assertRefused(sentence: RegExp, ...words: string[]): void {
  const out = at('out', String(fs.readdirSync(folder).length), words[0]!);
  const { code, err } = stmLab(...words, '--out', out, '--preset', experiment, ...quiet);
  assert.equal(code, 2, err);
  assert.match(err, sentence);
  assert.equal(err.trim().split('\n').length, 1, err);
  const left = fs.existsSync(out) ? fs.readdirSync(out, { recursive: true, encoding: 'utf8' }) : [];
  const results =
    /stage\.json|reduced\.npy|ablation\.json|cross-validation\.json|model\.json|fold-?\d|cells\/.*json/;
  assert.deepEqual(
    left.filter((name) => results.test(name)),
    [],
  );
}

test('a feature that is not finite is named by every stage that reads it, which leaves no result', () => {
  const features = spoilt(at('sound'), 'nan-features', 'features.npy', 5, 17, NaN);
  const sentence =
    /nan-features\/features\.npy: row 5 \(c0\/g2-1\.wav\) holds NaN in column 17; extract that recording again or leave it out$/m;
  assertRefused(sentence, 'reduce', '--features', features, '--split', at('split'));
  assertRefused(sentence, 'ablate', '--features', features, '--workers', '1');
  assertRefused(sentence, 'evaluate', '--features', features);
});

test('so is an excerpt', () => {
  const features = spoilt(at('sound'), 'bad-excerpts', 'excerpts.npy', 30, 2419, -Infinity);
  const sentence =
    /bad-excerpts\/excerpts\.npy: row 30 \(excerpt 1 of c2\/g3-0\.wav\) holds -Infinity in column 2419;/;
  assertRefused(sentence, 'train', '--features', features);
});

test('so is a reduced feature, in whichever role its recording is', () => {
  const { rows } = readCsv(at('split', 'split.csv'));
  const rowIn = (role: string): number => Number(rows.find((row) => row['role'] === role)!['row']);
  for (const name of ['train', 'validation']) {
    const reduction = spoilt(at('reduction'), `nan-${name}`, 'reduced.npy', rowIn(name), 3, NaN);
    const given = ['--reduction', reduction, '--split', at('split')];
    const sentence = new RegExp(
      `nan-${name}/reduced\\.npy: row ${rowIn(name)} \\(c.*wav\\) holds NaN in column 3; run "stm-lab reduce" again`,
    );
    assertRefused(sentence, 'search', ...given);
    assertRefused(sentence, 'train', ...given);
  }
});

test('a missing file of an earlier stage is named with the command that writes it', async () => {
  const { split, reduction: reduce, model, protocol, crossValidation } = readExperiment(experiment);
  const out = at('never');
  const without = (from: string, file: string): string => {
    const to = at(`${from}-without-${file}`);
    if (fs.existsSync(at(from))) fs.cpSync(at(from), to, { recursive: true });
    fs.rmSync(path.join(to, file), { force: true });
    return to;
  };
  const ofFeatures = (features: string): (() => Promise<unknown>)[] => [
    () => splitStage({ features, split, out }),
    () => reduceStage({ features, split: at('split'), reduction: reduce, out }),
    () => crossValidationStage({ features, out, crossValidation, reduction: reduce, model }),
  ];
  const train = (reduction: string, split: string): Promise<unknown> =>
    trainStage({ reduction, split, out, model, protocol, seed: 1 });
  const cases: [
    from: string,
    file: string,
    command: string,
    stages: (folder: string) => (() => Promise<unknown>)[],
  ][] = [
    ...['extraction.json', 'axes.json', 'index.csv', 'features.npy'].map(
      (file) => ['sound', file, 'extract', ofFeatures] as (typeof cases)[number],
    ),
    [
      'sound',
      'excerpts.npy',
      'extract --keep excerpts',
      (features) => [
        () => trainExcerptStage({ features, out, choice: DEFAULT_EXCERPT_MODEL, crossValidation }),
      ],
    ],
    ...['split.json', 'split.csv'].map(
      (file) =>
        [
          'split',
          file,
          'split',
          (folder: string) => [() => train(at('reduction'), folder)],
        ] as (typeof cases)[number],
    ),
    ...['reduction.json', 'reduced.npy'].map(
      (file) =>
        [
          'reduction',
          file,
          'reduce',
          (folder: string) => [() => train(folder, at('split'))],
        ] as (typeof cases)[number],
    ),
    [
      'nowhere',
      path.join('model', 'model.json'),
      'train',
      (folder) => [
        () => evaluateStage({ model: folder, reduction: at('reduction'), split: at('split'), out }),
        () => openPredictor({ model: folder }),
      ],
    ],
  ];
  for (const [from, file, command, stages] of cases) {
    const folder = without(from, file);
    const sentence = `${path.join(folder, file)}: is missing; run "stm-lab ${command} --out ${folder}" first, or give the folder of an earlier run`;
    for (const stage of stages(folder)) await assert.rejects(stage, { kind: 'input', message: sentence });
  }
});
