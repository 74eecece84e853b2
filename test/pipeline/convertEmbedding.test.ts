import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import {
  convertEmbedding,
  convertibleEmbeddings,
  findEmbeddingModel,
  readExperiment,
} from 'stm-lab/dist/pipeline';
import { fullRows, withoutMissing } from 'stm-lab/dist/pipeline/comparison';
import { goldenFolder } from '../features/shared';

// What `npm run test:musicnn` does downloads a package; here is what needs none.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-convert-'));
const home = process.env['STM_LAB_HOME'];
after(() => {
  if (home === undefined) delete process.env['STM_LAB_HOME'];
  else process.env['STM_LAB_HOME'] = home;
  fs.rmSync(folder, { recursive: true, force: true });
});
process.env['STM_LAB_HOME'] = folder;
// The Python of the workbench where there is one, as everywhere.
const environment = path.join(__dirname, '..', '..', '.venv');
if (fs.existsSync(environment)) fs.symlinkSync(environment, path.join(folder, '.venv'));

test('a package that is not the one is refused before anything is written', async () => {
  assert.deepEqual(convertibleEmbeddings(), ['musicnn']);
  const wheel = path.join(folder, 'änderung.whl');
  fs.writeFileSync(wheel, 'no wheel');
  const refuses = (given: string, message: RegExp): Promise<void> =>
    assert.rejects(convertEmbedding({ model: 'musicnn', wheel: given }), message);
  await refuses(
    wheel,
    /^UserError: .*änderung\.whl: is not musicnn-0\.1\.0-py3-none-any\.whl of PyPI \(SHA-256 [0-9a-f]{12}/,
  );
  await refuses(
    path.join(folder, 'no.whl'),
    /no\.whl: cannot be read \(No such file or directory\); give musicnn-0\.1\.0/,
  );
  await assert.rejects(
    convertEmbedding({ model: 'yamnet' }),
    /"yamnet": stm-lab cannot convert it; it converts musicnn$/,
  );
  assert.ok(!fs.existsSync(path.join(folder, 'models')));
});

test('a model given by name lies in models/, and its bytes are checked', () => {
  assert.throws(
    () => findEmbeddingModel('musicnn'),
    /"musicnn": .*models.musicnn\.onnx is missing; get it: npx stm-lab convert --model musicnn/,
  );
  fs.mkdirSync(path.join(folder, 'models'));
  const put = (name: string): string => {
    const file = path.join(folder, 'models', `${name}.onnx`);
    fs.copyFileSync(path.join(goldenFolder('embedding'), 'pairs.onnx'), file);
    return file;
  };
  put('musicnn');
  assert.throws(
    () => findEmbeddingModel('musicnn'),
    /models.musicnn\.onnx: is not the file of its description/,
  );
  // No bytes are stated for this one.
  const file = put('yamnet');
  assert.equal(findEmbeddingModel('yamnet').file, file);
});

test('an optional row of a comparison is left out with a sentence where its model is missing, with what combines it', () => {
  fs.rmSync(path.join(folder, 'models'), { recursive: true, force: true });
  const experiment = readExperiment('embeddings');
  const warnings: string[] = [];
  const left = withoutMissing(experiment.comparison!, (sentence) => warnings.push(sentence));
  const names = fullRows(experiment, left).map(({ name }) => name);
  assert.ok(names.includes('STM + mel + speech embedding'));
  assert.ok(!names.some((name) => name.includes('musicnn')));
  assert.match(
    warnings[0]!,
    /^comparison row "musicnn" is left out: .*get it: npx stm-lab convert --model musicnn/,
  );
  assert.deepEqual(warnings.slice(1), [
    'comparison row "STM + musicnn" is left out: it combines "musicnn"',
    'comparison row "STM + speech embedding + musicnn" is left out: it combines "musicnn"',
  ]);
  // Rows that are not optional stay, and fail with the sentence of their model.
  const [row] = experiment.comparison!.rows.filter(({ name }) => name === 'musicnn');
  const needed = { ...experiment.comparison!, rows: [{ ...row!, optional: false }] };
  assert.equal(withoutMissing(needed, undefined).rows.length, 1);
  // With the model nothing is left out; what is there is told by its rows.
  assert.equal(fullRows(experiment, experiment.comparison!).length, experiment.comparison!.rows.length);
});
