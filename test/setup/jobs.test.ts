import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { test } from 'node:test';
import { root, setupModule } from './workbench';

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });

test('set up once, the next run has nothing to do and nothing to say', () => {
  run(path.join('setup', 'run.mjs'), 'setup');
  const { stdout, stderr } = run(path.join('setup', 'run.mjs'), 'setup');
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /…|ready/);
});

test('a job that does not exist is refused with the list of those that do', () => {
  const { status, stderr } = run(path.join('setup', 'run.mjs'), 'reproduces');
  assert.equal(status, 2);
  assert.match(stderr, /reproduce\|stm-lab\|lab\|test\|doctor/);
});

interface Report {
  readonly healthy: boolean;
  readonly machine: Record<string, string>;
  readonly parts: {
    part: string;
    need: string;
    state: string;
    version: string;
    reason?: string;
    cure?: string;
  }[];
}

/** Runs the doctor's own part, as if set-up had left `missing` behind. */
function doctor(missing: unknown[]): Report & { status: number | null } {
  const script = `const { doctor } = await import(${JSON.stringify(setupModule('doctor.mjs'))});
    await doctor(['--json'], ${JSON.stringify(missing)});`;
  const { status, stdout } = run('--input-type=module', '-e', script);
  return { status, ...(JSON.parse(stdout) as Report) };
}

test('the doctor tries every part, and says what is missing and how to get it', () => {
  const { status, healthy, parts, machine } = doctor([
    { step: { name: 'python' }, reason: 'no Python was found', cure: 'install python3-venv' },
  ]);
  assert.equal(status, healthy ? 0 : 1);
  assert.equal(
    healthy,
    parts.every(({ need, state }) => need === 'optional' || state === 'works'),
  );
  assert.deepEqual(Object.keys(machine), ['processor', 'memory', 'free disk']);
  for (const { state, cure, version } of parts) assert.ok(state === 'works' ? version : cure);
  for (const name of ['Python', 'JupyterLab', 'MLflow']) {
    const row = parts.find(({ part }) => part === name);
    assert.equal(row?.reason, 'no Python was found');
    assert.equal(row?.cure, 'install python3-venv');
  }
  const wasm = parts.find(({ part }) => part === 'TensorFlow on WebAssembly');
  assert.match(wasm?.version ?? '', /GFLOP/);
});

test('the doctor fails when a required part does', () => {
  const steps = ['build', 'python', 'kernel', 'native'];
  const { status, healthy } = doctor(
    steps.map((name) => ({ step: { name }, reason: 'broken', cure: 'mend it' })),
  );
  assert.equal(healthy, false);
  assert.equal(status, 1);
});
