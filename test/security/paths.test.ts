import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { test } from 'node:test';
import { crc32, deflateRawSync } from 'node:zlib';
import { guardCell, readCsv, unguardCell, writeCsv } from 'stm-lab/dist/base/csv';
import { readManifest } from 'stm-lab/dist/corpus';
import { decodeZip, encodeZip } from 'stm-lab/dist/models/keras/zip';
import { createTracker, syncJournals } from 'mlflow-tracking-client';
import { spooledFile } from '../../lib/mlflow-tracking-client/dist/journal';
import { stmLab, temporaryFolder, tinyCorpus } from '../pipeline/support';

test('a manifest of someone else: recordings outside of its folder are refused on request, and never copied', () => {
  const folder = temporaryFolder('outside');
  const corpus = path.join(folder, 'corpus');
  const manifest = tinyCorpus(corpus);
  fs.cpSync(path.join(corpus, 'c0/g0-0.wav'), path.join(folder, 'private.wav'));
  fs.symlinkSync(path.join(folder, 'private.wav'), path.join(corpus, 'link.wav'));
  fs.symlinkSync(folder, path.join(corpus, 'up'));
  fs.symlinkSync('c0/g0-1.wav', path.join(corpus, 'fine.wav'));
  const outside = ['../private.wav', path.join(folder, 'private.wav'), 'link.wav', 'up/private.wav'];
  const lines = [...outside, 'fine.wav', './c1/../c1/g0-0.wav'].map((name) => `${name},class 0,elsewhere`);
  fs.writeFileSync(manifest, ['path,label,group', ...lines, 'c1/g1-0.wav,class 1,g', ''].join('\n'));
  const strict = readManifest(manifest, { paths: 'inside' });
  assert.deepEqual(
    strict.problems.map(({ path: name, reason }) => [name, reason.slice(0, 40)]),
    outside.map((name) => [name, "lies outside of the manifest's folder; m"]),
  );
  assert.equal(strict.rows.length, 3);
  assert.deepEqual(
    readManifest(manifest).problems.map(({ reason }) => reason),
    ['is the same recording as line 2; keep one of them'],
  );
  const out = path.join(folder, 'features');
  const { err } = stmLab(
    'extract',
    '--manifest',
    manifest,
    '--out',
    out,
    '--paths',
    'inside',
    '--tracking',
    'disabled',
  );
  assert.equal(err.split('\n').filter((line) => line.includes('lies outside')).length, 4, err);
});

test('a device or a folder is not a recording, and a text that is read as audio is not repeated in messages', () => {
  const folder = temporaryFolder('device');
  const manifest = path.join(folder, 'manifest.csv');
  fs.writeFileSync(path.join(folder, 'secret.wav'), 'password: hunter2');
  fs.writeFileSync(manifest, 'path,label,group\n/dev/zero,a,x\n/,b,y\nsecret.wav,a,y\n');
  const out = path.join(folder, 'out');
  const { err } = stmLab('extract', '--manifest', manifest, '--out', out, '--tracking', 'disabled');
  assert.match(err, /\/dev\/zero\): is not a file/);
  assert.match(err, /\(\/\): is not a file/);
  assert.match(err, /secret\.wav/);
  assert.ok(!(err + fs.readFileSync(path.join(out, 'rejected.csv'), 'utf8')).includes('hunter2'));
});

