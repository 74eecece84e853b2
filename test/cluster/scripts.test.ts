import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { describeSubmission, extractionWork, planSubmission, runOnCluster } from 'stm-lab/dist/cluster';
import { scriptText, shellWord } from 'stm-lab/dist/cluster/script';
import { jobNumber, logPattern, parseQueue, sbatchArguments, taskRanges } from 'stm-lab/dist/cluster/slurm';
import { stmLab, temporaryFolder, tinyCorpus } from '../pipeline/support';

const resources = { cpus: 2, mem: '4G', time: '04:00:00' };
const nasty = [
  "a 'b' c",
  '$(touch hacked)',
  '`id`',
  '"; rm -rf x; "',
  '-n',
  '*',
  '%A',
  '\\',
  'ünï',
  '#SBATCH --x',
];

test('whatever a word holds, a shell passes it on as it is', () => {
  const folder = temporaryFolder('words');
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${nasty.map(shellWord).join(' ')}`], {
    encoding: 'utf8',
    cwd: folder,
  });
  assert.deepEqual(printed.split('\0').slice(0, -1), nasty);
  assert.deepEqual(fs.readdirSync(folder), []);
  assert.throws(() => shellWord('a\n#SBATCH --uid=0'), /line break/);
});

test('a job script runs its command with the shard, and leaves the exit code of a merge', () => {
  const folder = temporaryFolder('script');
  const print = [
    process.execPath,
    '-e',
    'console.log(JSON.stringify(process.argv.slice(1)))',
    '--',
    ...nasty,
  ];
  const shard = scriptText({ name: 'stm-extract', resources, command: print, kind: { shard: 8 } });
  assert.match(shard, /^#!\/bin\/sh\n(#SBATCH --[a-z-]+(=\S+)?\n)+\n/);
  const out = spawnSync('sh', ['-c', shard], {
    env: { ...process.env, SLURM_ARRAY_TASK_ID: '3' },
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(out.stdout), [...nasty, '--shard', '3/8']);
  const statusFile = path.join(folder, "it's done");
  const command = [process.execPath, '-e', 'process.exit(Number(process.argv[2]))', '--'];
  const merge = scriptText({ name: 'm', resources, command, kind: { merge: 5, statusFile } });
  assert.equal(spawnSync('sh', ['-c', merge]).status, 5);
  assert.equal(fs.readFileSync(statusFile, 'utf8'), '5\n');
});

test('resources that would be more than themselves are refused', () => {
  for (const [name, value] of [
    ['partition', 'main --uid=0'],
    ['partition', '-pmain'],
    ['account', 'a\n#SBATCH --uid=0'],
    ['time', '1h'],
    ['mem', '4 G'],
    ['constraint', 'a;b'],
  ] as const)
    assert.throws(
      () =>
        scriptText({
          name: 'x',
          resources: { ...resources, [name]: value },
          command: ['true'],
          kind: { shard: 1 },
        }),
      new RegExp(`--${name} .*is not in the form sbatch takes`),
    );
  const other = scriptText({
    name: 'x',
    resources: {
      cpus: 3,
      mem: '500M',
      time: '2-00:00:00',
      partition: 'gpu,cpu',
      qos: 'high',
      constraint: 'a&b',
    },
    command: ['true'],
    kind: { shard: 1 },
  });
  for (const line of [
    'cpus-per-task=3',
    'mem=500M',
    'time=2-00:00:00',
    'partition=gpu,cpu',
    'qos=high',
    'constraint=a&b',
  ])
    assert.ok(other.includes(`#SBATCH --${line}\n`), line);
});

test('task numbers, logs and the queue in Slurm’s own notation', () => {
  assert.equal(taskRanges([1, 2, 3, 7, 9, 10]), '1-3,7,9-10');
  assert.equal(logPattern('/a %b', 'x-%a.log'), '/a %%b/x-%a.log');
  assert.throws(() => logPattern('/a\\b', 'x'), /backslash/);
  const common = { script: 's.sh', log: 'l', chdir: '/' };
  assert.deepEqual(sbatchArguments({ ...common, tasks: [1, 2], atOnce: 4, after: '12' }).slice(-3), [
    '--array=1-2%4',
    '--dependency=afterany:12',
    's.sh',
  ]);
  assert.deepEqual(parseQueue('12|3|RUNNING|n2|None\n13|N/A|PENDING||Dependency\n'), [
    { job: '12', task: 3, state: 'RUNNING', node: 'n2', reason: 'None' },
    { job: '13', task: undefined, state: 'PENDING', node: '', reason: 'Dependency' },
  ]);
});

