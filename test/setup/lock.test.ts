import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { test } from 'node:test';
import { setupModule, temporaryFolder } from './workbench';

const skip = spawnSync('flock', ['--version']).error === undefined ? false : 'there is no flock command here';

/** A process that takes the lock, says so, runs `then`, and stays until it is ended. */
function holder(file: string, then = ''): ChildProcess {
  const script = `
    import { spawn } from 'node:child_process';
    const { acquireLock } = await import(${JSON.stringify(setupModule('lock.mjs'))});
    const lock = await acquireLock(${JSON.stringify(file)}, () => console.log('waiting'));
    console.log('taken');
    ${then}
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function says(child: ChildProcess, word: string): Promise<void> {
  for (let heard = ''; !heard.includes(word);) {
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    heard += chunk.toString();
  }
}

test('a second set-up waits, says so, and continues when the first is killed', { skip }, async (context) => {
  const file = path.join(temporaryFolder(context), 'lock');
  const first = holder(file);
  await says(first, 'taken');
  const second = holder(file);
  await says(second, 'waiting');
  const taken = says(second, 'taken');
  first.kill('SIGKILL');
  await taken;
  second.kill('SIGKILL');
});

test('an installer that outlives its set-up keeps the lock', { skip }, async (context) => {
  const file = path.join(temporaryFolder(context), 'lock');
  const first = holder(
    file,
    `const sleeper = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', lock.descriptor] });
     console.log('pid ' + sleeper.pid + ' running');`,
  );
  let heard = '';
  first.stdout!.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  while (!heard.includes('running')) await once(first.stdout!, 'data');
  const sleeper = Number(/pid (\d+)/.exec(heard)![1]);
  first.kill('SIGKILL');
  await once(first, 'exit');
  const second = holder(file);
  await says(second, 'waiting');
  const taken = says(second, 'taken');
  process.kill(sleeper, 'SIGKILL');
  await taken;
  second.kill('SIGKILL');
});
