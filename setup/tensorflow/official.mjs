/* global AbortController */
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { arch, env, platform } from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runLong, SetupError } from '../command.mjs';
import { progressLine } from '../progress.mjs';

export const officialVersion = '2.9.1';

const storage = env.CDN_STORAGE || 'https://storage.googleapis.com/';
const archiveUrl = `${storage}tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-${officialVersion}.tar.gz`;

/** How long the storage may take to answer, and how long the transfer may stand still. */
const answerMs = 5_000;
const stallMs = 20_000;

/** Whether the libraries that tfjs-node itself would download can be had: the bucket refuses many networks. */
export async function officialAnswers() {
  if (platform !== 'linux' || arch !== 'x64') return false;
  try {
    return (await fetch(archiveUrl, { method: 'HEAD', signal: AbortSignal.timeout(answerMs) })).ok;
  } catch {
    return false;
  }
}

/**
 * Downloads the official C library.
 *
 * @param folder receives `deps/include` and `deps/lib`.
 */
export async function obtainOfficial(folder, lock) {
  const archive = join(folder, 'libtensorflow.tar.gz');
  mkdirSync(join(folder, 'deps'), { recursive: true });
  const abort = new AbortController();
  let received = 0;
  let lastReceived = -1;
  const stalled = setInterval(() => {
    if (received === lastReceived) abort.abort();
    lastReceived = received;
  }, stallMs);
  const progress = progressLine('native TensorFlow', () => `downloading, ${Math.round(received / 1e6)} MB`);
  try {
    const response = await fetch(archiveUrl, { signal: abort.signal });
    if (!response.ok) throw new Error(`answer ${response.status}`);
    const count = async function* (chunks) {
      for await (const chunk of chunks) {
        received += chunk.length;
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), count, createWriteStream(archive), {
      signal: abort.signal,
    });
  } catch (error) {
    throw new SetupError(`the official download was cut off (${error.message})`, 'run "npm run doctor"');
  } finally {
    clearInterval(stalled);
    progress.end();
  }
  await runLong('native TensorFlow', 'tar', ['-xzf', archive, '-C', join(folder, 'deps')], {
    lock,
    detail: () => 'unpacking',
    cure: 'free 1 GB of disk, or set STM_LAB_CACHE to a folder on another disk',
  });
  rmSync(archive);
}
