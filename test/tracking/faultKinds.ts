import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  createMlflowClient,
  createTracker,
  syncJournals,
  type LocalServer,
  type MlflowClient,
  type Run,
  type RunReference,
  type Tracker,
} from 'mlflow-tracking-client';
import { withSmallDisk } from '../faults/disk';
import { killServer, python, startFaultProxy, startServer, type Fault, type FaultProxy } from './support';

/** Faults of a tracking server by kind. Every kind hits a number of runs that are being written; then all is compared. */

/** What became of the runs of one kind. */
export interface KindReport {
  kind: string;
  faults: number;
  requests: number;
  /** Runs, points, parameters or files that the server lacks or holds otherwise. */
  lost: number;
  /** Runs and points that the server holds twice. */
  doubled: number;
  /** Points that were sent again although the server had taken them; MLflow's SQL stores drop these. */
  again: number;
  /** Requests beyond those that the faults explain. */
  spun: number;
  notes: string[];
}

/** A server that the kinds share, and where things lie. */
export interface Bench {
  folder: string;
  server: LocalServer;
}

const DISK = 'disk of the journal full';

const STEPS = 10;
/** Requests of a run with its parameters, points, a file and its end, and a share of what all runs ask for. */
const REQUESTS_PER_RUN = 20;
/** A fault costs the request, the question what is there now, and what other runs had under way. */
const REQUESTS_PER_FAULT = 10;

interface Scene {
  bench: Bench;
  client: MlflowClient;
  proxy: FaultProxy;
  tracker: Tracker;
  /** Starts a run and logs all that is compared later. */
  write(index: number): Run;
  report: KindReport;
}

/** What happens while runs are written. */
type Scenario = (scene: Scene, rounds: number) => Promise<void>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Faults of single requests: each kind comes in bursts, between which as many requests and two more pass. */
const REQUESTS: Record<string, Fault[]> = {
  'none, for comparison': [],
  'connection closed before the request': ['drop-before'],
  'request cut in the middle': ['cut-request'],
  'answer lost after the work': ['drop-after'],
  'work done a second after the connection broke': ['late'],
  'no answer, nothing done': ['hang'],
  'no answer, work done': ['hang-after'],
  'answer truncated': ['truncate'],
  'half of a JSON answer': ['half-json'],
  'empty answer': ['empty'],
  'answer byte by byte': ['drip'],
  '500 after the work': ['error-after'],
  '429 with Retry-After': ['busy'],
  '429, then 500, then 503': [429, 500, 503],
  '429, then 503, then 500': [429, 503, 500],
  '500, then 429, then 503': [500, 429, 503],
  '500, then 503, then 429': [500, 503, 429],
  '503, then 429, then 500': [503, 429, 500],
  '503, then 500, then 429': [503, 500, 429],
  '408 and 504 of a gateway': [408, 504],
  '502 of a gateway, as a web page': [502],
  '404 of a gateway': [404],
  'login page': ['html'],
  'redirect to a login': [302],
  'login refused (401)': [401],
  'access refused (403)': [403],
  'another program at the port': ['foreign'],
};

