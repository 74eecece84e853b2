import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { proxyFor } from '../../lib/mlflow-tracking-client/dist/agents';
import { createHttp, type Http } from '../../lib/mlflow-tracking-client/dist/http';
import { backOffMs, withRetries } from '../../lib/mlflow-tracking-client/dist/retry';
import { retryAfter, type ServerError } from '../../lib/mlflow-tracking-client/dist/serverError';
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

/** Runs `use` with other variables of the environment, by which proxies are chosen. */
async function withEnvironment<T>(changes: Record<string, string>, use: () => Promise<T> | T): Promise<T> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]);
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  Object.assign(process.env, changes);
  try {
    return await use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

interface Certificate {
  key: Buffer;
  cert: Buffer;
  file: string;
}

/** A self-signed certificate for 127.0.0.1 and host.test; undefined without openssl. */
function certificate(): Certificate | undefined {
  const key = path.join(folder, 'key.pem');
  const file = path.join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:host.test'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', file, ...subject], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  return { key: fs.readFileSync(key), cert: fs.readFileSync(file), file };
}

/** A proxy that makes tunnels and passes plain requests on, both to `target` whatever they name. */
function serveAsProxy(proxy: http.Server | https.Server, target: () => number, seen: string[]): void {
  proxy.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    seen.push(
      `CONNECT ${request.url} ${request.headers['proxy-authorization']} ${request.headers.authorization}`,
    );
    const through = net.connect(target(), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(through).pipe(socket);
    });
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
  });
  proxy.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization']}`);
    response.end('{}');
  });
}

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

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

test('a server that is missing, falls silent, hangs up or is none', async () => {
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
  for (const [where, kind] of [
    ['/silent', 'ambiguous'],
    ['/hangup', 'ambiguous'],
    ['/half', 'ambiguous'],
    ['/html', 'foreign'],
  ] as const) {
    const failure = await failureOf(server.json({ method: 'POST', path: where, json: {} }));
    assert.equal(failure.failure, kind, where);
  }
});

test('TLS: an unknown authority is refused, a given one or "insecure" accepted', async (context) => {
  const made = certificate();
  if (made === undefined) {
    context.skip('SKIPPED: openssl is missing');
    return;
  }
  const tls = https.createServer(made, (request, response) =>
    response.end(JSON.stringify({ path: request.url, auth: request.headers.authorization })),
  );
  const port = await listen(tls);
  const uri = `https://127.0.0.1:${port}`;
  const refused = await failureOf(client(uri).json({ method: 'GET', path: '/x' }));
  assert.equal(refused.failure, 'unreachable');
  assert.match(refused.message, /self-signed/);
  const trusted = { MLFLOW_TRACKING_SERVER_CERT_PATH: made.file };
  assert.deepEqual(await client(uri, trusted).json({ method: 'GET', path: '/x' }), { path: '/x' });
  assert.deepEqual(
    await client(uri, { MLFLOW_TRACKING_INSECURE_TLS: 'true' }).json({ method: 'GET', path: '/y' }),
    { path: '/y' },
  );

  // The same through a proxy, spoken to by HTTP or by TLS: it sees the host's name, and never our credentials.
  for (const scheme of ['http', 'https', '']) {
    const seen: string[] = [];
    const proxy = scheme === 'https' ? https.createServer(made) : http.createServer();
    serveAsProxy(proxy, () => port, seen);
    const where = `p:w@127.0.0.1:${await listen(proxy)}`;
    await withEnvironment({ HTTPS_PROXY: scheme === '' ? where : `${scheme}://${where}` }, async () => {
      const server = client('https://u:v@host.test:8443', trusted);
      for (const path of ['/z', '/again']) {
        assert.deepEqual(await server.json({ method: 'GET', path }), { path, auth: basic('u:v') });
      }
    });
    // One tunnel serves both requests.
    assert.deepEqual(seen, [`CONNECT host.test:8443 ${basic('p:w')} undefined`], `proxy by "${scheme}"`);
  }

  const seen: string[] = [];
  const proxy = https.createServer(made);
  serveAsProxy(proxy, () => port, seen);
  await withEnvironment({ http_proxy: `https://p:w@127.0.0.1:${await listen(proxy)}` }, () =>
    client('http://mlflow.test:5000', trusted).json({ method: 'GET', path: '/plain' }),
  );
  assert.deepEqual(seen, [`http://mlflow.test:5000/plain ${basic('p:w')}`]);
});

