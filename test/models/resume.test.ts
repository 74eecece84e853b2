import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { createModel, fitMlp, loadModel, modelHash, saveModel } from 'stm-lab/dist/models';
import { cloudRows } from './fixtures';

interface Outcome {
  hash: string;
  history: unknown[];
  resumed: number;
}

const script = path.join(__dirname, 'trainOnce.ts');
const command = ['--import', 'tsx', script];
const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };

function train(folder: string, { engine, kind = 'plain' }: { engine?: 'wasm'; kind?: string } = {}): Outcome {
  const env = engine === undefined ? environment : { ...environment, STM_LAB_ENGINE: engine };
  const output = execFileSync(process.execPath, [...command, folder, '0', kind], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Outcome;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.on('exit', () => resolve()));
const epochsIn = (folder: string): number => {
  try {
    const text = fs.readFileSync(path.join(folder, 'snapshot.json'), 'utf8');
    return (JSON.parse(text) as { progress: { history: unknown[] } }).progress.history.length;
  } catch {
    return 0;
  }
};

for (const kind of ['plain', 'attention'])
  test(`two processes, and one killed twice and resumed, give the same weights and metrics (${kind})`, async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-resume-'));
    t.after(() => fs.rmSync(root, { recursive: true }));
    const first = train('', { kind });
    const second = train(path.join(root, 'undisturbed'), { kind });
    assert.equal(second.resumed, 0);
    assert.deepEqual(second, first);

    const folder = path.join(root, 'killed');
    for (const epochs of [2, 5]) {
      const child = spawn(process.execPath, [...command, folder, '120', kind], {
        env: environment,
        stdio: 'ignore',
      });
      const over = ended(child);
      while (epochsIn(folder) < epochs && child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill('SIGKILL');
      await over;
      assert.equal(child.signalCode, 'SIGKILL', 'killed while training');
    }
    const resumed = train(folder, { kind });
    assert.ok(resumed.resumed >= 5 && resumed.resumed < 10, `resumed from epoch ${resumed.resumed}`);
    assert.deepEqual({ ...resumed, resumed: 0 }, first);
    const again = train(folder, { kind });
    assert.equal(again.resumed, 10, 'a finished training is not computed twice');
    assert.equal(again.hash, first.hash);
    assert.equal(fs.readdirSync(folder).length, 2, 'one state and its description are left');
  });

test('the WebAssembly engine learns the same task, repeatably', () => {
  const wasm = train('', { engine: 'wasm' });
  assert.deepEqual(train('', { engine: 'wasm' }), wasm);
  const native = train('');
  const last = (outcome: Outcome): { loss: number; validation: { macroF1: number } } =>
    outcome.history.at(-1) as { loss: number; validation: { macroF1: number } };
  assert.ok(Math.abs(last(wasm).loss - last(native).loss) < 1e-3);
  assert.ok(Math.abs(last(wasm).validation.macroF1 - last(native).validation.macroF1) < 0.02);
});

test('a checkpoint of another training is refused, a damaged one named', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-checkpoint-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const engine = await loadEngine();
  const task = {
    spec: { family: 'dropout', inputs: 5, hidden: [{ units: 4 }], classes: 2 },
    train: cloudRows(40, 5, 2, 1),
    options: { epochs: 2, batchSize: 8, accumulation: 1 },
    checkpoint: { folder },
  } as const;
  await fitMlp(engine, task);
  await assert.rejects(
    fitMlp(engine, { ...task, options: { ...task.options, learningRate: 1e-2 } }),
    /another network, other options or other data/,
  );
  await assert.rejects(fitMlp(engine, { ...task, train: cloudRows(40, 5, 2, 2) }), /other data/);
  const state = path.join(
    folder,
    fs.readdirSync(folder).find((name) => name.endsWith('.npy'))!,
  );
  const bytes = fs.readFileSync(state);
  bytes[bytes.length - 3]! ^= 255;
  fs.writeFileSync(state, bytes);
  await assert.rejects(fitMlp(engine, task), /is damaged; delete/);
});

test('a saved model comes back equal, and a file of another model is refused', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-model-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const spec = { family: 'layernorm', inputs: 3, hidden: [{ units: 2 }], classes: 2 } as const;
  const arrays = [6, 2, 2, 2, 4, 2].map((length, i) => new Float32Array(length).map((_, j) => i + j / 7));
  const model = createModel(spec, arrays, { classNames: ['a', 'b'], hashes: { reduction: 'abc' } });
  const hash = saveModel(folder, model);
  const loaded = loadModel(folder);
  assert.deepEqual(loaded, model);
  assert.equal(modelHash(loaded), hash);
  fs.copyFileSync(path.join(folder, 'hidden0.gamma.npy'), path.join(folder, 'hidden0.beta.npy'));
  assert.throws(() => loadModel(folder), /hidden0\.beta\.npy: is not the file this model was saved with/);
  assert.throws(() => createModel(spec, arrays.slice(1)), /5 weight arrays, but the network has 6/);
});
