import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, test } from 'node:test';
import {
  createMlflowClient,
  createTracker,
  listAllArtifacts,
  openArtifactStore,
  type MlflowClient,
} from 'mlflow-tracking-client';
import { serverSettings } from '../../lib/mlflow-tracking-client/dist/settings';
import { python, startServer, temporaryFolder } from './support';

/** Artifacts in a cloud store, by addresses that the server signs. */

const folder = temporaryFolder();
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
  fs.rmSync(folder, { recursive: true, force: true });
});

type Answer = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: string,
  url: string,
) => void;

/** A server of a few lines. @returns its address. */
async function serve(answer: Answer): Promise<string> {
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, response, Buffer.concat(parts).toString(), request.url ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

function clientOf(uri: string): MlflowClient {
  const client = createMlflowClient(serverSettings(uri, { MLFLOW_TRACKING_TOKEN: 'secret-token' }));
  closing.push(() => client.close());
  return client;
}

test('files go to the signed address with its headers and without our login; a broken download continues at a fresh one', async () => {
  const held = new Map<string, string>();
  const seen: http.IncomingHttpHeaders[] = [];
  let signed = 0;
  const bucket = await serve((request, response, body, url) => {
    seen.push(request.headers);
    const name = url.split('?')[0]!;
    if (request.method === 'PUT') {
      held.set(name, body);
      response.end();
      return;
    }
    const text = held.get(name)!;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': text.length - from });
    if (from > 0) response.end(text.slice(from));
    else response.write(text.slice(0, 5), () => setTimeout(() => response.destroy(), 200));
  });
  const uri = await serve((_request, response, body, url) => {
    const { path: where, run_id: run } = JSON.parse(body || '{}') as Record<string, string>;
    signed += 1;
    const headers = url.includes('upload') ? { 'Content-Type': 'text/plain', 'x-kind': 'a' } : {};
    response.end(
      JSON.stringify({
        presigned_url: `${bucket}/${run}/${where}?signature=secret-signature-${signed}`,
        headers,
      }),
    );
  });
  const store = openArtifactStore(clientOf(uri), 's3://bucket/root/7/0123abcd/artifacts');
  fs.writeFileSync(path.join(folder, 'file'), 'twelve bytes');
  await store.put('notes/ä.txt', path.join(folder, 'file'));
  assert.deepEqual([...held], [['/0123abcd/notes/%C3%A4.txt', 'twelve bytes']]);
  assert.deepEqual(
    [seen[0]!.authorization, seen[0]!['content-type'], seen[0]!['x-kind']],
    [undefined, 'text/plain', 'a'],
  );
  await store.get('notes/ä.txt', path.join(folder, 'back'));
  assert.equal(fs.readFileSync(path.join(folder, 'back'), 'utf8'), 'twelve bytes');
  assert.deepEqual([seen.at(-1)!.range, signed], ['bytes=5-', seen.length]);
});

test('a server that does not sign refuses uploads with the fix, passes downloads on, and signatures stay out of messages', async () => {
  let status = 501;
  const uri = await serve((_request, response, _body, url) => {
    if (!url.startsWith('/get-artifact')) response.writeHead(status).end('{"error_code":"NOT_IMPLEMENTED"}');
    else response.end(`through the server: ${new URL(url, 'http://h').searchParams.get('path')}`);
  });
  const store = openArtifactStore(clientOf(uri), 'gs://bucket/7/0123abcd/artifacts');
  for (status of [501, 404, 405])
    await assert.rejects(store.put('a', path.join(folder, 'file')), /"gs:".*--serve-artifacts/);
  await store.get('a b', path.join(folder, 'through'));
  assert.equal(fs.readFileSync(path.join(folder, 'through'), 'utf8'), 'through the server: a b');
  const failing = await serve((_request, response, _body, url) => {
    if (url.includes('presigned'))
      response.end(JSON.stringify({ presigned_url: `${failing}/x?signature=secret-signature` }));
    else response.writeHead(200).end('<html>');
  });
  const other = openArtifactStore(clientOf(failing), 's3://bucket/7/0123abcd/artifacts');
  await assert.rejects(
    other.put('a', path.join(folder, 'file')),
    (error: Error) => /web page/.test(error.message) && !error.message.includes('secret'),
  );
});

const moto = path.join(path.dirname(python), 'moto_server');
const noStore = fs.existsSync(moto)
  ? false
  : 'needs boto3 and moto beside MLflow; "npm run test:tracking:newest" installs them';

test('runs and models of a real server whose artifacts lie in an S3 store', { skip: noStore }, async () => {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const store = `http://127.0.0.1:${port}`;
  const process_ = spawn(moto, ['-p', String(port)], { stdio: 'ignore' });
  closing.push(() => process_.kill());
  for (;;) {
    const made = await fetch(`${store}/bucket`, { method: 'PUT' }).catch(() => undefined);
    if (made?.ok === true) break;
    assert.equal(process_.exitCode, null, 'moto_server has ended');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  Object.assign(process.env, {
    MLFLOW_S3_ENDPOINT_URL: store,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
  });
  const server = await startServer(folder);
  try {
    const client = clientOf(server.uri);
    const experimentId = await client.createExperiment('cloud', { artifactLocation: 's3://bucket/root' });
    const tracker = createTracker({
      uri: server.uri,
      journalFolder: path.join(folder, 'journals'),
      experimentId,
    });
    const run = tracker.startRun({ name: 'run' });
    run.logText('notes/hello.txt', 'grüße');
    run.logText('empty.txt', '');
    fs.mkdirSync(path.join(folder, 'model'));
    fs.writeFileSync(path.join(folder, 'model', 'weights.bin'), Buffer.alloc(3_000_000, 7));
    run.logModel({
      name: 'net',
      folder: path.join(folder, 'model'),
      signature: { inputs: [], outputs: [] },
    });
    run.end();
    const report = await tracker.close(60_000);
    assert.deepEqual([report.state, report.problems], ['complete', []]);
    const read = await client.getRun(run.remoteId()!);
    assert.match(read.artifactUri, /^s3:/);
    const files = openArtifactStore(client, read.artifactUri);
    assert.deepEqual((await listAllArtifacts(files)).map((file) => [file.path, file.bytes]).sort(), [
      ['empty.txt', 0],
      ['notes/hello.txt', 7],
    ]);
    await files.get('notes/hello.txt', path.join(folder, 'hello'));
    assert.equal(fs.readFileSync(path.join(folder, 'hello'), 'utf8'), 'grüße');
    const [model] = await client.searchLoggedModels([experimentId]);
    const ofModel = openArtifactStore(client, model!.artifactUri);
    assert.deepEqual((await listAllArtifacts(ofModel)).map((file) => file.path).sort(), [
      'MLmodel',
      'weights.bin',
    ]);
    await ofModel.get('weights.bin', path.join(folder, 'weights'));
    assert.deepEqual(
      fs.readFileSync(path.join(folder, 'weights')),
      fs.readFileSync(path.join(folder, 'model', 'weights.bin')),
    );
  } finally {
    await server.stop();
  }
});
