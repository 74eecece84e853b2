import { parentPort, workerData } from 'node:worker_threads';
import { openAudio } from '../../audio';
import { fileError, isContentError, messageOf, UserError } from 'research-basics/errors';
import { sha256File } from 'research-basics/files';
import type { Analyser } from './analysers';
import { featureKind } from './kinds';
import type { FromWorker, Job, Failed, Unusable, ToWorker, WorkerSetup } from './messages';
import { fileStamp } from './stamp';

const HEARTBEAT_MS = 2000;

/** Messages name the file first; a table that has a path column needs only the rest. */
function withoutFile(message: string, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}

/** Without a port and with its recording given up, the thread ends by itself. */
let isStopped = false;

/** Tells the pool every few seconds that work continues, by a clock that is never set; gives up once stopped. */
function createBeat(): () => void {
  let last = performance.now();
  return () => {
    if (isStopped) throw new Error('stopped');
    if (performance.now() - last <= HEARTBEAT_MS) return;
    last = performance.now();
    send({ kind: 'alive' });
  };
}

async function extract(analyser: Analyser, { row, file, startSeconds, raw }: Job): Promise<FromWorker> {
  const beat = createBeat();
  const without = (outcome: Unusable | Failed): FromWorker => ({
    kind: 'done',
    row,
    outcome,
    scannedSeconds: 0,
  });
  try {
    const source = await openAudio(file, { raw });
    const analysis = analyser.start(source.sampleRate, startSeconds, beat);
    for await (const block of source.blocks()) {
      if ((await analysis.push(block)) === 'enough') break;
      beat();
    }
    const result = analysis.finish();
    if ('reason' in result) return without({ kind: 'unusable', reason: result.reason });
    const { excerpts, analysedSeconds, longestSilenceSeconds, scannedSeconds, features, perExcerpt } = result;
    const rows = [features, ...(perExcerpt ?? []).map((excerpt) => excerpt.features)];
    if (!rows.every(isFinite))
      return without({
        kind: 'unusable',
        reason: 'gives features that are not finite; its level is extreme',
      });
    const { decoder, warnings } = source;
    const outcome = {
      excerpts,
      analysedSeconds,
      longestSilenceSeconds,
      decoder,
      ...(warnings.length > 0 ? { warnings: [...warnings] } : {}),
    };
    if (perExcerpt === undefined) return { kind: 'done', row, outcome, features, scannedSeconds };
    const excerptStarts = perExcerpt.map(({ startSeconds: start }) => start);
    const all = new Float32Array(rows.length * features.length);
    rows.forEach((own, i) => all.set(own, i * features.length));
    return { kind: 'done', row, outcome: { ...outcome, excerptStarts }, features: all, scannedSeconds };
  } catch (error) {
    const kind = isContentError(error) ? 'unusable' : 'failed';
    return without({ kind, reason: withoutFile(messageOf(error), file) });
  }
}

const isFinite = (values: Float32Array): boolean => values.every(Number.isFinite);

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function main(): Promise<void> {
  const { features, parameters, keep, embedding } = workerData as WorkerSetup;
  // Before anything is awaited: a thread whose event loop runs empty, as while WebAssembly is compiled, blocks in
  // Node 20 until the compiler's threads are done, and they may be waiting for this one to collect garbage.
  let analyser: Analyser | undefined = undefined;
  let job: Job | undefined;
  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'hash') {
      job = message.job;
      const { row, file } = job;
      try {
        // The stamp first: a change during hashing then shows on the next run.
        const stamp = fileStamp(file);
        send({ kind: 'hashed', row, stamp, hash: sha256File(file, createBeat()) });
      } catch (error) {
        send({
          kind: 'unreadable',
          row,
          reason: withoutFile(messageOf(error instanceof UserError ? error : fileError(file, error)), file),
        });
      }
    } else if (message.kind === 'stop') {
      isStopped = true;
      parentPort!.close();
    } else if (job !== undefined && analyser !== undefined) void extract(analyser, job).then(send);
  });
  analyser = await featureKind(features).prepare(parameters, keep, embedding);
  send({ kind: 'ready' });
}

void main();
