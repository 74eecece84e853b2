import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { runStage } from 'stm-lab/dist/stages/stage';

function inTemporaryFolder(): {
  folder: string;
  runs: () => number;
  request: (extra?: object) => Parameters<typeof runStage>[0];
} {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stage-'));
  let count = 0;
  return {
    folder,
    runs: () => count,
    request: (extra = {}) => ({
      stage: 'example',
      folder,
      parameters: { size: 3 },
      inputs: { features: 'abc' },
      run: () => {
        count++;
        fs.writeFileSync(path.join(folder, 'result.txt'), `run ${count}`);
        return Promise.resolve(['result.txt']);
      },
      ...extra,
    }),
  };
}

test('the same parameters and inputs are computed once', async () => {
  const { request, runs } = inTemporaryFolder();
  assert.equal((await runStage(request())).status, 'computed');
  assert.equal((await runStage(request())).status, 'cached');
  assert.equal(runs(), 1);
});

test('another parameter or another input is computed again', async () => {
  const { request, runs } = inTemporaryFolder();
  await runStage(request());
  await runStage(request({ parameters: { size: 4 } }));
  await runStage(request({ parameters: { size: 4 }, inputs: { features: 'abd' } }));
  assert.equal(runs(), 3);
});

test('a missing or shortened result and a torn record are computed again', async () => {
  const { folder, request, runs } = inTemporaryFolder();
  await runStage(request());
  fs.writeFileSync(path.join(folder, 'result.txt'), 'ru');
  await runStage(request());
  fs.rmSync(path.join(folder, 'result.txt'));
  await runStage(request());
  fs.writeFileSync(path.join(folder, 'stage.json'), '{"stage": "exam');
  await runStage(request());
  assert.equal(runs(), 4);
});

test('a stage that throws leaves no record behind', async () => {
  const { folder, request } = inTemporaryFolder();
  await runStage(request());
  await assert.rejects(
    runStage(request({ parameters: 1, run: () => Promise.reject(new Error('disk full')) })),
    /disk full/,
  );
  assert.equal(fs.existsSync(path.join(folder, 'stage.json')), false);
});

test('a second process in the same folder is refused; what a killed one left half-written is removed', async () => {
  const { folder, request } = inTemporaryFolder();
  const left = path.join(folder, '.result.txt.4711.0123abcd.tmp');
  fs.writeFileSync(left, 'ha');
  let inner: Promise<unknown> = Promise.resolve();
  await runStage(
    request({
      run: async () => {
        assert.equal(fs.existsSync(left), false);
        inner = assert.rejects(runStage(request()), /in use|running|process/);
        await inner;
        fs.writeFileSync(path.join(folder, 'result.txt'), 'whole');
        return ['result.txt'];
      },
    }),
  );
  await inner;
  assert.equal((await runStage(request())).status, 'cached');
});

test('another engine is recomputed; damage of the same length is noticed; the reason is one sentence', async () => {
  const { folder, request, runs } = inTemporaryFolder();
  const told: string[] = [];
  const onStale = (sentence: string): void => void told.push(sentence);
  const own = { onStale, engine: 'native 2.21', parameters: { search: { trials: 4 }, size: 3 } };
  await runStage(request(own));
  assert.deepEqual(told, [], 'there is nothing to tell of a first run');
  await runStage(request({ ...own, engine: 'wasm' }));
  await runStage(request({ ...own, engine: 'wasm', parameters: { search: { trials: 5 }, size: 3 } }));
  await runStage(request({ ...own, engine: 'wasm', inputs: { features: 'abd' } }));
  fs.writeFileSync(path.join(folder, 'result.txt'), 'run X');
  await runStage(request({ ...own, engine: 'wasm', inputs: { features: 'abd' } }));
  fs.rmSync(path.join(folder, 'result.txt'));
  await runStage(request({ ...own, engine: 'wasm', inputs: { features: 'abd' } }));
  assert.equal(runs(), 6);
  const reasons = [
    'the engine changed: it was native 2.21 and is wasm',
    'the settings changed: search.trials was 4 and is 5',
    'its input changed: features',
    'result.txt has changed',
    'result.txt is missing',
  ];
  assert.deepEqual(
    told,
    reasons.map((reason) => `example: recomputed, since ${reason} (${folder})`),
  );
});

test('results of an earlier version are recomputed and not misread', async () => {
  const { folder, request, runs } = inTemporaryFolder();
  const told: string[] = [];
  await runStage(request());
  const file = path.join(folder, 'stage.json');
  const record = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
  fs.writeFileSync(file, JSON.stringify({ ...record, format: undefined, key: 'of format 1' }));
  await runStage(request({ onStale: (sentence: string) => told.push(sentence) }));
  assert.equal(runs(), 2);
  assert.match(told.join(), /since the results are those of an earlier version of stm-lab/);
});
