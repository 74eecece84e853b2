import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-cli-'));
after(() => fs.rmSync(folder, { recursive: true }));
const program = path.resolve(__dirname, '..', '..', 'lib', 'stm-lab', 'bin', 'stm-lab.js');

function run(...args: string[]): { code: number | null; out: string; problem: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'strf', ...args, '--tracking', 'disabled'],
    {
      encoding: 'utf8',
    },
  );
  return { code: status, out: stdout, problem: stderr };
}

test('strf: a task from the command line, then its figures', () => {
  const digits = path.join(folder, 'digits');
  fs.mkdirSync(digits);
  const state = randomState(2);
  for (const speaker of ['ann', 'bob'])
    for (let i = 0; i < 8; i++) {
      const beat = speaker === 'ann' ? 4 : 14;
      const noise = Float32Array.from(
        { length: 8000 },
        (_, n) => 0.2 * state.normal() * (1 + Math.sin((2 * Math.PI * beat * n) / 16000)),
      );
      writeWav(path.join(digits, `0_${speaker}_${i}.wav`), noise, 16000);
    }
  const file = path.join(folder, 'tiny.json');
  const shipped = path.resolve(__dirname, '..', '..', 'experiments', 'strf', 'small.json');
  const small = JSON.parse(fs.readFileSync(shipped, 'utf8')) as Record<string, Record<string, unknown>>;
  small['speaker']!['training'] = { steps: 2, batch: 4, recordEvery: 1 };
  fs.writeFileSync(file, JSON.stringify(small));
  const out = path.join(folder, 'out');
  const given = ['--manifest', digits, '--out', out, '--preset', file, '--seeds', '1'];
  const first = run('speaker', ...given, '--conditions', 'learn l2,pass');
  assert.equal(first.code, 0, first.problem);
  assert.match(first.out, /learn l2 +\d\.\d{3} \[/);
  assert.match(first.out, /chance/);
  assert.match(run('speaker', ...given, '--conditions', 'learn l2,pass').out, /reused from an earlier run/);
  const figures = run('filters', '--out', out);
  assert.equal(figures.code, 0, figures.problem);
  assert.match(figures.out, /speaker-gallery\.svg/);
});

test('strf: what it cannot do is named', () => {
  assert.match(run('singing').problem, /"singing" must be one of speaker, speech, birds, urban, filters/);
  assert.match(run('birds').problem, /--manifest is required/);
  assert.equal(run('filters', '--out', folder).code, 2);
  const wrong = run('birds', '--manifest', folder, '--conditions', 'learn l3');
  assert.match(wrong.problem, /"learn l3" must be one of/);
});
