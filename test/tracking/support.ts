import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  listAllArtifacts,
  openArtifactStore,
  startLocalServer,
  type LocalServer,
  type MlflowClient,
} from 'mlflow-tracking-client';

/** The programs of another Python environment, with which `npm run test:tracking:newest` repeats these tests. */
export const otherPython = process.env['STM_LAB_TEST_PYTHON'];
const programs = otherPython ?? path.resolve(__dirname, '../../.venv/bin');
export const mlflow = path.join(programs, 'mlflow');
export const python = path.join(programs, 'python');

/** Why the tests against a real server cannot run, or false. */
export const noServer: string | false = fs.existsSync(mlflow)
  ? false
  : 'SKIPPED: .venv/bin/mlflow is missing ("npm run doctor" says why)';

export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'stm-tracking-'));
}

export function startServer(folder: string, port = 0): Promise<LocalServer> {
  return startLocalServer({
    folder: path.join(folder, 'server'),
    executable: mlflow,
    port,
    timeoutMs: 120_000,
  });
}

/** Kills all processes of a server at once, as a power cut would. */
export async function killServer(server: LocalServer): Promise<void> {
  process.kill(-server.pid, 'SIGKILL');
  for (;;) {
    try {
      process.kill(-server.pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Asserts that the server holds one run of this identity, its metrics `loss` (1 / (1 + step)) and `acc`
 * (step % 7) exactly once for each step, and this many files under `files/`.
 */
export async function checkDelivery(
  client: MlflowClient,
  experiment: string,
  uid: string,
  points: number,
  files: number,
): Promise<void> {
  const { id } = (await client.getExperiment(experiment))!;
  const runs = await client.searchRuns([id], {
    filter: `tags.\`mlflow-tracking-client.uid\` = '${uid}'`,
    lifecycle: 'all',
  });
  assert.equal(runs.length, 1);
  const run = runs[0]!;
  assert.equal(run.status, 'FINISHED');
  const expected = Array.from({ length: points }, (_, step) => step);
  const loss = await client.metricHistory(run.id, 'loss');
  assert.deepEqual(
    loss.map((point) => [point.step, point.value]),
    expected.map((step) => [step, 1 / (1 + step)]),
  );
  const acc = await client.metricHistory(run.id, 'acc');
  assert.deepEqual(
    acc.map((point) => [point.step, point.value]),
    expected.map((step) => [step, step % 7]),
  );
  const store = openArtifactStore(client, run.artifactUri);
  const held = files === 0 ? [] : await listAllArtifacts(store, 'files');
  assert.equal(held.length, files);
  for (const file of held) {
    const step = /(\d+)/.exec(file.path)![1]!;
    const target = path.join(temporaryFolder(), 'file');
    await store.get(file.path, target);
    assert.equal(fs.readFileSync(target, 'utf8'), `file ${step}`);
    fs.rmSync(path.dirname(target), { recursive: true });
  }
}

/** What Python's own MLflow client reads back: see readBack.py. */
export interface ReadBack {
  runId: string;
  name: string;
  status: string;
  startTime: number;
  endTime: number | null;
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: Record<string, [number | string, number, number][]>;
  datasets: { name: string; digest: string; context: string; schema: string; profile: string }[];
  artifacts: Record<string, string>;
  models: {
    name: string;
    inputs: unknown;
    outputs: unknown;
    files: string[];
    status: string;
    runId: string;
  }[];
}

/** One entry for each of the runs, by their tag `mlflow-tracking-client.uid`. */
export function readBack(uri: string, ...uids: string[]): ReadBack[] {
  const text = execFileSync(python, [path.join(__dirname, 'readBack.py'), uri, ...uids], {
    env: { ...process.env, MLFLOW_TRACKING_URI: uri, MLFLOW_DISABLE_TELEMETRY: 'true' },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString('utf8');
  return JSON.parse(text.slice(text.indexOf('\n[') + 1)) as ReadBack[];
}

/**
 * What the proxy does with a request. `drop-after`: the server carries it out, the answer is lost; `late`:
 * the connection breaks at once, and the server carries it out a second later.
 */
export type Fault =
  | 'pass'
  | 'drop-before'
  | 'cut-request'
  | 'drop-after'
  | 'error-after'
  | 'busy'
  | 'late'
  | 'html'
  /** Nothing is answered, before or after the work. */
  | 'hang'
  | 'hang-after'
  /** The work is done; of its answer the connection, the text or the speed suffers. */
  | 'truncate'
  | 'half-json'
  | 'empty'
  | 'drip'
  /** Answers of something that is no MLflow. */
  | 'foreign'
  /** This status, and nothing is done. */
  | number;

export interface FaultProxy {
  uri: string;
  /** Bodies of the log-batch requests that the server accepted. */
  accepted: { run_id: string; metrics: { key: string; value: unknown; timestamp: number; step: number }[] }[];
  /** Paths of all requests seen, with their headers. */
  seen: { path: string; headers: http.IncomingHttpHeaders }[];
  faults: number;
  close(): Promise<void>;
}

/** Sends the body of an answer whose head, with the true length, is on its way. */
function spoilAnswer(response: http.ServerResponse, body: Buffer, fault: Fault): void {
  if (fault === 'truncate')
    response.write(body.subarray(0, body.length / 2), () => response.socket?.destroySoon());
  else if (fault === 'drip') {
    let at = 0;
    const next = (): void => {
      if (at >= body.length) response.end();
      else response.write(body.subarray(at, (at += 8)), () => setTimeout(next, 2));
    };
    next();
  } else response.end(body);
}

/** An HTTP proxy in front of a server that spoils requests as `choose` says. */
export async function startFaultProxy(
  target: string,
  choose: (request: { method: string; path: string; index: number }) => Fault,
): Promise<FaultProxy> {
  const upstream = new URL(target);
  const sockets = new Set<net.Socket>();
  const proxy: FaultProxy = {
    uri: '',
    accepted: [],
    seen: [],
    faults: 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  const server = http.createServer((request, response) => {
    const index = proxy.seen.length;
    const where = request.url ?? '';
    proxy.seen.push({ path: where, headers: request.headers });
    const fault = choose({ method: request.method ?? '', path: where, index });
    if (fault !== 'pass') proxy.faults += 1;
    if (fault === 'drop-before') {
      request.socket.destroy();
      return;
    }
    if (fault === 'busy') {
      request.resume();
      response
        .writeHead(429, { 'retry-after': '0' })
        .end('{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"later"}');
      return;
    }
    if (fault === 'hang') {
      request.resume();
      return;
    }
    if (typeof fault === 'number') {
      request.resume();
      response
        .writeHead(fault, { 'content-type': 'text/html', location: 'https://login.example/authorize' })
        .end('<html>not now</html>');
      return;
    }
    if (fault === 'foreign') {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"service":"another"}');
      return;
    }
    if (fault === 'html') {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (fault === 'cut-request') request.socket.destroy();
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (fault === 'cut-request') {
        request.socket.destroy();
        return;
      }
      const forward = http.request(
        {
          host: upstream.hostname,
          port: upstream.port,
          method: request.method,
          path: where,
          headers: { ...request.headers, host: upstream.host },
          agent: false,
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', () => request.socket.destroy());
          answer.on('end', () => {
            if (where.endsWith('/runs/log-batch') && answer.statusCode === 200) {
              proxy.accepted.push(JSON.parse(body.toString('utf8')) as FaultProxy['accepted'][number]);
            }
            if (fault === 'drop-after') request.socket.destroy();
            else if (fault === 'error-after') {
              response
                .writeHead(500)
                .end('{"error_code":"INTERNAL_ERROR","message":"partial data may be written"}');
            } else if (fault === 'half-json' || fault === 'empty') {
              const text = Buffer.concat(parts);
              response.writeHead(200).end(fault === 'empty' ? '' : text.subarray(0, text.length / 2));
            } else if (fault !== 'hang-after') {
              response.writeHead(answer.statusCode ?? 500, answer.headers);
              spoilAnswer(response, Buffer.concat(parts), fault);
            }
          });
        },
      );
      forward.on('error', () => request.socket.destroy());
      if (fault === 'late') {
        request.socket.destroy();
        setTimeout(() => forward.end(body), 1000);
      } else {
        forward.end(body);
      }
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.uri = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  return proxy;
}
