import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { createStudy, type Space } from 'bayesian-optimizer';

const space: Space = { x: { type: 'float', min: 0, max: 1 } };
const SCRIPT = `
const { createStudy, optimize } = require('bayesian-optimizer');
const [journal, slow] = process.argv.slice(1);
const study = createStudy({ name: 'hosts', space: ${JSON.stringify(space)}, direction: 'minimize', sampler: 'random', journal });
const objective = async ({ values }) => { await new Promise((end) => setTimeout(end, Number(slow))); return values.x; };
optimize(study, objective, { trials: 8 }).then(({ reason }) => process.exit(reason === 'trials' ? 0 : 1));
`;

/**
 * Two search workers under different host names, one killed in mid-trial: the other cannot ask for its process and must
 * judge by its signs of life. Takes a lease (45 s) and a little.
 *
 * @returns why it cannot be tried here, or undefined.
 */
export async function searchOnTwoHosts(folder: string): Promise<string | undefined> {
  const probe = spawnSync('unshare', ['--uts', 'hostname', 'node-a'], { encoding: 'utf8' });
  if (probe.status !== 0)
    return `host names cannot be given to processes here (${probe.stderr?.trim() ?? 'no unshare'})`;
  fs.mkdirSync(folder, { recursive: true });
  const journal = path.join(folder, 'hosts.log');
  const start = (host: string, slow: number): ChildProcess =>
    spawn(
      'unshare',
      [
        '--uts',
        'sh',
        '-c',
        `hostname ${host} && exec "$0" -e "$1" "$2" ${slow}`,
        process.execPath,
        SCRIPT,
        journal,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'], cwd: __dirname },
    );
  const trials = (): ReturnType<ReturnType<typeof createStudy>['trials']> =>
    createStudy({ name: 'hosts', space, direction: 'minimize', journal }).trials();
  const victim = start('node-a', 60_000);
  while (!fs.existsSync(journal) || !trials().some(({ state }) => state === 'running'))
    await new Promise((resolve) => setTimeout(resolve, 100));
  const survivor = start('node-b', 200);
  await new Promise((resolve) => setTimeout(resolve, 8000));
  // Alive and touching: its trial is not taken, however long it lasts.
  assert.equal(trials()[0]!.attempts, 1);
  victim.kill('SIGKILL');
  const code = await new Promise((resolve) => survivor.on('exit', resolve));
  assert.equal(code, 0);
  assert.deepEqual(
    trials().map(({ number, state, attempts }) => [number, state, attempts]),
    Array.from({ length: 8 }, (_, number) => [number, 'complete', number === 0 ? 2 : 1]),
  );
  return undefined;
}
