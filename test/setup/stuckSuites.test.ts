import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { processState } from 'research-basics/process';
import { setupModule, temporaryFolder } from './workbench';

interface StuckSuites {
  endStuckSuites(runner: number, options?: { limitSeconds?: number; everySeconds?: number }): () => void;
}

test('a test file that never ends is ended with what it started; the run continues and fails', async (context) => {
  const { endStuckSuites } = (await import(setupModule('stuckSuites.mjs'))) as StuckSuites;
  const folder = temporaryFolder(context);
  const stuck = path.join(folder, 'stuck.test.ts');
  const fine = path.join(folder, 'fine.test.ts');
  const note = path.join(folder, 'pid');
  // Blocked in a call, as a test that waits for a command is: no timer of its own process would fire.
  fs.writeFileSync(
    stuck,
    `const { spawnSync } = require('node:child_process');
     spawnSync(process.execPath, ['-e', 'require("fs").writeFileSync(${JSON.stringify(note)}, String(process.pid)); setInterval(() => {}, 1000)']);`,
  );
  fs.writeFileSync(fine, `require('node:test').test('fine', () => {});`);
  const env = { ...process.env };
  // Or Node would take the inner run for part of this one.
  delete env['NODE_TEST_CONTEXT'];
  const runner = spawn(process.execPath, ['--test', '--test-reporter=spec', stuck, fine], { env });
  let printed = '';
  runner.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  const write = process.stdout.write.bind(process.stdout);
  const said: string[] = [];
  process.stdout.write = ((text: string) => said.push(text) > 0) as typeof process.stdout.write;
  const unwatch = endStuckSuites(runner.pid!, { limitSeconds: 1, everySeconds: 0.5 });
  try {
    const code = await new Promise((resolve) => runner.on('close', resolve));
    assert.equal(code, 1);
  } finally {
    unwatch();
    process.stdout.write = write;
  }
  assert.match(printed, /✖ .*stuck\.test\.ts/);
  assert.match(printed, /✔ fine/);
  assert.match(said.join(''), /stuck for .*\n.*stuck\.test\.ts\n.*setInterval/);
  const command = { pid: Number(fs.readFileSync(note, 'utf8')), host: os.hostname() };
  assert.equal(processState(command), 'dead');
});
