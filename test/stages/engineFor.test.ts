import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeJson } from 'research-basics/files';
import { engineStamp, loadEngine } from 'stm-lab/dist/engine';
import { engineFor, readStageRecord, runStage } from 'stm-lab/dist/stages/stage';
import { temporaryFolder } from '../pipeline/support';

const folder = temporaryFolder('engine-for');
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const request = { stage: 'train', folder, parameters: {}, inputs: {}, run: () => Promise.resolve([]) };

test('the engine of finished results is known without loading it, for as long as it is the same', async () => {
  // No engine describes itself so: it comes from the record.
  await runStage({ ...request, engine: 'native, made up' });
  const record = readStageRecord(folder)!;
  assert.equal(record.engineStamp, engineStamp());
  const made = async (engine: string, stamp?: string): Promise<string> => {
    writeJson(path.join(folder, 'stage.json'), { ...record, engine, engineStamp: stamp });
    return engineFor(folder, undefined);
  };
  assert.equal(await made('native TensorFlow 0.0', record.engineStamp), 'native TensorFlow 0.0');
  const { description } = await loadEngine();
  assert.equal(await made('native TensorFlow 0.0', 'another'), description);
  assert.equal(await made('native TensorFlow 0.0'), description, 'of earlier versions');
  assert.equal(await made('TensorFlow.js 0.0 on WebAssembly', record.engineStamp), description);
  assert.equal(await engineFor(path.join(folder, 'nothing'), undefined), description);
});

test('the stamp is another for another engine or other kernels, and the same once the engine is loaded', async (t) => {
  const names = ['STM_LAB_ENGINE', 'TF_ENABLE_ONEDNN_OPTS'] as const;
  const before = names.map((name) => process.env[name]);
  const restore = (): void =>
    names.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  t.after(restore);
  for (const name of names) delete process.env[name];
  const own = engineStamp();
  process.env['TF_ENABLE_ONEDNN_OPTS'] = '0';
  assert.equal(engineStamp(), own);
  process.env['TF_ENABLE_ONEDNN_OPTS'] = '1';
  assert.notEqual(engineStamp(), own);
  restore();
  process.env['STM_LAB_ENGINE'] = 'wasm';
  assert.notEqual(engineStamp(), own);
});
