import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { extractCorpus } from 'stm-lab/dist/features';
import { encode, GOLDEN, wavBytes } from '../audio/fixtures';
import { noise, rowFor } from './corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-fuzz-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const MUTANTS = 500;

/** A damaged copy: cut, bits flipped, a stretch overwritten or removed, or header bytes replaced. */
function mutate(original: Buffer, seed: number): Buffer {
  const random = randomState(seed);
  const below = (n: number): number => Math.floor(random.double() * n);
  const bytes = Buffer.from(original);
  switch (seed % 5) {
    case 0:
      return bytes.subarray(0, below(bytes.length));
    case 1:
      for (let i = 0; i < 1 + below(20); i++) bytes[below(bytes.length)]! ^= 1 << below(8);
      return bytes;
    case 2:
      for (let i = 0; i < 1 + below(6); i++) bytes[below(64)] = below(256);
      return bytes;
    case 3: {
      const from = below(bytes.length);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + below(3000))]);
    }
    default:
      bytes.fill(below(256), below(bytes.length), below(bytes.length));
      return bytes;
  }
}

test(
  '500 damaged recordings: no crash, no hang, a row or one reason each',
  { timeout: 170_000 },
  async () => {
    const originals = ['wav', 'flac', 'oga', 'ogg', 'opus', 'mp3', 'm4a'].map((ending) =>
      fs.readFileSync(path.join(GOLDEN, `chirp.${ending}`)),
    );
    const files = Array.from({ length: MUTANTS }, (_, i) => {
      const file = path.join(folder, `${i}.bin`);
      fs.writeFileSync(file, mutate(originals[i % originals.length]!, i + 1));
      return file;
    });
    const rows = files.map((file, i) => rowFor(file, i));
    const { accepted, rejected } = await extractCorpus({ rows, outFolder: path.join(folder, 'out') });
    assert.equal(accepted + rejected.length, MUTANTS);
    assert.ok(accepted > 20 && rejected.length > 200, `${accepted} accepted`);
    for (const { reason } of rejected) {
      assert.ok(reason.length > 10 && !reason.includes('\n') && !reason.includes(folder), reason);
      assert.doesNotMatch(reason, /undefined|TypeError|no progress/, reason);
    }
  },
);

test('extreme but honest recordings', { timeout: 60_000 }, async () => {
  const sound = Float64Array.from(noise(3, 4.5, 8000));
  const wide = new Float64Array(sound.length * 64).map((_, i) => sound[Math.floor(i / 64)]!);
  const infinite = Float64Array.from(sound);
  infinite[9000] = Infinity;
  const missing = Float64Array.from(sound);
  missing[9000] = NaN;
  const cases: [string, Uint8Array, RegExp | undefined][] = [
    // What is sampled once a second holds nothing in the channels from 180 Hz on.
    ['1 Hz', wavBytes(encode(sound.subarray(0, 12), 's16'), { tag: 1, bits: 16, rate: 1 }), /without any modulation/],
    ['768 kHz', wavBytes(encode(Float64Array.from(noise(4, 4.1, 768_000)), 's16'), { tag: 1, bits: 16, rate: 768_000 }), undefined],
    ['64 channels', wavBytes(encode(wide, 's16'), { tag: 1, bits: 16, channels: 64 }), undefined],
    ['Inf', wavBytes(encode(infinite, 'f32'), { tag: 3, bits: 32 }), /not a finite number/],
    ['NaN', wavBytes(encode(missing, 'f32'), { tag: 3, bits: 32 }), /not a finite number/],
    ['2 GHz', wavBytes(encode(sound, 's16'), { tag: 1, bits: 16, rate: 2e9 }), /2000000000 Hz is not usable/],
    ['empty', new Uint8Array(0), /is empty/],
  ]; // prettier-ignore
  for (const [name, bytes, expected] of cases) {
    const file = path.join(folder, `${name}.wav`);
    fs.writeFileSync(file, bytes);
    const outFolder = path.join(folder, name);
    const { accepted, rejected } = await extractCorpus({ rows: [rowFor(file, 0)], outFolder, workers: 1 });
    if (expected === undefined) assert.equal(accepted, 1, `${name}: ${rejected[0]?.reason}`);
    else assert.match(rejected[0]!.reason, expected, name);
  }
});
