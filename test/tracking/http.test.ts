import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, test } from 'node:test';
import {
  createHttp,
  retryAfter,
  type Http,
  type ServerError,
} from '../../lib/mlflow-tracking-client/dist/http';
import { proxyFor } from '../../lib/mlflow-tracking-client/dist/proxy';
import { backOffMs, withRetries } from '../../lib/mlflow-tracking-client/dist/retry';
import { serverSettings } from '../../lib/mlflow-tracking-client/dist/settings';
import { temporaryFolder } from './support';

const folder = temporaryFolder();
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

function client(uri: string, env: NodeJS.ProcessEnv = {}): Http {
  const made = createHttp(serverSettings(uri, env));
  closing.push(() => made.close());
  return made;
}

async function failureOf(call: Promise<unknown>): Promise<ServerError> {
  try {
    await call;
  } catch (error) {
    return error as ServerError;
  }
  throw new assert.AssertionError({ message: 'the call succeeded' });
}

test('basic and bearer authentication; credentials go to their own server only', async () => {
  const seen: (string | undefined)[] = [];
  const port = await listen(
    http.createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{}');
    }),
  );
  const other = await listen(
    http.createServer((request, response) => {
      seen.push(request.headers.authorization ?? 'none');
      response.end('{}');
    }),
  );
  await client(`http://me:secret@127.0.0.1:${port}`).json({ method: 'GET', path: '/x' });
  const bearer = client(`http://127.0.0.1:${port}`, { MLFLOW_TRACKING_TOKEN: 'tok' });
  await bearer.json({ method: 'GET', path: '/x' });
  await bearer.json({ method: 'GET', path: `http://127.0.0.1:${other}/x` });
  const named = {
    MLFLOW_TRACKING_USERNAME: 'a',
    MLFLOW_TRACKING_PASSWORD: 'b',
    MLFLOW_TRACKING_TOKEN: 'tok',
  };
  await client(`http://127.0.0.1:${port}`, named).json({ method: 'GET', path: '/x' });
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  assert.deepEqual(seen, [basic('me:secret'), 'Bearer tok', 'none', basic('a:b')]);
});

test('answers are sorted by what may be done next, and never show a secret', async () => {
  const port = await listen(
    http.createServer((request, response) => {
      const status = Number(request.url!.slice(1));
      response.writeHead(status, { 'retry-after': '7' });
      response.end(
        `{"error_code":"CODE_${status}","message":"for me:topsecret, ${request.headers.authorization}"}`,
      );
    }),
  );
  const server = client(`http://me:topsecret@127.0.0.1:${port}`);
  const kinds: Record<number, string> = {
    400: 'refused',
    401: 'unauthorized',
    403: 'unauthorized',
    404: 'missing',
    408: 'ambiguous',
    429: 'busy',
    500: 'ambiguous',
    503: 'ambiguous',
  };
  for (const [status, kind] of Object.entries(kinds)) {
    const error = await failureOf(server.json({ method: 'POST', path: `/${status}`, json: {} }));
    assert.deepEqual([error.failure, error.code, error.retryAfterMs], [kind, `CODE_${status}`, 7000]);
    assert.doesNotMatch(error.message, /topsecret|bWU6/);
  }
});

test('a server that is not there, falls silent, hangs up or is none', async () => {
  const gone = await failureOf(client('http://127.0.0.1:9').json({ method: 'POST', path: '/' }));
  assert.equal(gone.failure, 'unreachable');
  const port = await listen(
    http.createServer((request, response) => {
      if (request.url === '/silent') return;
      if (request.url === '/hangup') request.socket.destroy();
      else if (request.url === '/half') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"half":');
        setTimeout(() => request.socket.destroy(), 20);
      } else response.end('<html>');
    }),
  );
  const server = client(`http://127.0.0.1:${port}`, { MLFLOW_HTTP_REQUEST_TIMEOUT: '0.2' });
  for (const where of ['/silent', '/hangup', '/half', '/html']) {
    assert.equal(
      (await failureOf(server.json({ method: 'POST', path: where, json: {} }))).failure,
      'ambiguous',
      where,
    );
  }
});

