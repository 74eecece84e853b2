import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { root } from '../setup/workbench';

const folder = path.join(root, 'examples');

/** What each program prints. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  'features.ts': /^strongest modulation at scale 0: 6 Hz$/,
  'filter.ts': /^slow\.wav: fluctuations above 4 Hz at -\d\d dB$/,
  'folds.ts': /^non-tonal: 8 speakers; .*\ntonal: 16 speakers; .*\nspeakers in more than one fold: 0$/,
  'search.ts': /^2 layers, 32 units, rate near [12]e-3$/,
  'track.ts': /^run a training: in the journal, not sent yet$/,
};

test('the examples run, and print what they promise', async (t) => {
  assert.deepEqual(fs.readdirSync(folder).sort(), Object.keys(PRINTED));
  const before = process.cwd();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-examples-'));
  process.chdir(scratch);
  t.after(() => {
    process.chdir(before);
    fs.rmSync(scratch, { recursive: true });
  });
  for (const [name, expected] of Object.entries(PRINTED)) {
    const lines: string[] = [];
    const log = t.mock.method(console, 'log', (line: string) => void lines.push(line));
    const { finished } = (await import(path.join(folder, name))) as { finished?: Promise<void> };
    await finished;
    log.mock.restore();
    assert.match(lines.join('\n'), expected, name);
  }
  assert.ok(fs.statSync('slow.wav').size > 100_000);
});
