import * as path from 'node:path';
import { createMlflowClient, createTracker, syncJournals } from 'mlflow-tracking-client';
import {
  checkDelivery,
  killServer,
  noServer,
  startFaultProxy,
  startServer,
  type Fault,
} from '../tracking/support';
import { complain, judgeError, unclearness, type Scenario } from './tally';

const FAULTS: readonly Fault[] = [
  'drop-before',
  'cut-request',
  'drop-after',
  'error-after',
  'busy',
  'late',
  'html',
];

/** A server behind a line that breaks, lies and stutters, then dies and comes back: every point and file arrives once. */
export async function flappingServer(
  { tally, random, folder }: Scenario,
  { points, files, deaths }: { readonly points: number; readonly files: number; readonly deaths: number },
): Promise<string | undefined> {
  if (noServer !== false) return noServer;
  let server = await startServer(folder);
  const proxy = await startFaultProxy(server.uri, () =>
    random.double() < 0.35 ? FAULTS[random.interval(FAULTS.length - 1)]! : 'pass',
  );
  const journals = path.join(folder, 'journals');
  const said: string[] = [];
  try {
    const tracker = createTracker({
      uri: proxy.uri,
      journalFolder: journals,
      experiment: 'flapping',
      pollMs: 30,
      onWarning: (line) => said.push(line),
    });
    const run = tracker.startRun({ name: 'flapping' });
    let death = 0;
    for (let step = 0; step < points; step++) {
      run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
      if (step % Math.ceil(points / files) === 0) run.logText(`files/${step}.txt`, `file ${step}`);
      if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 40));
      if (death < deaths && step === Math.floor(((death + 1) * points) / (deaths + 1))) {
        await killServer(server);
        tally.faults++;
        death++;
        await new Promise((resolve) => setTimeout(resolve, 500));
        server = await startServer(folder, server.port);
      }
    }
    run.end();
    await tracker.close(20_000);
    const { state, problems } = await syncJournals(journals, { uri: server.uri });
    if (state !== 'complete') complain(tally, 'lost', `not all was delivered: ${problems.join('; ')}`);
    const client = createMlflowClient(server.uri);
    try {
      await checkDelivery(client, 'flapping', run.id, points, Math.ceil(points / Math.ceil(points / files)));
    } catch (error) {
      const { actual, expected } = error as { actual?: unknown; expected?: unknown };
      const [held, wanted] = [actual, expected].map((list) => (Array.isArray(list) ? list.length : 0));
      complain(tally, held! > wanted! ? 'duplicated' : 'lost', String(error).slice(0, 400));
    } finally {
      client.close();
    }
    tally.faults += proxy.faults;
    for (const line of said) {
      const why = unclearness(line);
      if (why !== undefined) complain(tally, 'unclear', why);
    }
    return undefined;
  } finally {
    await proxy.close();
    await server.stop();
  }
}

/** No server at all: work continues at full speed, the run waits in its journal, and sync says what it could not reach. */
export async function deadServer({ tally, folder }: Scenario, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    tally.faults++;
    const journals = path.join(folder, `dead-${i}`);
    const said: string[] = [];
    const uri = 'http://127.0.0.1:9';
    const tracker = createTracker({
      uri,
      journalFolder: journals,
      experiment: 'dead',
      onWarning: (line) => said.push(line),
    });
    const run = tracker.startRun({ name: `dead-${i}` });
    const began = performance.now();
    for (let step = 0; step < 500; step++) run.logMetrics({ loss: step }, step);
    if (performance.now() - began > 2000)
      complain(tally, 'lost', 'logging waited for a server that is missing');
    run.end();
    const { state, problems } = await tracker.close(300);
    if (state !== 'partial') complain(tally, 'unclear', `a dead server is reported as ${state}`);
    for (const line of [...problems, ...said]) {
      const why = unclearness(line);
      if (why !== undefined) complain(tally, 'unclear', why);
    }
    if (problems.length + said.length === 0) complain(tally, 'unclear', 'nothing was said of a dead server');
    const { runs } = await syncJournals(journals, { uri, dryRun: 'yes' }).catch((error: unknown) => {
      judgeError(tally, error, 'sync');
      return { runs: [] };
    });
    if (runs.length !== 1) complain(tally, 'lost', `${runs.length} runs wait for a server`);
  }
}
