import { parentPort, workerData } from 'node:worker_threads';
import { openAudio } from '../../audio';
import { messageOf } from '../../base/errors';
import { sha256File } from '../../base/files';
import { createAnalyser, type Analyser } from './analysers';
import type { FromWorker, Job, ToWorker, WorkerSetup } from './messages';
import { fileStamp } from './stamp';

const HEARTBEAT_MS = 2000;

/** Messages name the file first; a table that has a path column needs only the rest. */
function withoutFile(message: string, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}

async function extract(analyser: Analyser, { row, file, startSeconds, raw }: Job): Promise<FromWorker> {
  let lastSign = Date.now();
  try {
    const source = await openAudio(file, { raw });
    const analysis = analyser.start(source.sampleRate, startSeconds);
    for await (const block of source.blocks()) {
      if (analysis.push(block) === 'enough') break;
      if (Date.now() - lastSign > HEARTBEAT_MS) {
        lastSign = Date.now();
        send({ kind: 'alive' });
      }
    }
    const result = analysis.finish();
    if ('reason' in result)
      return { kind: 'done', row, outcome: { reason: result.reason }, scannedSeconds: 0 };
    const { excerpts, analysedSeconds, longestSilenceSeconds, scannedSeconds, features, perExcerpt } = result;
    const outcome = { excerpts, analysedSeconds, longestSilenceSeconds };
    if (perExcerpt !== undefined) {
      const excerptStarts = perExcerpt.map(({ startSeconds: start }) => start);
      const all = new Float32Array((1 + perExcerpt.length) * features.length);
      [features, ...perExcerpt.map((excerpt) => excerpt.features)].forEach((own, i) =>
        all.set(own, i * features.length),
      );
      return { kind: 'done', row, outcome: { ...outcome, excerptStarts }, features: all, scannedSeconds };
    }
    return {
      kind: 'done',
      row,
      outcome,
      features,
      scannedSeconds,
    };
  } catch (error) {
    return {
      kind: 'done',
      row,
      outcome: { reason: withoutFile(messageOf(error), file) },
      scannedSeconds: 0,
    };
  }
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function main(): Promise<void> {
  const { features, parameters, keep } = workerData as WorkerSetup;
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
        send({ kind: 'hashed', row, stamp, hash: sha256File(file) });
      } catch (error) {
        send({
          kind: 'unreadable',
          row,
          reason: `cannot be read (${messageOf(error).replaceAll(file, 'file')})`,
        });
      }
    } else if (job !== undefined && analyser !== undefined) void extract(analyser, job).then(send);
  });
  analyser = await createAnalyser(features, parameters, keep);
  send({ kind: 'ready' });
}

void main();
