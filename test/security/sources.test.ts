import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createTracker } from 'mlflow-tracking-client';
import { program, temporaryFolder, tinyCorpus } from '../pipeline/support';

const root = path.resolve(__dirname, '..', '..');

/** Our own sources that run on a user's machine. */
function sources(): { file: string; text: string }[] {
  return ['lib', 'setup'].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs|js|py)$/.test(name) && !/(^|\/)(dist|node_modules)\//.test(name))
      .map((name) => ({
        file: `${folder}/${name}`,
        text: fs.readFileSync(path.join(root, folder, name), 'utf8').replace(/^\s*(\/?\*|\/\/|#).*$/gm, ''),
      })),
  );
}

test('nothing evaluates text as a program or hands it to a shell', () => {
  const wrong = sources().flatMap(({ file, text }) =>
    [
      /\beval\(/,
      /new Function\(/,
      /from 'node:vm'/,
      // A program of our own, which the build put into a text.
      ...(file === 'lib/research-basics/embedded.ts' ? [] : [/\beval: true/]),
      /\bshell: (true|'|")/,
      /\bexec(Sync)?\((?!\))/,
      /os\.system|shell=True|pickle\.load|yaml\.load\(/,
    ].flatMap((pattern) => {
      const found = pattern.exec(text);
      // A regular expression's own exec is not a program.
      return found === null || /^exec\(/.test(found[0]) ? [] : [`${file}: ${found[0]}`];
    }),
  );
  assert.deepEqual(wrong, []);
  for (const { file, text } of sources())
    assert.ok(
      !/import \{[^}]*\bexec(Sync)?\b[^}]*\} from 'node:child_process'/.test(text),
      `${file} imports exec`,
    );
});

test('every server listens on this machine only', () => {
  const servers = sources().flatMap(({ file, text }) =>
    [...text.matchAll(/\.listen\(([^)]*)/g)].map((match) => ({ file, given: match[1]! })),
  );
  assert.ok(servers.length > 0);
  for (const { file, given } of servers)
    assert.match(given, /'127\.0\.0\.1'/, `${file} listens on (${given})`);
  const text = (name: string): string => fs.readFileSync(path.join(root, name), 'utf8');
  assert.match(text('lib/mlflow-tracking-client/localServer.ts'), /'--host', '127\.0\.0\.1'/);
  assert.match(text('setup/lab.mjs'), /--ServerApp\.ip=127\.0\.0\.1/);
  for (const { file, text: source } of sources()) assert.ok(!/0\.0\.0\.0|'::'/.test(source), file);
});

const SECRETS = {
  MLFLOW_TRACKING_TOKEN: 'tok-3n7',
  MLFLOW_TRACKING_PASSWORD: 'pw-88x',
  AWS_SECRET_ACCESS_KEY: 'aws-5k2',
};

test('secrets of the environment and of addresses are in no file that a run leaves', async () => {
  const folder = temporaryFolder('secrets');
  const before = { ...process.env };
  Object.assign(process.env, SECRETS, { MLFLOW_TRACKING_USERNAME: 'me' });
  const said: string[] = [];
  try {
    const tracker = createTracker({
      uri: 'http://me:url-91z@127.0.0.1:9',
      journalFolder: folder,
      experiment: 'x',
      pollMs: 10,
      onWarning: (line) => said.push(line),
    });
    const run = tracker.startRun({ name: 'r', params: { a: 1 }, tags: { b: 'c' } });
    run.logMetrics({ loss: 1 });
    run.end();
    said.push(JSON.stringify(await tracker.close(300)));
  } finally {
    for (const name of [...Object.keys(SECRETS), 'MLFLOW_TRACKING_USERNAME']) delete process.env[name];
    Object.assign(process.env, before);
  }
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => fs.statSync(name).isFile());
  assert.ok(files.length > 0);
  const everything = [...files.map((name) => fs.readFileSync(name, 'utf8')), ...said].join('\n');
  for (const secret of [...Object.values(SECRETS), 'url-91z'])
    for (const form of [secret, Buffer.from(secret).toString('base64')])
      assert.ok(!everything.includes(form), `${form} was written`);
});

test('secrets do not travel with cluster jobs', () => {
  const folder = temporaryFolder('jobs');
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const log = path.join(folder, 'seen.txt');
  const programs = path.join(folder, 'bin');
  fs.mkdirSync(programs);
  fs.writeFileSync(path.join(programs, 'sbatch'), `#!/bin/sh\nenv >> '${log}'\necho 7\n`, { mode: 0o755 });
  fs.writeFileSync(path.join(programs, 'squeue'), '#!/bin/sh\n', { mode: 0o755 });
  const out = path.join(folder, 'out');
  const words = [
    'slurm',
    'extract',
    '--manifest',
    manifest,
    '--out',
    out,
    '--shards',
    '2',
    '--retries',
    '0',
    '--poll',
    '1',
  ];
  const env = {
    ...process.env,
    ...SECRETS,
    PATH: `${programs}:${process.env['PATH']}`,
    SLURM_JOB_ID: '99',
    KEPT: 'yes',
  };
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { env, encoding: 'utf8' });
  assert.equal(status, 3, stderr);
  assert.match(
    stderr,
    /given up after 1 submissions: shard 1 is not finished.*; shard 2 is not finished.*; logs: /,
  );
  const seen = fs.readFileSync(log, 'utf8');
  assert.match(seen, /^KEPT=yes$/m);
  assert.ok(!/tok-3n7|pw-88x|aws-5k2|SLURM_JOB_ID/.test(seen));
});