const SCENARIOS: Record<string, Scenario> = {
  async 'server killed and started again'({ bench, write, report }, rounds) {
    const kills = Math.max(1, Math.round(rounds / 10));
    for (let i = 0; i < rounds; i++) {
      write(i);
      await pause(20);
      if (report.faults < kills && i % Math.ceil(rounds / kills) === 0) {
        report.faults += 1;
        await killServer(bench.server);
        for (let k = 0; k < 3 && ++i < rounds; k++) write(i);
        bench.server = await startServer(bench.folder, bench.server.port);
      }
    }
  },
  async 'server stopped and continued'({ bench, write, report }, rounds) {
    for (let i = 0; i < rounds; i++) {
      process.kill(-bench.server.pid, 'SIGSTOP');
      write(i);
      await pause(100);
      process.kill(-bench.server.pid, 'SIGCONT');
      report.faults += 1;
      await pause(100);
    }
  },
  async 'database locked'({ bench, write, report }, rounds) {
    // The last lock outlasts the patience of SQLite's driver, so that the server answers errors.
    const script = `
import sqlite3, sys, time
for i in range(int(sys.argv[2])):
    held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
    held.execute("BEGIN EXCLUSIVE")
    time.sleep(7 if i == int(sys.argv[2]) - 1 else 0.15)
    held.execute("ROLLBACK")
    held.close()
    time.sleep(0.1)`;
    const database = path.join(bench.folder, 'server', 'mlflow.db');
    const locker = spawn(python, ['-c', script, database, String(rounds)], { stdio: 'ignore' });
    const ended = once(locker, 'exit');
    for (let i = 0; i < rounds; i++) {
      write(i);
      await pause(250);
      report.faults += 1;
    }
    const [code] = (await ended) as [number];
    if (code !== 0) report.notes.push(`the program that locks ended with ${code}`);
  },
  async 'experiment deleted and restored'({ client, tracker, write, report }, rounds) {
    write(0);
    await tracker.flush();
    const { id } = (await client.getExperiment(report.kind))!;
    for (let i = 1; i < rounds; i++) {
      await client.deleteExperiment(id);
      write(i);
      await pause(60);
      await client.restoreExperiment(id);
      report.faults += 1;
    }
  },
  async 'run deleted and restored'({ client, tracker, write, report }, rounds) {
    const runs = Array.from({ length: rounds }, (_, i) => write(i));
    await tracker.flush();
    const ids = runs.map((run) => run.remoteId()!);
    for (const id of ids) await client.deleteRun(id);
    for (const run of runs) run.setTags({ late: 'yes' });
    await tracker.flush(1000);
    for (const id of ids) await client.restoreRun(id);
    report.faults += rounds;
  },
  async 'clock stepped by hours'({ bench, proxy, write, report }, rounds) {
    // The sender that syncJournals starts lives in this thread, and so under this clock.
    const real = Date.now;
    let offset = 0;
    Date.now = () => real() + offset;
    try {
      for (let i = 0; i < rounds; i++) {
        offset = (i % 2 === 0 ? -1 : 1) * 3_600_000 * (1 + i);
        write(i);
        report.faults += 1;
        if (i % 4 === 0)
          await syncJournals(journalsOf(bench, report.kind), { uri: proxy.uri, abandoned: 'keep' });
      }
    } finally {
      Date.now = real;
    }
  },
  async [DISK]({ bench, tracker, write, report }, rounds) {
    const filler = path.join(journalsOf(bench, report.kind), 'filler');
    for (let i = 0; i < rounds; i++) {
      fillDisk(filler);
      try {
        write(i);
        report.notes.push(`run ${i} was written to a full disk`);
      } catch {
        report.faults += 1;
      }
      fs.rmSync(filler);
      // What was refused is logged again, as a program does that is started once more.
      write(i);
      await pause(20);
    }
    await tracker.flush();
  },
  async 'two senders at once'({ bench, proxy, write, report }, rounds) {
    for (let i = 0; i < rounds; i++) {
      write(i);
      report.faults += 1;
      if (i % 5 === 4)
        await Promise.all(
          [0, 1].map(() =>
            syncJournals(journalsOf(bench, report.kind), { uri: proxy.uri, abandoned: 'keep' }),
          ),
        );
    }
  },
};

/** All kinds, by name. */
export const KINDS: readonly string[] = [...Object.keys(REQUESTS), ...Object.keys(SCENARIOS)];

/** Faults that cost no time, for a short test of many at once. */
const QUICK: Fault[] = Object.entries(REQUESTS)
  .filter(([kind]) => !/no answer,|second after/.test(kind))
  .flatMap(([, burst]) => burst.slice(0, 1));

/** Every quick fault of a request once. */
export const ONE_OF_EACH = { kind: 'one of each in turn', faults: QUICK.length };

const journalsOf = (bench: Bench, kind: string): string =>
  path.join(bench.folder, 'journals', kind.replace(/\W+/g, '-'));