test('plain http through a proxy, and who is excepted from it', async () => {
  const seen: string[] = [];
  const port = await listen(
    http.createServer((request, response) => {
      seen.push(request.url!);
      response.end('{}');
    }),
  );
  await withEnvironment({ HTTP_PROXY: `127.0.0.1:${port}` }, () =>
    client('http://mlflow.test:5000/base').json({ method: 'GET', path: '/x', query: { a: 'ü b' } }),
  );
  assert.deepEqual(seen, ['http://mlflow.test:5000/base/x?a=%C3%BC+b']);
  const excepted = 'internal.org, .example.com,10.0.0.1:5000 192.168.0.0/16 *.any.net';
  await withEnvironment({ HTTP_PROXY: 'http://proxy:3128', NO_PROXY: excepted }, () => {
    const used = (uri: string): boolean => proxyFor(new URL(uri)) !== undefined;
    assert.deepEqual(
      Object.fromEntries(
        [
          'http://a.org',
          'http://x.internal.org',
          'http://example.com',
          'http://10.0.0.1:5000',
          'http://10.0.0.1',
          'http://192.168.7.9:5000',
          'http://193.168.7.9:5000',
          'http://x.any.net',
          'http://127.0.0.1',
          'http://localhost:5000',
        ].map((uri) => [uri, used(uri)]),
      ),
      {
        'http://a.org': true,
        'http://x.internal.org': false,
        'http://example.com': false,
        'http://10.0.0.1:5000': false,
        'http://10.0.0.1': true,
        'http://192.168.7.9:5000': false,
        'http://193.168.7.9:5000': true,
        'http://x.any.net': false,
        'http://127.0.0.1': false,
        'http://localhost:5000': false,
      },
    );
  });
  await withEnvironment({ http_proxy: 'proxy', no_proxy: '*' }, () =>
    assert.equal(proxyFor(new URL('http://a.org')), undefined),
  );
  await withEnvironment({ ALL_PROXY: 'https://me:secret@proxy' }, () =>
    assert.equal(proxyFor(new URL('https://a.org'))!.host, 'proxy'),
  );
  await withEnvironment({ ALL_PROXY: 'socks5://me:secret@proxy:1080' }, () =>
    assert.throws(
      () => proxyFor(new URL('https://a.org')),
      (error: Error) =>
        /socks5.*only http and https/.test(error.message) && !error.message.includes('secret'),
    ),
  );
});

test('a proxy that wants a user, or says nothing, is named with its fix', async () => {
  const deaf = net.createServer(() => undefined);
  const strict = http.createServer((_request, response) => response.writeHead(407).end('who?'));
  strict.on('connect', (_request: http.IncomingMessage, socket: net.Socket) =>
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 4\r\n\r\nwho?'),
  );
  const port = await listen(strict);
  for (const uri of ['http://mlflow.test', 'https://mlflow.test']) {
    await withEnvironment({ ALL_PROXY: `http://127.0.0.1:${port}` }, async () => {
      const failure = await failureOf(client(uri).json({ method: 'GET', path: '/x' }));
      assert.deepEqual([failure.failure, failure.status], ['unauthorized', 407], uri);
      assert.match(failure.message, /HTTPS_PROXY/);
    });
  }
  await withEnvironment({ HTTPS_PROXY: `http://127.0.0.1:${await listen(deaf)}` }, async () => {
    const server = client('https://mlflow.test', { MLFLOW_HTTP_REQUEST_TIMEOUT: '0.3' });
    const failure = await failureOf(server.json({ method: 'POST', path: '/x', json: {} }));
    assert.equal(failure.failure, 'unreachable');
    assert.match(failure.message, /proxy made no connection within 0.3 s/);
  });
});

test('a connection may take as long as the limit says, and the limit is named truly', async (context) => {
  // A stopped process: the kernel queues two connections and leaves further ones without an answer.
  const script = `const server = require('node:http').createServer((q, r) => r.end('{}'));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 4 }, () =>
    net.connect(port, '127.0.0.1').on('error', () => undefined),
  );
  closing.push(() => fillers.forEach((socket) => socket.destroy()));
  await new Promise((resolve) => setTimeout(resolve, 200));
  if (fillers.every((socket) => !socket.connecting)) {
    context.skip('SKIPPED: this system answers connections for a stopped process');
    return;
  }
  const uri = `http://127.0.0.1:${port}`;
  const short = client(uri, { MLFLOW_HTTP_REQUEST_TIMEOUT: '0.3' });
  const failure = await failureOf(short.json({ method: 'POST', path: '/', json: {} }));
  assert.equal(failure.failure, 'unreachable');
  assert.match(failure.message, /no connection within 0.3 s/);
  const patient = client(uri, { MLFLOW_HTTP_REQUEST_TIMEOUT: '60' }).json({ method: 'GET', path: '/' });
  setTimeout(() => child.kill('SIGCONT'), 3500);
  assert.deepEqual(await patient, {});
});

test('idle connections are closed before the server closes them under a request', async () => {
  let open = 0;
  const server = http.createServer((_request, response) => response.end('{}'));
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  const port = await listen(server);
  const uri = `http://127.0.0.1:${port}`;
  const made = client(uri);
  await made.json({ method: 'GET', path: '/a' });
  await made.json({ method: 'GET', path: '/b' });
  assert.equal(open, 1);
  await new Promise((resolve) => setTimeout(resolve, 3600));
  assert.equal(open, 0);
  await made.json({ method: 'GET', path: '/c' });
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