test('a dry run prints scripts and commands and leaves nothing; without Slurm the fix is named', async () => {
  const folder = temporaryFolder('dry');
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const out = path.join(folder, 'features');
  const words = [
    'slurm',
    'extract',
    '--manifest',
    manifest,
    '--out',
    out,
    '--shards',
    '8',
    '--partition',
    'cpu',
  ];
  const { code, out: printed, err } = stmLab(...words, '--dry-run', '--at-once', '4', '--max-excerpts', '3');
  assert.equal(code, 0, err);
  assert.match(printed, /--kind stm --channels published --max-excerpts 3 /);
  assert.match(printed, /#SBATCH --partition=cpu/);
  assert.match(printed, /--shard "\$SLURM_ARRAY_TASK_ID\/8"/);
  assert.match(printed, /--merge 8/);
  assert.match(
    printed,
    /sbatch --parsable .*--array=1-8%4 .*extract-1\.sh'?\nsbatch .*--dependency=afterany:JOB/,
  );
  assert.equal(fs.existsSync(out), false);
  assert.match(stmLab(...words.slice(0, 2), ...words.slice(4)).err, /--manifest is required/);
  assert.match(stmLab('slurm', 'dance', ...words.slice(2)).err, /must be extract, search or ablate/);
  const work = extractionWork({ manifest, out, shards: 3 });
  assert.match(describeSubmission(planSubmission(work, {}, [2], 4)), /--array=2 /);
  const { PATH } = process.env;
  process.env['PATH'] = folder;
  try {
    await assert.rejects(runOnCluster(work), /sbatch is not on the PATH: run this on a login node/);
  } finally {
    process.env['PATH'] = PATH;
  }
});

test('the job number is found among what a site prints around it', () => {
  for (const answer of [
    '4242',
    '4242\n',
    'Welcome to node 7!\n1234 users\n4242\n',
    '4242;north\r\nquota: 80 %\n',
  ])
    assert.equal(jobNumber(answer), '4242', JSON.stringify(answer));
  for (const answer of ['', 'Welcome\n', 'job 4242 queued\n']) assert.equal(jobNumber(answer), undefined);
});

test('jobs of a site that prints banners are followed, and an array is never submitted twice', async () => {
  const folder = temporaryFolder('banner');
  const bin = path.join(folder, 'bin');
  const calls = path.join(folder, 'calls');
  fs.mkdirSync(bin);
  fs.writeFileSync(calls, '');
  const program = (name: string, text: string): void =>
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const banner = "echo '*** maintenance on 2026 ***'; echo 17 projects";
  const note = `echo "$(basename "$0") $*" >> '${calls}'`;
  const sbatch = (merge: string): void =>
    program(
      'sbatch',
      `${note}; ${banner}; case "$*" in *merge.sh) ${merge};; *) echo 4242;; esac; echo 'goodbye'`,
    );
  program('squeue', `${banner}; echo '4242|1|RUNNING|n1|None'; echo '4243||PENDING||Dependency'`);
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const work = extractionWork({ manifest, out: path.join(folder, 'out'), shards: 2 });
  const submitted = (): string[] =>
    fs
      .readFileSync(calls, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('sbatch'));
  const { PATH } = process.env;
  process.env['PATH'] = `${bin}${path.delimiter}${PATH}`;
  try {
    // The site refuses the second job: the array is in the queue by then.
    sbatch('echo "QOSMaxSubmitJobPerUserLimit" >&2; exit 1');
    await assert.rejects(runOnCluster(work), /sbatch refuses: QOSMaxSubmit/);
    assert.equal(submitted().length, 2);
    // The next call submits the merge alone and follows both; stopped, it names them.
    sbatch('echo 4243');
    const signal = AbortSignal.abort();
    await assert.rejects(runOnCluster(work, { signal }), /jobs 4242 and 4243 continue/);
    assert.equal(submitted().length, 3);
    assert.match(submitted()[2]!, /--dependency=afterany:4242 .*merge\.sh$/);
    await assert.rejects(runOnCluster(work, { signal }), /jobs 4242 and 4243 continue/);
    assert.equal(submitted().length, 3);
  } finally {
    process.env['PATH'] = PATH;
  }
});
