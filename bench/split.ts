/**
 * Splits a manifest of a million recordings in 100,000 groups, from CSV to CSV: time and peak memory.
 *
 *     npx tsx bench/split.ts
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { readManifest } from 'stm-lab/dist/corpus';
import { makeSplit, writeSplit } from 'stm-lab/dist/splits';

const ROWS = 1_000_000;
const GROUPS = 100_000;
const LABELS = [
  'speech: tonal',
  'speech: non-tonal',
  'music: vocal',
  'music: non-vocal',
  'env: urban',
  'env: wildlife',
];

function writeManifest(file: string): void {
  const handle = fs.openSync(file, 'w');
  fs.writeSync(handle, 'path,label,group,language_or_genre,duration_s,sample_rate,licence\n');
  let text = '';
  for (let i = 0; i < ROWS; i++) {
    // Golden-ratio hashing spreads group sizes; the power makes a few groups large, as in real corpora.
    const group = Math.floor(GROUPS * ((Math.imul(i, 2654435761) >>> 0) / 4294967296) ** 1.3);
    text += `corpus/${i % 1000}/recording_${i}.flac,${LABELS[group % 6]},speaker_${group},lang${group % 80},${(i % 977) / 10},16000,CC BY 4.0\n`;
    if (text.length > 1 << 20) {
      fs.writeSync(handle, text);
      text = '';
    }
  }
  fs.writeSync(handle, text);
  fs.closeSync(handle);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-bench-split-'));
try {
  const file = path.join(folder, 'manifest.csv');
  writeManifest(file);
  let last = performance.now();
  const lap = (what: string): void => {
    const now = performance.now();
    console.log(`${what.padEnd(40)}${((now - last) / 1000).toFixed(1).padStart(7)} s`);
    last = now;
  };
  const start = last;
  const manifest = readManifest(file, { files: 'trust' });
  lap(`read ${manifest.rows.length} rows`);
  const split = makeSplit({ rows: manifest.rows, flavour: 'published' });
  lap(`split ${new Set(split.groups).size} groups`);
  writeSplit(folder, split);
  lap('write');
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`total ${((last - start) / 1000).toFixed(1)} s, peak memory ${peak.toFixed(0)} MB`);
} finally {
  fs.rmSync(folder, { recursive: true });
}
