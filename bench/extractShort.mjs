// The rows of bench/extract.mjs on many short recordings, as most of speech is: files a second, reading and bookkeeping
// included, on one core.
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';

const require = createRequire(import.meta.url);
const { writeWav } = require('stm-lab/dist/audio');
const { extractCorpus } = require('stm-lab/dist/features');

const SECONDS = 5;
/** Files that the peer is given: its time per file does not depend on their number. */
const PEER_FILES = 20;

/**
 * Extracts `count` WAV files of 5 s with one worker, and some of them with the peer.
 *
 * @param makeSound (seconds, rate) to samples
 * @param askPeer sends a job to the peer and resolves to its answer
 * @returns files per second of processor time of both
 */
export async function compareShortFiles({ folder, rate, count, makeSound, cpuSeconds, askPeer }) {
  const place = path.join(folder, `short${rate}`);
  fs.mkdirSync(place);
  const model = path.join(place, 'model.wav');
  writeWav(model, makeSound(SECONDS, rate), rate);
  const bytes = fs.readFileSync(model);
  const rows = Array.from({ length: count }, (_, i) => {
    const file = path.join(place, `${i}.wav`);
    // Another first sample, so that none is taken for a copy of another.
    bytes.writeInt16LE(i, 44);
    fs.writeFileSync(file, bytes);
    return { line: i + 2, path: `${i}.wav`, file, label: 'a', group: `${i}`, startSeconds: 0, extra: {} };
  });
  const began = process.cpuUsage();
  const { accepted } = await extractCorpus({ rows, outFolder: path.join(place, 'out'), workers: 1 });
  const own = accepted / cpuSeconds(began);
  const files = rows.slice(0, PEER_FILES).map(({ file }) => file);
  const peer = files.length / (await askPeer({ files, rate })).cpu;
  fs.rmSync(place, { recursive: true });
  return { own, peer };
}
