import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { createTracker, syncJournals, type Tracker } from 'mlflow-tracking-client';
import { packBatch, pointIdentity, splitBatch } from '../../lib/mlflow-tracking-client/dist/batches';
import type { Http } from '../../lib/mlflow-tracking-client/dist/http';
import {
  openJournal,
  readEntries,
  journalName,
  type ReadEntry,
} from '../../lib/mlflow-tracking-client/dist/journal';
import { checkName, truncateText } from '../../lib/mlflow-tracking-client/dist/rules';
import { lockJournal } from '../../lib/mlflow-tracking-client/dist/sentState';
import { redactor, withoutUserInfo } from '../../lib/mlflow-tracking-client/dist/secrets';
import {
  serverSettings,
  settingsFromPlain,
  settingsToPlain,
} from '../../lib/mlflow-tracking-client/dist/settings';
import { checkArtifactPath, openArtifactStore } from '../../lib/mlflow-tracking-client/dist/artifacts';
import { toYaml } from '../../lib/mlflow-tracking-client/dist/yaml';
import { temporaryFolder } from './support';

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const offline = (name: string, onWarning?: (text: string) => void): Tracker =>
  createTracker({
    mode: 'offline',
    journalFolder: path.join(folder, name),
    experiment: 'units',
    ...(onWarning === undefined ? {} : { onWarning }),
  });

test('names: what MLflow takes, and a sentence with a fix for what it does not', () => {
  for (const name of ['loss', 'val/f1 macro', 'a.b-c_d', 'é漢', 'x'.repeat(250), '..a', 'a/.b'])
    checkName('metric', name);
  for (const name of [
    '',
    'a:b',
    'a%',
    'a\nb',
    '/a',
    'a/',
    'a//b',
    './a',
    'a/../b',
    '.',
    '..',
    'x'.repeat(251),
  ]) {
    assert.throws(() => checkName('metric', name), /metric name/);
  }
  assert.throws(() => checkName('param', 'f1(C#)'), /"f1_C_" would be/);
  assert.throws(() => checkName('tag', '../a//b'), /"a\/b" would be accepted/);
});

test('a refused call leaves no trace, also when only its last item is wrong', () => {
  const tracker = offline('refused');
  const run = tracker.startRun({ name: 'r', key: 'k', params: { seed: 1 } });
  const file = path.join(folder, 'refused', 'k.jsonl');
  const before = fs.readFileSync(file, 'utf8');
  assert.throws(() => run.logMetrics({ good: 1, 'bad:': 2 }), /"bad_" would be/);
  assert.throws(() => run.logMetrics({ good: 1 }, 0.5), /step 0.5/);
  assert.throws(() => run.logMetrics({ good: '1' as unknown as number }), /not a number/);
  assert.throws(() => run.logParams({ other: 1, seed: 2 }), /one value/);
  assert.throws(() => run.logMetricRows([{ name: 'a', value: 1, timestamp: -1 }]), /timestamp/);
  assert.throws(() => run.logArtifact(path.join(folder, 'missing')), /missing/);
  assert.throws(() => run.logText('../x', ''), /artifact path/);
  assert.throws(() => run.logDataset({ name: 'd', digest: 'x'.repeat(37) }), /digest/);
  assert.throws(
    () => tracker.startRun({ name: 'grandchild', parent: tracker.startRun({ name: 'c', parent: run }) }),
    /one level/,
  );
  run.logParams({ seed: 1 });
  assert.equal(fs.readFileSync(file, 'utf8'), before);
});

test('a line cut by a crash is passed over, and the next one is whole', () => {
  const file = path.join(folder, 'torn.jsonl');
  const first = openJournal(file);
  first.append({ op: 'tags', x: { a: '1' } });
  first.close();
  fs.appendFileSync(file, '{"op":"tags","x":{"b":"la');
  assert.equal(readEntries(file, 0).entries.length, 1);
  const second = openJournal(file);
  second.append({ op: 'tags', x: { c: '3' } });
  second.close();
  const { entries, end } = readEntries(file, 0);
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    [
      { op: 'tags', x: { a: '1' } },
      { op: 'tags', x: { c: '3' } },
    ],
  );
  assert.equal(end, fs.statSync(file).size);
  // Blocks smaller than a line grow; reading from any returned offset continues exactly there.
  const small = readEntries(file, 0, 8);
  assert.equal(small.entries[0]!.end, small.end);
  assert.deepEqual(
    readEntries(file, entries[0]!.end).entries.map(({ entry }) => entry),
    [{ op: 'tags', x: { c: '3' } }],
  );
});

