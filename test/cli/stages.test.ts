import { execFileSync, spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { readNpy } from 'stm-lab/dist/base/npy';
import { readCsv } from 'stm-lab/dist/base/csv';
import { commands } from 'stm-lab/dist/cli/commands';
import { loadKeras, loadModel } from 'stm-lab/dist/models';
import { stmLab, stmLabHere, temporaryFolder, tinyCorpus, tinyExperiment } from '../pipeline/support';

let folder = '';
let manifest = '';
let experiment = '';
const at = (name: string): string => path.join(folder, name);
const stage = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await stmLabHere(...args, '--preset', experiment);
  assert.equal(code, 0, err);
  return out;
};

before(() => {
  folder = temporaryFolder('cli');
  manifest = tinyCorpus(at('corpus'));
  experiment = tinyExperiment(folder);
});

test('each stage works alone on the files of the one before', async () => {
  const { code, out, err } = stmLab('extract', '--manifest', manifest, '--out', at('features'));
  assert.equal(code, 0, err);
  assert.match(out, /36 accepted, 0 rejected \(36 computed, 0 reused/);
  assert.match(
    await stage('split', '--features', at('features'), '--out', at('split')),
    /class 0 .*\n.*class 1/,
  );
  await stage('reduce', '--features', at('features'), '--split', at('split'), '--out', at('reduction'));
  assert.match(
    await stage('search', '--reduction', at('reduction'), '--split', at('split'), '--out', at('search')),
    /4 trials completed, 0 failed/,
  );
  const chain = ['--reduction', at('reduction'), '--split', at('split')];
  await stage('train', ...chain, '--search', at('search'), '--out', at('model'), '--export', 'keras');
  const [exported, saved] = [await loadKeras(at('model/model.keras')), loadModel(at('model/model'))];
  assert.deepEqual([exported.weights, exported.info], [saved.weights, saved.info]);
  const heard = ['--manifest', manifest, '--tracking', 'offline'];
  assert.match(
    await stage('evaluate', ...chain, '--model', at('model'), '--out', at('evaluation'), ...heard),
    /macro-F1/,
  );
  assert.match(
    await stage('evaluate', '--features', at('features'), '--out', at('cv')),
    /macro-F1 [01]\.\d{3} \[/,
  );
  assert.match(
    await stage('ablate', '--features', at('features'), '--out', at('ablation'), ...heard),
    /6 cells/,
  );
  const journals = fs
    .readdirSync(at('tracking'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => fs.readFileSync(at(`tracking/${name}`), 'utf8'))
    .join('');
  assert.match(journals, /"sounds\.html"/);
  assert.match(journals, /"sounds\/low-rate4\.html"/);
  assert.match(fs.readFileSync(at('ablation/sounds/low-rate4.html'), 'utf8'), /suppression -[\d.]+ dB/);

  assert.deepEqual(readNpy(at('features/features.npy')).shape, [36, 2420]);
  assert.deepEqual(readNpy(at('reduction/reduced.npy')).shape, [36, 8]);
  assert.equal(readCsv(at('split/split.csv')).rows.length, 36);
  assert.equal(readCsv(at('cv/predictions.csv')).rows.length, 36);
  assert.deepEqual(
    readCsv(at('ablation/cells.csv')).rows.map(({ name }) => name),
    [
      'all',
      'low-rate4-scale2',
      'not-low-rate4-scale2',
      'low-rate4',
      'high-rate4',
      'low-scale2',
      'high-scale2',
    ],
  );
});

test('excerpts are kept on request, mel features on another scale', async () => {
  const both = ['extract', '--manifest', manifest, '--out'];
  assert.equal((await stmLabHere(...both, at('excerpts'), '--keep', 'excerpts')).code, 0);
  assert.deepEqual(readNpy(at('excerpts/excerpts.npy')).shape, [36, 2420]);
  assert.deepEqual(readNpy(at('excerpts/features.npy')).data, readNpy(at('features/features.npy')).data);
  assert.equal((await stmLabHere(...both, at('mel'), '--kind', 'mel')).code, 0);
  assert.equal((await stmLabHere(...both, at('decibel'), '--kind', 'mel', '--scale', 'decibel')).code, 0);
  const [power, decibel] = ['mel', 'decibel'].map((name) => readNpy(at(`${name}/features.npy`)).data);
  assert.ok(power!.every((value) => value >= 0) && decibel!.some((value) => value < 0));
  const none = await stmLabHere(...both, at('none'), '--kind', 'mel', '--keep', 'excerpts');
  assert.equal(none.code, 2);
  assert.match(none.err, /mel features take one excerpt per recording, so there are none to keep/);
  const hop = await stmLabHere(...both, at('hop'), '--hop', '0.5');
  assert.equal(hop.code, 2);
  assert.match(hop.err, /--hop: is not a setting of stm features, which have --channels, --max-excerpts/);
  assert.match(
    (await stmLabHere(...both, at('hop'), '--max-excerpts', '1.5')).err,
    /must be a whole number from 1/,
  );
});

test('three kinds of sound are told apart by cross-validation', () => {
  const { mean } = JSON.parse(fs.readFileSync(at('cv/cross-validation.json'), 'utf8')) as {
    mean: { macroF1: { value: number } };
  };
  // Guessing gives 1/3; 24 training recordings and a network of 16 units give about 0.69.
  assert.ok(mean.macroF1.value > 0.5, `macro-F1 ${mean.macroF1.value}`);
});

test('a search in two processes holds every trial once, each a run below the search', async () => {
  const chain = ['--reduction', at('reduction'), '--split', at('split')];
  const tracking = ['--journal', at('journals')];
  assert.match(
    await stage('search', ...chain, '--out', at('search-2'), '--workers', '2', '--trials', '6', ...tracking),
    /6 trials completed, 0 failed/,
  );
  const starts = fs
    .readdirSync(at('journals'))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => fs.readFileSync(path.join(at('journals'), name), 'utf8').split('\n')[0]!);
  assert.equal(starts.length, 7);
  assert.equal(starts.filter((line) => line.includes('"parent"')).length, 6);
});

test('predict: new recordings by a trained network, whole and over time; a missing one is named', async () => {
  const given = [path.join(folder, 'corpus', 'c1', 'g2-0.wav'), path.join(folder, 'absent.wav')];
  const { code, out, err } = await stmLabHere(
    ...[
      'predict',
      '--model',
      at('model'),
      '--reduction',
      at('reduction'),
      '--out',
      at('predictions.csv'),
      ...given,
    ],
  );
  assert.equal(code, 1);
  assert.match(err, /absent\.wav: there is no such file/);
  assert.match(out, /c1\/g2-0\.wav {2}all +class \d/);
  const rows = readCsv(at('predictions.csv')).rows;
  assert.deepEqual(
    rows.map((row) => row['start_s']),
    ['all', '0'],
  );
  for (const row of rows) {
    const sum = ['class 0', 'class 1', 'class 2'].reduce(
      (total, name) => total + Number(row[`p(${name})`]),
      0,
    );
    assert.ok(Math.abs(sum - 1) < 1e-5);
  }
});

test('inspect draws a recording; manifest validate names what changed', async () => {
  const recording = path.join(folder, 'corpus', 'c1', 'g2-0.wav');
  assert.equal((await stmLabHere('inspect', recording, '--out', at('drawn'))).code, 0);
  assert.match(fs.readFileSync(at('drawn.svg'), 'utf8'), /Cochleagram/);
  assert.equal((await stmLabHere('manifest', 'validate', '--manifest', manifest)).code, 0);
  fs.copyFileSync(recording, path.join(folder, 'corpus', 'c1', 'unlisted.wav'));
  const { code, out } = await stmLabHere('manifest', 'validate', '--manifest', manifest);
  fs.rmSync(path.join(folder, 'corpus', 'c1', 'unlisted.wav'));
  assert.equal(code, 1);
  assert.match(out, /not listed: c1\/unlisted\.wav/);
});

test('a second run keeps what is there', async () => {
  assert.match(
    (await stmLabHere('extract', '--manifest', manifest, '--out', at('features'))).out,
    /0 computed, 36 reused/,
  );
  assert.match(
    await stage('ablate', '--features', at('features'), '--out', at('ablation')),
    /reused from an earlier run/,
  );
});

test('a model is refused with another reduction than its own', async () => {
  await stage('reduce', '--features', at('features'), '--split', at('split'), '--out', at('reduction-2'));
  const other = {
    ...(JSON.parse(fs.readFileSync(experiment, 'utf8')) as object),
    reduction: { method: 'exact', components: 5 },
  };
  fs.writeFileSync(at('other.json'), JSON.stringify(other));
  await stmLabHere(
    'reduce',
    '--features',
    at('features'),
    '--split',
    at('split'),
    '--out',
    at('reduction-2'),
    '--preset',
    at('other.json'),
  );
  const { code, err } = await stmLabHere(
    'evaluate',
    '--model',
    at('model'),
    '--reduction',
    at('reduction-2'),
    '--split',
    at('split'),
    '--out',
    at('e2'),
  );
  assert.equal(code, 2);
  assert.match(err, /was trained on another reduction/);
});

test('every command explains itself', async () => {
  for (const { name, options } of commands) {
    const { code, out } = await stmLabHere(name, '--help');
    assert.equal(code, 0, name);
    for (const option of Object.keys(options))
      assert.match(out, new RegExp(`--${option}\\b`), `${name} --${option}`);
    assert.match(out, /Example\n {2}.*stm-lab /, name);
  }
});

test('the version, and help by its short name', async () => {
  const { version } = JSON.parse(fs.readFileSync(require.resolve('stm-lab/package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal(stmLab('--version').out.trim(), version);
  assert.deepEqual(await stmLabHere('extract', '-h'), await stmLabHere('extract', '--help'));
});

test('a reader that goes before the end is no fault', () => {
  const program = path.join(path.dirname(require.resolve('stm-lab/package.json')), 'bin', 'stm-lab.js');
  const script = `set -o pipefail; '${process.execPath}' '${program}' --help | head -c 1 >/dev/null`;
  const { stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual([stderr, status], ['', 0]);
});

test('tables as JSON, nothing when quiet', async () => {
  const json = await stmLabHere('manifest', 'list', '--json');
  const rows = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { corpus: string });
  assert.ok(rows.some(({ corpus }) => corpus === 'librispeech'));
  assert.deepEqual(await stmLabHere('manifest', 'list', '--quiet'), { code: 0, out: '', err: '' });
});

test('shells complete commands and options', async () => {
  const { out } = await stmLabHere('completion', 'bash');
  const completed = (...words: string[]): string =>
    execFileSync(
      'bash',
      [
        '-c',
        `${out}\nCOMP_WORDS=(stm-lab ${words.join(' ')}); COMP_CWORD=${words.length}; _stm_lab; echo "\${COMPREPLY[*]}"`,
      ],
      { encoding: 'utf8' },
    ).trim();
  assert.equal(completed('sp'), 'split');
  assert.equal(completed('split', '--fe'), '--features');
  assert.match(
    (await stmLabHere('completion', 'fish')).out,
    /from split' -l preset -d 'preset: a name in experiments/,
  );
  assert.match((await stmLabHere('completion', 'zsh')).out, /^autoload .*bashcompinit\n_stm_lab\(\)/);
  assert.match((await stmLabHere('completion', 'tcsh')).err, /must be one of bash, zsh, fish/);
});

test('an option by its earlier name is understood, with one sentence', async () => {
  const { code, err } = await stmLabHere(
    'split',
    '--features',
    at('none'),
    '--out',
    at('x'),
    '--experiment',
    experiment,
  );
  assert.equal(code, 2);
  assert.match(err, /^stm-lab split: --experiment is now called --preset; the earlier name/);
  const both = await stmLabHere(
    'split',
    '--features',
    'f',
    '--out',
    at('x'),
    '--experiment',
    'a',
    '--preset',
    'b',
  );
  assert.match(both.err, /'--experiment <NAME>' cannot be used with option '--preset <NAME>'/);
});

test('unusable words are refused in one line with exit code 2', async () => {
  for (const [args, pattern] of [
    [['nonsense'], /unknown command 'nonsense'; see "stm-lab --help"/],
    [['extrat'], /unknown command 'extrat'; did you mean extract\?/],
    [['extract'], /required option '--manifest <M\.csv>' not specified/],
    [
      ['extract', '--manifest', '--out', at('x')],
      /'--manifest <M\.csv>' .*is an option; its value is missing/,
    ],
    [['split', 'x', '--features', 'f', '--out', 'o'], /too many arguments/],
    [
      ['extract', '--manifest', manifest, '--out', at('x'), '--worker', '2'],
      /--worker.*did you mean --workers\?/,
    ],
    [
      ['extract', '--manifest', manifest, '--out', at('x'), '--workers', 'two'],
      /--workers two: must be a whole number/,
    ],
    [
      ['split', '--features', at('features'), '--out', at('x'), '--preset', 'none'],
      /there is no preset "none"; give one of/,
    ],
    [['figures', 'portrait'], /figure "portrait": must be one of/],
  ] as const) {
    const { code, err } = await stmLabHere(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, pattern);
    assert.equal(err.trim().split('\n').length, 1, err);
  }
});