function fillDisk(filler: string): void {
  const handle = fs.openSync(filler, 'w');
  try {
    for (const size of [65_536, 4096, 512]) {
      try {
        for (;;) fs.writeSync(handle, Buffer.alloc(size));
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    fs.closeSync(handle);
  }
}

/** The faults of a kind, request by request: bursts with `burst + 2` requests that pass before each. */
function faultsOf(kind: string, limit: number, report: KindReport): () => Fault {
  const bursts = kind === ONE_OF_EACH.kind ? QUICK.map((fault) => [fault]) : [REQUESTS[kind] ?? []];
  let burst = 0;
  let at = 0;
  return () => {
    const faults = bursts[burst % bursts.length]!;
    if (faults.length === 0 || report.faults >= limit || at++ < faults.length + 2) return 'pass';
    const fault = faults[at - faults.length - 3]!;
    report.faults += 1;
    if (at === 2 * faults.length + 2) {
      burst += 1;
      at = 0;
    }
    return fault;
  };
}

/** Runs that are written while one kind of fault comes, and what the server holds of them afterwards. */
export async function tryKind(bench: Bench, kind: string, runs: number, faults = runs): Promise<KindReport> {
  const report: KindReport = {
    kind,
    faults: 0,
    requests: 0,
    lost: 0,
    doubled: 0,
    again: 0,
    spun: 0,
    notes: [],
  };
  const proxy = await startFaultProxy(bench.server.uri, faultsOf(kind, faults, report));
  const client = createMlflowClient(bench.server.uri);
  const folder = journalsOf(bench, kind);
  const timeout = process.env['MLFLOW_HTTP_REQUEST_TIMEOUT'];
  // A server that hangs is given up soon.
  process.env['MLFLOW_HTTP_REQUEST_TIMEOUT'] = kind.startsWith('no answer') ? '1.5' : '20';
  const work = async (): Promise<void> => {
    const tracker = createTracker({
      uri: proxy.uri,
      journalFolder: folder,
      experiment: kind,
      onWarning: () => undefined,
      pollMs: 20,
    });
    // Every second run is nested in the first.
    let parent: RunReference | undefined;
    const write = (index: number): Run => {
      const run = tracker.startRun({
        name: `run ${index}`,
        key: `run-${index}`,
        ...(index % 2 === 1 && parent !== undefined ? { parent } : {}),
      });
      parent ??= { id: run.id, key: 'run-0' };
      run.logParams({ index });
      for (let step = 0; step < STEPS; step++) run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
      run.logText('files/note.txt', `file ${index}`);
      run.end();
      return run;
    };
    const scenario = SCENARIOS[kind];
    if (scenario !== undefined) await scenario({ bench, client, proxy, tracker, write, report }, runs);
    else {
      for (let i = 0; i < runs; i++) {
        write(i);
        await pause(20);
      }
    }
    let { state } = await tracker.close(60_000);
    for (let again = 0; again < 5 && state !== 'complete'; again++) {
      const synced = await syncJournals(folder, { uri: proxy.uri });
      if (synced.state === 'complete') state = 'complete';
      else if (again === 4) report.notes.push(...synced.problems);
    }
  };
  try {
    if (kind === DISK) {
      const refused = await withSmallDisk(folder, 1024, work);
      if (refused !== undefined) {
        report.notes.push(refused);
        return report;
      }
    } else await work();
    report.requests = proxy.seen.length;
    report.spun = Math.max(0, report.requests - runs * REQUESTS_PER_RUN - report.faults * REQUESTS_PER_FAULT);
    await compare(bench, client, proxy, runs, report);
    return report;
  } finally {
    if (timeout === undefined) delete process.env['MLFLOW_HTTP_REQUEST_TIMEOUT'];
    else process.env['MLFLOW_HTTP_REQUEST_TIMEOUT'] = timeout;
    client.close();
    await proxy.close();
  }
}

/** Counts what the server lacks, holds otherwise or holds twice. */
async function compare(
  { folder }: Bench,
  client: MlflowClient,
  proxy: FaultProxy,
  runs: number,
  report: KindReport,
): Promise<void> {
  const lose = (what: string): void => {
    report.lost += 1;
    if (report.notes.length < 10) report.notes.push(what);
  };
  const { id } = (await client.getExperiment(report.kind)) ?? { id: '0' };
  const held = await client.searchRuns([id]);
  const ids = held.map((run) => run.id);
  const histories = {
    loss: await client.metricHistories(ids, 'loss'),
    acc: await client.metricHistories(ids, 'acc'),
  };
  for (let index = 0; index < runs; index++) {
    const [run, ...others] = held.filter(({ name }) => name === `run ${index}`);
    report.doubled += others.length;
    if (run === undefined) {
      lose(`run ${index}: not there`);
      continue;
    }
    if (run.status !== 'FINISHED') lose(`run ${index}: is ${run.status}`);
    const above = held.find(({ id }) => id === run.tags['mlflow.parentRunId'])?.name;
    if (above !== (index % 2 === 1 ? 'run 0' : undefined)) lose(`run ${index}: its parent is ${above}`);
    if (run.params['index'] !== String(index)) lose(`run ${index}: parameter ${run.params['index']}`);
    for (const [name, valueAt] of [
      ['loss', (step: number) => 1 / (1 + step)],
      ['acc', (step: number) => step % 7],
    ] as const) {
      const points = histories[name].get(run.id)!;
      for (let step = 0; step < STEPS; step++) {
        const at = points.filter((point) => point.step === step);
        if (at.length > 1) report.doubled += 1;
        if (at[0]?.value !== valueAt(step)) lose(`run ${index}: ${name} at ${step} is ${at[0]?.value}`);
      }
    }
    const file = path.join(
      folder,
      'server/artifacts',
      run.artifactUri.replace(/^mlflow-artifacts:\/*/, ''),
      'files/note.txt',
    );
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
    if (text !== `file ${index}`) lose(`run ${index}: its file holds ${text}`);
  }
  // The server drops equal points by itself; this says that the client does not lean on it.
  const seen = new Set<string>();
  for (const { run_id: run, metrics } of proxy.accepted)
    for (const { key, step, timestamp } of metrics) {
      const point = `${run}/${key}/${step}/${timestamp}`;
      if (seen.has(point)) report.again += 1;
      seen.add(point);
    }
}
