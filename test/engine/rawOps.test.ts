import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { loadEngine, rawOps } from 'stm-lab/dist/engine';

test('an operation TensorFlow.js has no function for runs by name, with attributes of every kind', async (t) => {
  const engine = await loadEngine();
  if (engine.name !== 'native') return t.skip('needs native TensorFlow');
  const { tf } = engine;
  const ops = rawOps(engine);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const matrix = tf.tensor2d([
      [2, 1],
      [1, 2],
    ]);
    const [values] = ops.many(
      'SelfAdjointEigV2',
      [
        { name: 'compute_v', kind: 'bool', value: true },
        { name: 'T', kind: 'type', value: 'float32' },
      ],
      [matrix],
      2,
    );
    assert.deepEqual(
      [...values!.dataSync()].map((v) => Math.round(v * 1e5) / 1e5),
      [1, 3],
    );
    const kept = ops.one(
      'LeakyRelu',
      [
        { name: 'alpha', kind: 'float', value: 0.5 },
        { name: 'T', kind: 'type', value: 'float32' },
      ],
      [tf.tensor1d([-2, 4])],
    );
    assert.deepEqual([...kept.dataSync()], [-1, 4]);
  });
  assert.equal(tf.memory().numTensors, before);
});

test('the WebAssembly engine says that such operations need the native one, and the engine names itself', () => {
  const program = `
    const { loadEngine, rawOps } = require('stm-lab/dist/engine');
    loadEngine().then((engine) => {
      let message = '';
      try { rawOps(engine); } catch (error) { message = error.kind + ': ' + error.message; }
      console.log(JSON.stringify([engine.name, engine.description, message]));
    });`;
  const output = execFileSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    env: { ...process.env, STM_LAB_ENGINE: 'wasm' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [name, description, message] = JSON.parse(output.trim().split('\n').at(-1)!) as string[];
  assert.equal(name, 'wasm');
  assert.match(description!, /^TensorFlow\.js 4\.22\.0 on WebAssembly$/);
  assert.match(message!, /^environment: this step needs native TensorFlow/);
});
