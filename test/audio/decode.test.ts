import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { openAudio, rawPcmFromColumns, readAudio, writeWav } from 'stm-lab/dist/audio';
import { decodeAlaw, decodeMulaw } from 'stm-lab/dist/audio/pcm';
import { chirp, encode, GOLDEN, wavBytes } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-audio-'));
after(() => fs.rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, bytes);
  return file;
}

/** Signal-to-error ratio in dB; `actual` may be longer. */
function snr(actual: Float32Array, expected: Float64Array, shift = 0): number {
  let signal = 0;
  let error = 0;
  for (let i = 800; i < expected.length - 800; i++) {
    signal += expected[i]! ** 2;
    error += (expected[i]! - actual[i + shift]!) ** 2;
  }
  return 10 * Math.log10(signal / Math.max(error, 1e-30));
}

const sound = chirp();

test('WAV of every width, byte order and header', async () => {
  const cases: [string, number, number][] = [
    ['u8', 1, 40], ['s16', 1, 85], ['s24', 1, 120], ['s32', 1, 130], ['f32', 3, 130], ['f64', 3, 130],
  ]; // prettier-ignore
  for (const [kind, tag, quality] of cases) {
    for (const extensible of [false, true]) {
      for (const big of [false, true]) {
        const bits = kind === 'u8' ? 8 : Number(kind.slice(1));
        const bytes = wavBytes(encode(sound, kind, big), { tag, bits, extensible, big });
        // The name says nothing: content decides.
        const { samples, sampleRate } = await readAudio(write('sound.mp3', bytes));
        assert.equal(sampleRate, 8000);
        assert.equal(samples.length, sound.length);
        assert.ok(snr(samples, sound) > quality, `${kind} ${snr(samples, sound)}`);
      }
    }
  }
});

test('channels are averaged, and the fact chunk limits compressed data', async () => {
  const three = new Float64Array(sound.length * 3);
  sound.forEach((value, i) => three.set([value, value / 2, 0], i * 3));
  const file = write('three.wav', wavBytes(encode(three, 's16'), { tag: 1, bits: 16, channels: 3 }));
  const source = await openAudio(file);
  assert.equal(source.channels, 3);
  source.close();
  assert.ok(
    snr(
      (await readAudio(file)).samples,
      sound.map((value) => value / 2),
    ) > 80,
  );
  const codes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
  for (const [tag, decode] of [
    [6, decodeAlaw],
    [7, decodeMulaw],
  ] as const) {
    const { samples } = await readAudio(write('law.wav', wavBytes(codes, { tag, bits: 8, fact: 900 })));
    assert.equal(samples.length, 900);
    for (let code = 0; code < 256; code++)
      assert.ok(samples[code] === Math.fround(decode(code)), `code ${code}`);
  }
  // ITU-T G.711, table values.
  assert.equal(decodeAlaw(0xd5) * 32768, 8);
  assert.equal(decodeAlaw(0xaa) * 32768, 32256);
  assert.equal(decodeMulaw(0xff) * 32768, 0);
  assert.equal(decodeMulaw(0x80) * 32768, 32124);
});

test('FLAC, MP3, Ogg Vorbis, Opus, Ogg FLAC and AAC', async () => {
  const exact = (await readAudio(path.join(GOLDEN, 'chirp.wav'))).samples;
  assert.ok(snr(exact, sound) > 80);
  const quality: Record<string, number> = { flac: 80, oga: 80, ogg: 15, mp3: 15, m4a: 15 };
  for (const [ending, least] of Object.entries(quality)) {
    const { samples, sampleRate } = await readAudio(path.join(GOLDEN, `chirp.${ending}`));
    assert.equal(sampleRate, 8000, ending);
    assert.ok(
      Math.abs(samples.length - sound.length) <= (least > 50 ? 0 : 1200),
      `${ending} ${samples.length}`,
    );
    assert.ok(snr(samples, sound) > least, `${ending}: ${snr(samples, sound)} dB`);
  }
  const opus = await readAudio(path.join(GOLDEN, 'chirp.opus'));
  assert.equal(opus.sampleRate, 48000);
  assert.ok(Math.abs(opus.samples.length - sound.length * 6) < 10);
  assert.ok(
    snr(
      opus.samples.filter((_, i) => i % 6 === 0),
      sound,
    ) > 10,
  );
});