test('a run of a known key continues: same identity, no parameter or point written twice', () => {
  const first = offline('resume').startRun({
    name: 'r',
    key: 'fold 1/rep 2',
    params: { seed: 1 },
    tags: { t: 1 },
  });
  for (let step = 0; step < 5; step++) first.logMetrics({ loss: step / 3, acc: 1 }, step);
  const run = offline('resume').startRun({
    name: 'r',
    key: 'fold 1/rep 2',
    params: { seed: 1 },
    tags: { t: 1 },
  });
  assert.deepEqual([run.origin, run.id, run.lastStep('loss')], ['resumed', first.id, 4]);
  // From a checkpoint at step 3: two known points, then a new one; a known step with another value is new.
  for (let step = 3; step < 6; step++) run.logMetrics({ loss: step / 3, acc: step === 4 ? 2 : 1 }, step);
  const { entries } = readEntries(path.join(folder, 'resume', `${journalName('fold 1/rep 2')}.jsonl`), 0);
  assert.deepEqual(
    entries.map(({ entry }) => entry.op),
    [
      ...[
        'start',
        'tags',
        'params',
        'metrics',
        'metrics',
        'metrics',
        'metrics',
        'metrics',
        'resume',
        'metrics',
        'metrics',
      ],
    ],
  );
  const last = entries.slice(-2).map(({ entry }) => (entry.op === 'metrics' ? [entry.s, entry.x] : []));
  assert.deepEqual(last, [
    [4, { acc: 2 }],
    [5, { loss: 5 / 3, acc: 1 }],
  ]);
  const open = offline('resume2');
  assert.equal(open.startRun({ name: 'a', key: 'k' }), open.startRun({ name: 'a', key: 'k' }));
  assert.notEqual(journalName('a/b'), journalName('a_b'));
  assert.equal(journalName('fold-1_rep.2'), 'fold-1_rep.2');
});

test('points of one name never look the same to a server', () => {
  const tracker = offline('identity');
  const run = tracker.startRun({ name: 'r', key: 'k' });
  const steps = [0, 0, 0, 1, 0, 1, 5, 2, 5, 5];
  for (const step of steps) run.logMetrics({ a: 1 }, step);
  run.logMetricRows([
    { name: 'a', value: 1, step: 5 },
    { name: 'a', value: 1, step: 5 },
  ]);
  const { batch } = packBatch(readEntries(path.join(folder, 'identity', 'k.jsonl'), 0).entries, 1);
  assert.equal(new Set(batch.metrics.map((m) => pointIdentity(m))).size, steps.length + 2);
  assert.equal(
    pointIdentity({ timestamp: 1, step: 2, value: 'Infinity' }),
    pointIdentity({ timestamp: 1, step: 2, value: Number.MAX_VALUE }),
  );
  assert.equal(
    pointIdentity({ timestamp: 1, step: 2, value: -0 }),
    pointIdentity({ timestamp: 1, step: 2, value: 0 }),
  );
  assert.equal(
    pointIdentity({ timestamp: 1, step: 2, value: 'NaN' }),
    pointIdentity({ timestamp: 1, step: 2, value: NaN }),
  );
});

test('batches keep within every limit and lose nothing', () => {
  const tracker = offline('batches', () => undefined);
  const run = tracker.startRun({ name: 'r', key: 'k' });
  run.logMetrics(Object.fromEntries(Array.from({ length: 2345 }, (_, i) => [`m${i}`, i])));
  run.logParams(Object.fromEntries(Array.from({ length: 345 }, (_, i) => [`p${i}`, '漢'.repeat(5000)])));
  run.setTags(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`t${i}`, i])));
  run.logMetricRows(Array.from({ length: 4000 }, (_, i) => ({ name: 'x'.repeat(250), value: i, step: i })));
  const { entries } = readEntries(path.join(folder, 'batches', 'k.jsonl'), 0, 1 << 26);
  const totals = [0, 0, 0];
  for (let index = 1; index < entries.length;) {
    const { batch, next } = packBatch(entries, index);
    assert.ok(next > index);
    index = next;
    const counts = [batch.metrics.length, batch.params.length, batch.tags.length];
    assert.ok(
      counts[0]! <= 1000 &&
        counts[1]! <= 100 &&
        counts[2]! <= 100 &&
        counts[0]! + counts[1]! + counts[2]! <= 1000,
    );
    assert.ok(Buffer.byteLength(JSON.stringify({ run_id: 'r'.repeat(32), ...batch })) <= 1e6);
    counts.forEach((count, i) => (totals[i]! += count));
  }
  assert.deepEqual(totals, [6345, 345, 250]);
  const entry = (x: Record<string, string>): ReadEntry => ({ entry: { op: 'tags', x }, end: 0 });
  const { batch } = packBatch([entry({ a: '1', b: '1' }), entry({ a: '2' })], 0);
  assert.deepEqual(batch.tags, [
    { key: 'a', value: '2' },
    { key: 'b', value: '1' },
  ]);
  assert.deepEqual(
    splitBatch(batch).map((half) => half.tags.length),
    [1, 1],
  );
});

