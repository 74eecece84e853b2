import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { sha256 } from 'research-basics/files';
import { BEAT_SECONDS, startHeartbeat } from 'research-basics/heartbeat';
import { acquireLock } from 'research-basics/lock';
import { describeProcess, processState } from 'research-basics/process';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lock-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, '.lock');
const elsewhere = { pid: process.pid, host: 'node-17', ticks: 1, place: '0123abcd.0123abcd.0123abcd' };

test('a second lock is refused while the first is held, and may be taken after', () => {
  const lock = acquireLock(file, 'results');
  assert.throws(
    () => acquireLock(file, 'results'),
    new RegExp(`results: is locked by process ${process.pid} on`),
  );
  lock.release();
  lock.release();
  acquireLock(file, 'results').release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a lock of another machine stands while it is touched and is taken over when it falls silent', async () => {
  fs.writeFileSync(file, JSON.stringify(elsewhere));
  // Its clock is an hour ahead, then an hour behind: only changes count.
  const script = 'i=0; while :; do touch -d "$((i % 2 * 2 - 1)) hour" "$0"; i=$((i + 1)); sleep 0.1; done';
  const holder = spawn('sh', ['-c', script, file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => holder.on('exit', resolve));
  assert.throws(
    () => acquireLock(file, 'results', { leaseSeconds: 20 }),
    new RegExp(`locked by process ${process.pid} on node-17`),
  );
  holder.kill();
  await ended;
  const began = performance.now();
  const lock = acquireLock(file, 'results', { leaseSeconds: 1 });
  assert.ok(performance.now() - began >= 1000, 'taken before the lease was over');
  lock.release();
});

test('a machine of the same name is another one; the same machine started again is known', () => {
  const own = describeProcess();
  assert.equal(processState(own), 'alive');
  const [machine, boot, space] = own.place!.split('.');
  assert.equal(processState({ ...own, place: `ffffffff.${boot}.${space}` }), 'unknown');
  assert.equal(processState({ ...own, place: `${machine}.${boot}.ffffffff` }), 'unknown');
  if (machine !== '-') assert.equal(processState({ ...own, place: `${machine}.ffffffff.${space}` }), 'dead');
});

test('signs of life continue while this thread is busy, and end when another has taken the file', async () => {
  const own = path.join(folder, 'life');
  const taken = path.join(folder, 'taken');
  const long = new Date(1e12);
  const beats = [own, taken].map((name) => {
    fs.writeFileSync(name, 'mine');
    fs.utimesSync(name, long, long);
    return startHeartbeat(name, 'mine');
  });
  fs.writeFileSync(taken, 'theirs');
  fs.utimesSync(taken, long, long);
  // Blocks, as a long computation would.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, (BEAT_SECONDS + 2) * 1000);
  assert.ok(fs.statSync(own).mtimeMs > 1e12 + 1);
  assert.equal(fs.statSync(taken).mtimeMs, 1e12);
  beats.forEach((beat) => beat.stop());
  await new Promise((resolve) => setTimeout(resolve, 50));
});

const noLinks = path.join(__dirname, 'noLinks.cjs');

/** Several processes that take one lock, abandon it now and then, and count under it. */
async function countTogether(name: string, options: readonly string[]): Promise<number> {
  const own = path.join(folder, name);
  fs.mkdirSync(own);
  const counter = path.join(own, 'counter');
  fs.writeFileSync(counter, '0');
  const times = 12;
  const children = Array.from({ length: 4 }, () =>
    spawn(
      process.execPath,
      [
        ...options,
        '--import',
        'tsx',
        path.join(__dirname, 'lockOnce.ts'),
        path.join(own, '.lock'),
        counter,
        `${times}`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    ),
  );
  const codes = await Promise.all(
    children.map((child) => new Promise((resolve) => child.on('exit', resolve))),
  );
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.deepEqual(
    fs.readdirSync(own).filter((left) => !/^(counter|\.lock)$/.test(left)),
    [],
  );
  return Number(fs.readFileSync(counter, 'utf8')) / times;
}

test('abandoned locks are taken over by one process at a time', async () => {
  assert.equal(await countTogether('links', []), 4);
});

test('the same where there are no hard links', async () => {
  assert.equal(await countTogether('no-links', ['--require', noLinks]), 4);
});

test('without hard links: a file left empty by a killed process is made again, one being held is not', () => {
  const own = path.join(folder, 'empty');
  fs.writeFileSync(own, '');
  const script = `
    const { createExclusive } = require(${JSON.stringify(require.resolve('research-basics/files'))});
    console.log(createExclusive(process.argv[1], 'mine'), createExclusive(process.argv[1], 'other'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--require', noLinks, '-e', script, own], {
    encoding: 'utf8',
  });
  assert.equal(stdout.trim(), 'made exists', stderr);
  assert.equal(fs.readFileSync(own, 'utf8'), 'mine');
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.startsWith('empty')),
    ['empty'],
  );
});

test('a claim left by a killed process does not keep an abandoned lock for ever', () => {
  const dead = JSON.stringify({ ...describeProcess(), pid: 999_999_999, ticks: 1 });
  fs.writeFileSync(file, dead);
  fs.writeFileSync(`${file}.${sha256(dead).slice(0, 16)}.claim`, dead);
  acquireLock(file, 'results').release();
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.startsWith('.lock')),
    [],
  );
});