test('NIST SPHERE and headerless PCM', async () => {
  const header = (fields: string): Buffer => {
    const text = `NIST_1A\n   1024\n${fields}end_head\n`;
    return Buffer.from(text.padEnd(1024, ' '));
  };
  const common = `sample_rate -i 8000\nchannel_count -i 1\nsample_n_bytes -i 2\nsample_count -i ${sound.length}\n`;
  for (const [order, big] of [
    ['01', false],
    ['10', true],
  ] as const) {
    const fields = `${common}sample_byte_format -s2 ${order}\nsample_coding -s3 pcm\n`;
    const file = write('timit.wav', Buffer.concat([header(fields), encode(sound, 's16', big)]));
    const { samples, sampleRate } = await readAudio(file);
    assert.equal(sampleRate, 8000);
    assert.ok(snr(samples, sound) > 80);
  }
  const shorten = `${common}sample_coding -s26 pcm,embedded-shorten-v2.00\n`;
  await assert.rejects(
    readAudio(write('s.sph', header(shorten))),
    /is NIST SPHERE with coding "pcm,embedded-shorten-v2.00", and FFmpeg \S+ finds no sound in it/,
  );

  const file = write('sound.raw', Buffer.concat([Buffer.alloc(10), encode(sound, 'u16', true)]));
  const columns = { encoding: 'unsigned', byte_order: 'big', header_bytes: '10', sample_rate: '8000' };
  const raw = rawPcmFromColumns(file, columns);
  assert.ok(snr((await readAudio(file, { raw })).samples, sound) > 80);
  assert.equal(rawPcmFromColumns(file, { encoding: '' }), undefined);
  assert.throws(
    () => rawPcmFromColumns(file, { encoding: 'mp7' }),
    /column encoding holds "mp7"; use signed/,
  );
  assert.throws(() => rawPcmFromColumns(file, { encoding: 'float' }), /column sample_rate holds ""/);
});

test('files that cannot be read are named with the fix', async () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is empty \(0 bytes\)/],
    [
      Buffer.from('FORM0000AIFF and so on'),
      /bad\.wav: begins with "FORM", and FFmpeg \S+ finds no sound in it \(.+\); copy the file again/,
    ],
    [wavBytes(new Uint8Array(0), { tag: 1, bits: 16 }), /WAV holds no samples/],
    [
      wavBytes(new Uint8Array(100), { tag: 2, bits: 16 }),
      /is WAV with encoding 2, and FFmpeg \S+ finds no sound in it/,
    ],
    [wavBytes(new Uint8Array(100), { tag: 1, bits: 16, rate: 0 }), /sampling rate 0 Hz is not usable/],
    [wavBytes(new Uint8Array(100), { tag: 1, bits: 16, channels: 0 }), /channels/],
    [fs.readFileSync(path.join(GOLDEN, 'chirp.wav')).subarray(0, 30), /WAV/],
    [fs.readFileSync(path.join(GOLDEN, 'chirp.flac')).subarray(0, 20), /FLAC header is truncated/],
  ];
  for (const [bytes, expected] of cases) await assert.rejects(readAudio(write('bad.wav', bytes)), expected);
  await assert.rejects(readAudio(path.join(folder, 'none.wav')), /none\.wav: there is no such file/);
  await assert.rejects(readAudio(folder), /is not a file/);
});

test('written WAV reads back, the same bytes each time', async () => {
  const file = path.join(folder, 'out.wav');
  writeWav(file, sound, 8000);
  const first = fs.readFileSync(file);
  assert.ok(snr((await readAudio(file)).samples, sound) > 80);
  writeWav(file, sound, 8000);
  assert.deepEqual(fs.readFileSync(file), first);
  writeWav(file, Float32Array.of(2, -2), 8000);
  assert.ok(Math.abs((await readAudio(file)).samples[0]! - 1) < 1e-4);
  assert.throws(() => writeWav(file, Float32Array.of(2), 8000, { overload: 'throw' }), /beyond full scale/);
  assert.throws(() => writeWav(file, Float32Array.of(NaN), 8000), /sample 0 is NaN/);
});

test('a long recording is streamed in bounded memory', async () => {
  // Two hours of 16-bit mono at 8 kHz: 115 MB, written sparse.
  const file = path.join(folder, 'long.wav');
  const bytes = wavBytes(new Uint8Array(0), { tag: 1, bits: 16 });
  fs.writeFileSync(file, bytes);
  const length = 2 * 3600 * 8000 * 2;
  fs.truncateSync(file, bytes.length + length);
  const handle = fs.openSync(file, 'r+');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length);
  fs.writeSync(handle, size, 0, 4, bytes.length - 4);
  fs.closeSync(handle);
  let samples = 0;
  let largest = 0;
  for await (const block of (await openAudio(file)).blocks()) {
    samples += block.length;
    largest = Math.max(largest, block.length);
  }
  assert.equal(samples, length / 2);
  assert.ok(largest <= 1 << 17);
});