test('secrets are blanked, and cut out of addresses', () => {
  const settings = serverSettings('https://me:pa%2Fss@host:8443/mlflow/', {});
  assert.equal(settings.uri, 'https://host:8443/mlflow');
  assert.equal(settings.authorization, `Basic ${Buffer.from('me:pa/ss').toString('base64')}`);
  for (const redact of [settings.redact, settingsFromPlain(settingsToPlain(settings)).redact]) {
    const clean = redact(`to https://me:pa%2Fss@host pa/ss pa%2Fss ${settings.authorization}`);
    assert.doesNotMatch(clean, /pa\/ss|pa%2Fss|bWU6/);
  }
  assert.equal(serverSettings('http://h', { MLFLOW_TRACKING_TOKEN: 'abc' }).authorization, 'Bearer abc');
  assert.equal(withoutUserInfo('https://x:token@github.com/a/b.git'), 'https://github.com/a/b.git');
  assert.equal(redactor([undefined, ''])('plain text'), 'plain text');
  assert.throws(
    () => serverSettings('ftp://me:secret@h', {}),
    (error: Error) => !error.message.includes('secret'),
  );
  assert.throws(
    () =>
      serverSettings('https://h', {
        MLFLOW_TRACKING_INSECURE_TLS: 'true',
        MLFLOW_TRACKING_SERVER_CERT_PATH: '/x',
      }),
    /contradict/,
  );
});

test('one sender a journal: a living holder keeps the lock, a dead one does not', () => {
  const journal = path.join(folder, 'lock.jsonl');
  const unlock = lockJournal(journal)!;
  assert.equal(lockJournal(journal), undefined);
  unlock();
  const note = { pid: process.pid, host: 'elsewhere', ticks: 1 };
  fs.writeFileSync(path.join(folder, 'lock.lock'), JSON.stringify(note));
  assert.equal(lockJournal(journal), undefined, 'another machine, seen just now');
  const old = new Date(Date.now() - 600_000);
  fs.utimesSync(path.join(folder, 'lock.lock'), old, old);
  lockJournal(journal)!();
  // This pid lives, but is another process than the noted one.
  fs.writeFileSync(
    path.join(folder, 'lock.lock'),
    JSON.stringify({ pid: process.pid, host: os.hostname(), ticks: 1 }),
  );
  lockJournal(journal)!();
});

test('modes: disabled leaves nothing, the variable overrides, mistakes get a sentence', async () => {
  const journalFolder = path.join(folder, 'disabled');
  const tracker = createTracker({ mode: 'disabled', journalFolder, experiment: 'x' });
  const run = tracker.startRun({ name: 'r' });
  run.logMetrics({ a: 1 });
  run.end('FAILED');
  assert.deepEqual(
    [run.status, (await tracker.close()).state, fs.existsSync(journalFolder)],
    ['FAILED', 'local', false],
  );
  const sometimes = 'sometimes' as 'offline';
  assert.throws(
    () => createTracker({ mode: sometimes, journalFolder, experiment: 'x' }),
    /"sometimes": must be online, offline or disabled/,
  );
  assert.throws(() => createTracker({ journalFolder, experiment: '' }), /experiment name/);
  await assert.rejects(syncJournals(journalFolder, { uri: 'localhost' }), /address/);
});

test('artifact addresses: folders are served, others refused with what to configure', async () => {
  const offlineServer = { http: undefined as unknown as Http, uri: 'http://h' };
  const store = openArtifactStore(offlineServer, `file://${folder}/shared`);
  fs.writeFileSync(path.join(folder, 'one.txt'), 'one');
  await store.put('a/b.txt', path.join(folder, 'one.txt'));
  assert.deepEqual(await store.list('a'), [{ path: 'a/b.txt', kind: 'file', bytes: 3 }]);
  await store.get('a/b.txt', path.join(folder, 'two.txt'));
  assert.equal(fs.readFileSync(path.join(folder, 'two.txt'), 'utf8'), 'one');
  for (const address of ['s3://bucket/x', 'ftp://host/x/artifacts.txt'])
    assert.throws(() => openArtifactStore(offlineServer, address), /--serve-artifacts/);
  for (const bad of ['', '/a', 'a//b', '../a', 'a/..', 'a\\b', 'a#b', 'a%20b', 'a\u0000']) {
    assert.throws(() => checkArtifactPath(bad), /artifact path/);
  }
});