test('an artifact cannot be named out of its run, nor a journal make files outside of its folder be sent or removed', async () => {
  const folder = temporaryFolder('artifact');
  const tracker = createTracker({ journalFolder: folder, experiment: 'x', mode: 'offline' });
  const run = tracker.startRun({ name: 'r', key: 'r' });
  for (const name of ['../up.txt', '/etc/cron.d/x', 'a/../../b', 'a\\b', '', '.', 'a//b', 'a\u0000b'])
    assert.throws(() => run.logText(name, 'x'), /artifact path/, JSON.stringify(name));
  const logged = path.join(folder, 'logged');
  fs.mkdirSync(logged);
  fs.writeFileSync(path.join(folder, 'private.txt'), 'secret');
  fs.symlinkSync('../private.txt', path.join(logged, 'link.txt'));
  assert.throws(() => run.logFolder(logged), /link\.txt: is a link that leads out of/);
  const journal = path.join(folder, 'r.jsonl');
  for (const spool of ['../private.txt', '/etc/passwd', 'private', '..'])
    assert.throws(
      () => spooledFile(journal, { to: 'a.txt', spool }),
      /is not a file of this journal; it is not sent/,
    );
  fs.mkdirSync(path.join(folder, 'r.files'));
  fs.symlinkSync('../private.txt', path.join(folder, 'r.files', '0123456789abcdef'));
  assert.throws(() => spooledFile(journal, { to: 'a.txt', spool: '0123456789abcdef' }), /it is not sent/);
  assert.throws(() => spooledFile(journal, { to: '../a.txt', spool: '0123456789abcde0' }), /artifact path/);

  // The whole way: a doctored journal is synced to a server that takes everything.
  run.end();
  await tracker.close();
  fs.appendFileSync(
    journal,
    `${JSON.stringify({ op: 'artifact', to: 'stolen.txt', spool: '../private.txt', bytes: 6 })}\n`,
  );
  const bodies: string[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      const answer = {
        experiment: { experiment_id: '1', name: 'x', lifecycle_stage: 'active' },
        run: {
          info: {
            run_id: 'abc',
            artifact_uri: 'mlflow-artifacts:/1/abc/artifacts',
            status: 'RUNNING',
            lifecycle_stage: 'active',
          },
          data: {},
        },
        run_info: { run_id: 'abc', status: 'FINISHED' },
        runs: [],
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { problems } = await syncJournals(folder, {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    patienceMs: 2000,
  });
  server.closeAllConnections();
  server.close();
  assert.ok(!bodies.some((body) => body.includes('secret')));
  assert.match(problems.join('\n'), /which is not a file of this journal; it is not sent/);
  assert.equal(fs.readFileSync(path.join(folder, 'private.txt'), 'utf8'), 'secret');
});

test('an archive is read in memory, whatever its entries are called, and swells no further than it says', () => {
  const names = ['../../evil.txt', '/etc/evil', 'a\\..\\b'];
  const archive = Buffer.from(encodeZip(Object.fromEntries(names.map((name) => [name, Buffer.from('x')]))));
  assert.deepEqual(Object.keys(decodeZip(archive, 'm.keras')), names);
  const zeros = Buffer.alloc(1 << 24);
  const packed = deflateRawSync(zeros);
  const bomb = Buffer.from(encodeZip({ bomb: packed }));
  // Said to be deflated, with the hash of what comes out, and a small size.
  const central = bomb.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  bomb.writeUInt16LE(8, central + 10);
  bomb.writeUInt32LE(crc32(zeros), central + 16);
  bomb.writeUInt32LE(1000, central + 24);
  assert.throws(() => decodeZip(bomb, 'm.keras'), /m\.keras: is not a usable ZIP archive/);
});

test('cells that start formulas are guarded in tables for people and come back as they were; numbers stay numbers', () => {
  const folder = temporaryFolder('csv');
  const file = path.join(folder, 'table.csv');
  const texts = [
    '=1+1',
    '+SUM(A1)',
    '-cmd|x',
    '@x',
    '\tx',
    '\rx',
    "'=x",
    "''-x",
    'plain',
    "'plain",
    '-5',
    '+1e3',
    '-',
    '',
    'a=b',
  ];
  writeCsv(
    file,
    ['=head', 'n'],
    texts.map((text) => ({ '=head': text, n: -1.5 })),
  );
  const raw = fs.readFileSync(file, 'utf8');
  assert.ok(raw.startsWith("'=head,n\n'=1+1,-1.5\n"));
  for (const text of texts)
    if (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) assert.equal(guardCell(text), `'${text}`);
  assert.deepEqual(
    readCsv(file).rows.map((row) => [row['=head'], row['n']]),
    texts.map((text) => [text, '-1.5']),
  );
  for (const text of texts) assert.equal(unguardCell(guardCell(text)), text);
  assert.equal(guardCell('-5'), '-5');
  writeCsv(file, ['path'], [{ path: '=x.wav' }], { formulas: 'keep' });
  assert.equal(fs.readFileSync(file, 'utf8'), 'path\n=x.wav\n');
});
