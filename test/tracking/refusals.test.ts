import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { createMlflowClient, createTracker, syncJournals } from 'mlflow-tracking-client';
import { serverSettings } from '../../lib/mlflow-tracking-client/dist/settings';
import { temporaryFolder } from './support';

/** Servers that answer, but not as MLflow should: counted, so that nobody asks them again and again. */

const folder = temporaryFolder();
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Answering {
  uri: string;
  requests: string[];
}

async function answering(
  answer: (request: http.IncomingMessage, response: http.ServerResponse, where: string) => void,
): Promise<Answering> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const where = (request.url ?? '').split('?')[0]!.replace('/api/2.0/mlflow/', '/');
    requests.push(`${request.method} ${where}`);
    request.resume();
    request.on('end', () => answer(request, response, where));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { uri: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, requests };
}

function json(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Enough of MLflow to take one run. */
function accept(response: http.ServerResponse, where: string): void {
  const info = { run_id: 'r1', experiment_id: '1', status: 'RUNNING' };
  const artifact_uri = 'mlflow-artifacts:/1/r1/artifacts';
  if (where === '/experiments/get-by-name')
    json(response, 200, { experiment: { experiment_id: '1', name: 'refusals' } });
  else if (where === '/runs/create' || where === '/runs/get')
    json(response, 200, { run: { info: { ...info, artifact_uri } } });
  else json(response, 200, where === '/runs/update' ? { run_info: info } : {});
}

const ABSENT = { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no such thing' };

/** A journal of one run with a metric, a file and an end. */
async function writeJournal(name: string): Promise<string> {
  const journalFolder = path.join(folder, name);
  const tracker = createTracker({ mode: 'offline', journalFolder, experiment: 'refusals' });
  const run = tracker.startRun({ name: 'run', key: 'run' });
  run.logMetrics({ loss: 1 });
  run.logText('note.txt', 'text');
  run.end();
  await tracker.close();
  return journalFolder;
}

const KINDS: Record<string, [(response: http.ServerResponse) => void, RegExp]> = {
  'a redirect to a login page': [
    (response) =>
      response
        .writeHead(302, { location: 'https://login.example/authorize?state=secret' })
        .end('<html>Found</html>'),
    /sent on to https:\/\/login\.example\/authorize.*MLFLOW_TRACKING_TOKEN/,
  ],
  'a login page': [
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>'),
    /the answer is a web page.*MLFLOW_TRACKING_TOKEN/,
  ],
  nothing: [(response) => response.writeHead(200).end(), /the answer is empty.*MLFLOW_TRACKING_URI/],
  'an object of another program': [(response) => json(response, 200, { ok: true }), /no "experiment"/],
  'a list': [(response) => response.writeHead(200).end('[]'), /no JSON object/],
  'not found': [
    (response) => response.writeHead(404).end('<html>nginx</html>'),
    /the answer is 404.*MLFLOW_TRACKING_URI/,
  ],
};

for (const [kind, [answer, sentence]] of Object.entries(KINDS)) {
  test(`a server that answers with ${kind}: one sentence with the fix, once; nothing is lost`, async () => {
    const server = await answering((_request, response) => answer(response));
    const journalFolder = await writeJournal(kind);
    const lines = fs.readFileSync(path.join(journalFolder, 'run.jsonl'), 'utf8');
    const warnings: string[] = [];
    const onWarning = (text: string): void => void warnings.push(text);
    const begin = performance.now();
    const report = await syncJournals(journalFolder, { uri: server.uri, onWarning });
    assert.ok(performance.now() - begin < 10_000, 'gives up soon');
    assert.ok(server.requests.length <= 4, server.requests.join('\n'));
    assert.deepEqual([report.state, report.runs[0]!.state], ['partial', 'pending']);
    for (const said of [report.problems, warnings]) {
      assert.equal(said.length, 1, said.join('\n'));
      assert.match(said[0]!, sentence);
      assert.doesNotMatch(said[0]!, /secret/);
    }
    assert.equal(fs.readFileSync(path.join(journalFolder, 'run.jsonl'), 'utf8'), lines);
    assert.equal(fs.readdirSync(path.join(journalFolder, 'run.files')).length, 1, 'the file is still kept');

    // The same from a living tracker, which has patience and asks rarely.
    server.requests.length = warnings.length = 0;
    const tracker = createTracker({
      uri: server.uri,
      journalFolder: path.join(folder, `${kind}, live`),
      experiment: 'refusals',
      onWarning,
      pollMs: 10,
    });
    tracker.startRun({ name: 'run' }).end();
    // However slow the machine is: the time of close() begins when the server has answered.
    for (let i = 0; i < 400 && warnings.length === 0; i++) await sleep(50);
    const live = await tracker.close(1500);
    assert.equal(live.state, 'partial');
    assert.equal(live.problems.length, 1, live.problems.join('\n'));
    assert.match(live.problems[0]!, sentence);
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.ok(server.requests.length <= 5, server.requests.join('\n'));
  });
}

test('a server that has moved is named with its new address', async () => {
  const server = await answering((request, response) =>
    response.writeHead(308, { location: `https://mlflow.example/base${request.url}` }).end(),
  );
  const client = createMlflowClient(server.uri);
  await assert.rejects(
    client.getExperiment('x'),
    /has moved; set MLFLOW_TRACKING_URI to https:\/\/mlflow\.example\/base$/,
  );
  await assert.rejects(client.version(), /has moved/);
  client.close();
});

test('a login page that comes between while a file is sent does not count as the file', async () => {
  let signedOut = true;
  let uploads = 0;
  const server = await answering((_request, response, where) => {
    if (!where.startsWith('/api/2.0/mlflow-artifacts')) accept(response, where);
    else {
      uploads += 1;
      if (signedOut) response.writeHead(302, { location: '/login' }).end();
      else response.writeHead(200).end();
    }
  });
  const journalFolder = await writeJournal('between');
  const first = await syncJournals(journalFolder, { uri: server.uri });
  assert.deepEqual([first.state, first.delivered.metrics, uploads], ['partial', 1, 3]);
  signedOut = false;
  const second = await syncJournals(journalFolder, { uri: server.uri });
  assert.deepEqual([second.state, second.delivered.artifacts, second.problems], ['complete', 1, []]);
});

for (const [status, code] of [
  [413, undefined],
  [400, 'INVALID_PARAMETER_VALUE'],
  [404, 'ENDPOINT_NOT_FOUND'],
  [405, undefined],
] as const) {
  test(`what the server refuses for good (${status}) is asked for once`, async () => {
    const server = await answering((_request, response, where) => {
      if (where === '/experiments/get-by-name') json(response, 404, ABSENT);
      else json(response, status, { error_code: code, message: 'never' });
    });
    const warnings: string[] = [];
    const report = await syncJournals(await writeJournal(`for good ${status}`), {
      uri: server.uri,
      onWarning: (text) => warnings.push(text),
    });
    assert.deepEqual([report.state, report.runs[0]!.state], ['partial', 'held']);
    assert.deepEqual(server.requests, ['GET /experiments/get-by-name', 'POST /experiments/create']);
    assert.match(report.problems.join(), new RegExp(`${status}.*never`));
    assert.equal(warnings.length, 1);
  });
}

test('an experiment that is never there after its creation is asked for with pauses, and not for ever', async () => {
  for (const status of [200, 500]) {
    const server = await answering((_request, response, where) => {
      if (where === '/experiments/get-by-name') json(response, 404, ABSENT);
      else json(response, status, { experiment_id: '1' });
    });
    const settings = serverSettings(server.uri, { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2' });
    const client = createMlflowClient(settings);
    await assert.rejects(client.ensureExperiment('x'), status === 200 ? /does not hold it/ : /500/);
    client.close();
    assert.deepEqual(
      server.requests.length,
      9,
      `three attempts of three requests: ${server.requests.join()}`,
    );

    server.requests.length = 0;
    const tracker = createTracker({
      uri: server.uri,
      journalFolder: path.join(folder, `never ${status}`),
      experiment: 'never',
      onWarning: () => undefined,
      pollMs: 10,
    });
    tracker.startRun({ name: 'run' });
    const report = await tracker.close(2000);
    assert.equal(report.state, 'partial');
    // 3,377 when each answer was followed by the next request.
    assert.ok(server.requests.length < 25, `${server.requests.length} requests in 2 s`);
  }
});

test('what a gateway says of a run makes no second run of it', async () => {
  let through = false;
  const server = await answering((_request, response, where) => {
    if (!through && (where === '/runs/get' || where === '/runs/log-batch'))
      response.writeHead(404).end('no upstream');
    else accept(response, where);
  });
  const journalFolder = await writeJournal('gateway');
  const first = await syncJournals(journalFolder, { uri: server.uri });
  assert.equal(first.state, 'partial');
  through = true;
  assert.equal((await syncJournals(journalFolder, { uri: server.uri })).state, 'complete');
  assert.equal(server.requests.filter((request) => request === 'POST /runs/create').length, 1);
});
