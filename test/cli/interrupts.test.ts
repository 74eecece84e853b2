import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { once } from 'research-basics/once';
import { createPace, throwIfStopped } from 'research-basics/pace';
import { loadEngine } from 'stm-lab/dist/engine';
import { experimentStages } from 'stm-lab/dist/pipeline/experimentStages';
import { kernelInterrupts } from 'stm-lab/dist/pipeline/kernelInterrupts';
import { interruptCommands } from '../faults/interrupts';
import { program, stmLab } from '../pipeline/support';

test('a signal ends a command with its status and without a stack; the next run gives the same bytes', async () => {
  // Every other long command: npm run test:interrupts.
  const found = [
    ...(await interruptCommands({ only: ['tmnn', 'slurm'], signals: ['SIGINT'], moments: [0.6] })),
    ...(await interruptCommands({ only: ['strf birds'], signals: ['SIGTERM'], moments: [0.6] })),
  ];
  assert.equal(found.length, 3);
  for (const { command, problem, status } of found) {
    // How long it took is a matter of the machine's load here.
    assert.ok(problem === undefined || /^\d+\.\d s$/.test(problem), `${command}: ${problem}`);
    assert.ok(status === 130 || status === 143, `${command}: ${status}`);
  }
});

test('what does not stop in time is ended by the signal itself, after its exit handlers', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-deaf-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const note = path.join(folder, 'note');
  const script = `
    require('stm-lab/dist/cli/interrupt').listenForInterrupts();
    process.on('exit', (code) => require('node:fs').writeFileSync(${JSON.stringify(note)}, String(code)));
    setInterval(() => {}, 1000);
    console.log('ready');`;
  for (const [signals, status] of [
    [['SIGTERM'], '143'],
    [['SIGINT', 'SIGINT'], '130'],
  ] as const) {
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 2] });
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    for (const signal of signals) {
      child.kill(signal);
      // Two at once may arrive as one.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ended = await new Promise((resolve) => {
      if (child.signalCode !== null) resolve(child.signalCode);
      child.once('exit', (_, by) => resolve(by));
    });
    assert.equal(ended, signals[0]);
    assert.equal(fs.readFileSync(note, 'utf8'), status);
  }
});

test('"ui" leaves a server that it only found, and stops one that it started', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-ui-'));
  t.after(() => {
    stmLab('ui', '--folder', folder, '--stop');
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  assert.equal(stmLab('ui', '--folder', folder, '--background').code, 0);
  const state = (): { pid: number } =>
    JSON.parse(fs.readFileSync(path.join(folder, 'server.json'), 'utf8')) as { pid: number };
  const { pid } = state();
  const ended = await new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn(process.execPath, [program, 'ui', '--folder', folder], {
      stdio: ['ignore', 'pipe', 2],
    });
    let text = '';
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes('Ctrl-C')) child.kill('SIGINT');
    });
    child.on('exit', (code) => resolve({ code, text }));
  });
  assert.equal(ended.code, 130);
  assert.match(ended.text, /running already/);
  assert.doesNotThrow(() => process.kill(pid, 0));
  assert.equal(state().pid, pid);
});

test('work that failed is done again when asked again; what succeeded is done once', async () => {
  let runs = 0;
  const flaky = once(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    if (++runs === 1) throw new Error('first');
    return runs;
  });
  const [a, b] = await Promise.allSettled([flaky(), flaky()]);
  assert.deepEqual([a.status, b.status, runs], ['rejected', 'rejected', 1]);
  assert.deepEqual([await flaky(), await flaky(), runs], [2, 2, 2]);

  // Every method of a session, here one that cannot extract: it tries again each time.
  const stages = experimentStages(
    { features: { kind: 'stm' } } as never,
    { rows: [], hash: '', problems: [] } as never,
    { folders: { features: path.join(os.tmpdir(), 'stm-lab-none', '\0') }, context: {} } as never,
  );
  const first = stages.extract();
  await assert.rejects(first);
  const second = stages.extract();
  assert.notEqual(first, second);
  await assert.rejects(second);
});

test('the engine is loaded in parts, between which a signal is heard; it can be loaded afterwards', async () => {
  const stop = new AbortController();
  const loading = loadEngine({ signal: stop.signal });
  // After the first part.
  setImmediate(() => stop.abort());
  await assert.rejects(loading, { kind: 'interrupted', message: /^loading TensorFlow stopped on request/ });
  const loaded = (name: RegExp): boolean => Object.keys(require.cache).some((file) => name.test(file));
  assert.deepEqual([loaded(/tfjs\/dist/), loaded(/tfjs_binding\.node$/)], [true, false]);
  await assert.rejects(loadEngine({ signal: stop.signal }), { kind: 'interrupted' });
});

test('an engine that could not be loaded is loaded when it can be', async () => {
  process.env.STM_LAB_ENGINE = 'native';
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the loader itself is made to fail
  const loader = require('node:module') as { _load: (name: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  loader._load = function (name, ...rest) {
    if (name === '@tensorflow/tfjs-node') throw new Error('libtensorflow.so is missing');
    return load.call(this, name, ...rest);
  };
  try {
    await assert.rejects(loadEngine(), {
      kind: 'environment',
      message: /libtensorflow.so is missing.*doctor/,
    });
  } finally {
    loader._load = load;
    delete process.env.STM_LAB_ENGINE;
  }
  assert.ok((await loadEngine()).tf);
});

test('paced work lets timers run and stops when asked', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const pace = createPace(stop.signal, 'counting');
  await assert.rejects(
    async () => {
      for (;;) {
        const until = performance.now() + 5;
        while (performance.now() < until);
        await pace();
      }
    },
    { kind: 'interrupted', message: 'counting stopped on request; run it again to continue' },
  );
  assert.doesNotThrow(() => throwIfStopped(undefined, 'nothing'));
});

test("a kernel's interruption stops what runs, and not what starts afterwards", async () => {
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  try {
    const interrupts = kernelInterrupts()!;
    const before = interrupts.signal();
    process.kill(process.pid, 'SIGINT');
    for (let i = 0; i < 100 && !before.aborted; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(before.aborted);
    assert.ok(!interrupts.signal().aborted);
    interrupts.close();
  } finally {
    process.off('SIGINT', stay);
  }
  if (process.listenerCount('SIGINT') === 0) assert.equal(kernelInterrupts(), undefined);
});