test('three hundred tables are three hundred artifacts; the list that the UI reads stays whole', () => {
  const warnings: string[] = [];
  const run = offline('tables', (text) => warnings.push(text)).startRun({ name: 'r', key: 'k' });
  for (let i = 0; i < 300; i++) run.logTable(`tables/${i}.json`, [{ cell: i }]);
  run.logTable('tables/0.json', [{ cell: 'again' }]);
  const entries = readEntries(path.join(folder, 'tables', 'k.jsonl'), 0).entries.map(({ entry }) => entry);
  const files = entries.flatMap((entry) => (entry.op === 'artifact' ? [entry.to] : []));
  assert.deepEqual([files.length, new Set(files).size, warnings.length], [301, 300, 1]);
  const tags = entries.flatMap((entry) => (entry.op === 'tags' ? [entry.x['mlflow.loggedArtifacts']!] : []));
  const listed = JSON.parse(tags.at(-1)!) as { path: string; type: string }[];
  assert.ok(tags.at(-1)!.length <= 5000 && listed.length > 100, `${listed.length} listed`);
  assert.deepEqual(listed[0], { path: 'tables/0.json', type: 'table' });
  // A list that someone else wrote, or an older version cut, is replaced.
  const resumed = offline('tables').startRun({
    name: 'r',
    key: 'cut',
    tags: { 'mlflow.loggedArtifacts': '[{"pa' },
  });
  resumed.logTable('t.json', [{ a: 1 }]);
});

test('the experiment is that of MLFLOW_EXPERIMENT_NAME unless one is given', () => {
  const before = process.env['MLFLOW_EXPERIMENT_NAME'];
  const named = (experiment?: string): string =>
    createTracker({
      mode: 'offline',
      journalFolder: path.join(folder, 'named'),
      ...(experiment === undefined ? {} : { experiment }),
    }).experiment;
  try {
    process.env['MLFLOW_EXPERIMENT_NAME'] = 'från miljön';
    assert.deepEqual([named(), named('given')], ['från miljön', 'given']);
    delete process.env['MLFLOW_EXPERIMENT_NAME'];
    assert.equal(named(), 'Default');
  } finally {
    if (before === undefined) delete process.env['MLFLOW_EXPERIMENT_NAME'];
    else process.env['MLFLOW_EXPERIMENT_NAME'] = before;
  }
});

test('text helpers', () => {
  assert.equal(truncateText('😀😀😀', 2), '😀😀');
  assert.equal(
    toYaml({ a: { b: [1, { c: 'x"y', d: [] }], e: null }, 'f g': true, h: undefined }),
    ['a:', '  b:', '    - 1', '    - c: "x\\"y"', '      d: []', '  e: null', '"f g": true', ''].join('\n'),
  );
});

test('a process that ends without ending its runs ends them by its exit code', () => {
  const journalFolder = path.join(folder, 'exit');
  const script = (key: string, last: string): string => `
    const { createTracker } = require('mlflow-tracking-client');
    const tracker = createTracker({ mode: 'offline', journalFolder: ${JSON.stringify(journalFolder)}, experiment: 'x' });
    tracker.startRun({ name: 'r', key: '${key}' }).logMetrics({ a: 1 });
    ${last}`;
  const endings = {
    plain: '',
    thrown: "throw new Error('on purpose')",
    killed: "process.kill(process.pid, 'SIGKILL')",
  };
  const statuses = Object.entries(endings).map(([key, last]) => {
    spawnSync(process.execPath, ['-e', script(key, last)], {
      cwd: path.join(__dirname, '../..'),
      stdio: 'ignore',
    });
    const final = readEntries(path.join(journalFolder, `${key}.jsonl`), 0).entries.at(-1)!.entry;
    return final.op === 'end' ? final.status : final.op;
  });
  assert.deepEqual(statuses, ['FINISHED', 'FAILED', 'metrics']);
});

test('a sender that waits for a dead server does not hold a process that has ended its work', () => {
  const journalFolder = path.join(folder, 'waiting');
  const script = `
    const { createTracker } = require('mlflow-tracking-client');
    const tracker = createTracker({ uri: 'http://127.0.0.1:9', journalFolder: ${JSON.stringify(journalFolder)}, experiment: 'x' });
    tracker.startRun({ name: 'r', key: 'r' }).logMetrics({ a: 1 });
    setTimeout(() => undefined, 1000);`;
  const ended = spawnSync(process.execPath, ['-e', script], {
    cwd: path.join(__dirname, '../..'),
    stdio: 'ignore',
    timeout: 30_000,
  });
  assert.deepEqual([ended.status, ended.signal], [0, null]);
  const final = readEntries(path.join(journalFolder, 'r.jsonl'), 0).entries.at(-1)!.entry;
  assert.equal(final.op === 'end' && final.status, 'FINISHED');
});