test('TLS: an unknown authority is refused, a given one or "insecure" accepted', async (context) => {
  const key = path.join(folder, 'key.pem');
  const cert = path.join(folder, 'cert.pem');
  try {
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...[
          '-keyout',
          key,
          '-out',
          cert,
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1,DNS:host.test',
        ],
      ],
      { stdio: 'ignore' },
    );
  } catch {
    context.skip('SKIPPED: openssl is missing');
    return;
  }
  const tls = https.createServer(
    { key: fs.readFileSync(key), cert: fs.readFileSync(cert) },
    (request, response) =>
      response.end(JSON.stringify({ path: request.url, auth: request.headers.authorization })),
  );
  const uri = `https://127.0.0.1:${await listen(tls)}`;
  const refused = await failureOf(client(uri).json({ method: 'GET', path: '/x' }));
  assert.equal(refused.failure, 'unreachable');
  assert.match(refused.message, /self-signed/);
  const trusted = { MLFLOW_TRACKING_SERVER_CERT_PATH: cert };
  assert.deepEqual(await client(uri, trusted).json({ method: 'GET', path: '/x' }), { path: '/x' });
  assert.deepEqual(
    await client(uri, { MLFLOW_TRACKING_INSECURE_TLS: 'true' }).json({ method: 'GET', path: '/y' }),
    { path: '/y' },
  );

  // The same through a proxy, by CONNECT: the proxy sees the host's name, and never our credentials.
  const connects: string[] = [];
  const proxy = http.createServer();
  proxy.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    connects.push(
      `${request.url} ${request.headers['proxy-authorization']} ${request.headers.authorization}`,
    );
    const through = net.connect(Number(new URL(uri).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(through).pipe(socket);
    });
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
  });
  const before = process.env['HTTPS_PROXY'];
  process.env['HTTPS_PROXY'] = `http://p:w@127.0.0.1:${await listen(proxy)}`;
  try {
    const answer = await client('https://u:v@host.test:8443', trusted).json({ method: 'GET', path: '/z' });
    assert.deepEqual(answer, { path: '/z', auth: `Basic ${Buffer.from('u:v').toString('base64')}` });
  } finally {
    if (before === undefined) delete process.env['HTTPS_PROXY'];
    else process.env['HTTPS_PROXY'] = before;
  }
  assert.deepEqual(connects, [`host.test:8443 Basic ${Buffer.from('p:w').toString('base64')} undefined`]);
});

test('plain http through a proxy, and who is excepted from it', async () => {
  const seen: string[] = [];
  const port = await listen(
    http.createServer((request, response) => {
      seen.push(request.url!);
      response.end('{}');
    }),
  );
  const before = process.env['HTTP_PROXY'];
  process.env['HTTP_PROXY'] = `127.0.0.1:${port}`;
  try {
    await client('http://mlflow.test:5000/base').json({ method: 'GET', path: '/x', query: { a: 'ü b' } });
  } finally {
    if (before === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = before;
  }
  assert.deepEqual(seen, ['http://mlflow.test:5000/base/x?a=%C3%BC+b']);
  const env = { HTTP_PROXY: 'http://proxy:3128', NO_PROXY: 'internal.org, .example.com,10.0.0.1:5000' };
  const used = (uri: string): boolean => proxyFor(new URL(uri), env) !== undefined;
  assert.deepEqual(
    [
      'http://a.org',
      'http://x.internal.org',
      'http://example.com',
      'http://10.0.0.1:5000',
      'http://10.0.0.1',
      'http://127.0.0.1',
      'http://localhost:5000',
    ].map(used),
    [true, false, false, false, true, false, false],
  );
  assert.equal(proxyFor(new URL('http://a.org'), { http_proxy: 'proxy', no_proxy: '*' }), undefined);
});

test('waiting: exponential with jitter, never under Retry-After; a doubtful write is not repeated', async () => {
  assert.deepEqual(
    [retryAfter('3'), retryAfter('99999'), retryAfter('soon'), retryAfter(undefined)],
    [3000, 300_000, undefined, undefined],
  );
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:10 GMT', Date.UTC(2026, 0, 1)), 10_000);
  for (let attempt = 0; attempt < 20; attempt++) {
    const wait = backOffMs(attempt);
    const full = Math.min(30_000, 250 * 2 ** attempt);
    assert.ok(wait >= full / 2 && wait <= full, `${attempt}: ${wait}`);
  }
  let calls = 0;
  const port = await listen(
    http.createServer((_request, response) => {
      calls += 1;
      response.writeHead(calls < 3 ? 500 : 200).end('{}');
    }),
  );
  const server = client(`http://127.0.0.1:${port}`);
  const call = (): Promise<unknown> => server.json({ method: 'POST', path: '/', json: {} });
  await assert.rejects(withRetries(5, 'unsent', call));
  assert.equal(calls, 1);
  await withRetries(5, 'always', call);
  assert.equal(calls, 3);
});

test("an upload that is refused at its first bytes ends at once, with the server's sentence", async () => {
  let received = 0;
  const port = await listen(
    http.createServer((request, response) => {
      request.once('data', () =>
        response.writeHead(413).end('{"error_code":"TOO_LARGE","message":"at most 1 MB"}'),
      );
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('error', () => undefined);
    }),
  );
  const file = path.join(folder, 'large');
  fs.writeFileSync(file, Buffer.alloc(64 << 20));
  const body = { length: 64 << 20, open: () => fs.createReadStream(file) };
  const error = await failureOf(client(`http://127.0.0.1:${port}`).json({ method: 'PUT', path: '/x', body }));
  assert.equal(error.failure, 'refused');
  assert.match(error.message, /at most 1 MB/);
  assert.ok(received < 64 << 20, `${received} bytes were sent`);
});
