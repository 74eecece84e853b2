// Recordings as recorders, taggers and converters leave them.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { openAudio, readAudio, type Audio } from 'stm-lab/dist/audio';
import { isContentError, UserError } from 'research-basics/errors';
import { ENCODINGS, encodeFiles, SECONDS } from './encoded';
import { chirp, encode, wavBytes } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-found-'));
let encoded = new Map<string, string>();
let reference: Audio;
const RATE = 22050;

before(async () => {
  encoded = await encodeFiles(folder);
  reference = await readAudio(encoded.get('a.wav')!);
});
after(() => fs.rmSync(folder, { recursive: true }));

let written = 0;
function write(name: string, ...pieces: Uint8Array[]): string {
  const file = path.join(folder, `${written++}-${name}`);
  fs.writeFileSync(file, Buffer.concat(pieces));
  return file;
}
const bytesOf = (name: string): Buffer => fs.readFileSync(encoded.get(name)!);

/** Largest correlation of the two signals over a few thousand shifts, at the rate of the reference. */
function likeness({ samples, sampleRate }: Audio): number {
  const step = sampleRate / RATE;
  let best = 0;
  for (let shift = 0; shift <= 2600; shift++) {
    let [product, own, other] = [0, 0, 0];
    for (let i = 2000; i < 12000; i += 7) {
      const value = samples[Math.round((i + shift) * step)] ?? 0;
      product += value * reference.samples[i]!;
      own += value * value;
      other += reference.samples[i]! ** 2;
    }
    best = Math.max(best, product / Math.sqrt(own * other));
  }
  return best;
}

test('every format is read, its decoder named, its length right', async () => {
  assert.ok(encoded.size >= Object.keys(ENCODINGS).length - 2, [...encoded.keys()].join(' '));
  for (const [name, file] of encoded) {
    const audio = await readAudio(file);
    // A transport stream's declared length leaves its last packet out.
    if (name !== 'a.ts') assert.deepEqual(audio.warnings, [], name);
    assert.match(audio.decoder, /^(stm-lab|\S+ \d+\.\d+\S*)$/, name);
    const seconds = audio.samples.length / audio.sampleRate;
    assert.ok(seconds >= SECONDS - 0.05 && seconds < SECONDS + 0.2, `${name}: ${seconds} s`);
    assert.ok(likeness(audio) > 0.97, `${name}: ${likeness(audio)}`);
  }
});

const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125, 32)]);
const ape = (): Buffer => {
  const item = Buffer.from('\x05\0\0\0\0\0\0\0Title\0hello', 'latin1');
  const end = (flags: number): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.write('APETAGEX');
    bytes.writeUInt32LE(2000, 8);
    bytes.writeUInt32LE(item.length + 32, 12);
    bytes.writeUInt32LE(1, 16);
    bytes.writeUInt32LE(flags, 20);
    return bytes;
  };
  return Buffer.concat([end(0xa0000000), item, end(0x80000000)]);
};
const lyrics = Buffer.from(`LYRICSBEGININD0000200${'000021'}LYRICS200`);
const id3v2 = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x02\x00', 'latin1'), Buffer.alloc(256)]);

test('tags in front and behind change nothing', async () => {
  for (const name of ['a.wav', 'a.flac', 'a.ogg', 'a.opus', 'a.mp3', 'a.oga', 'a.aac']) {
    const plain = await readAudio(encoded.get(name)!);
    const variants: [string, Uint8Array[]][] = [
      ['ID3v1 behind', [bytesOf(name), id3v1]],
      ['APEv2 behind', [bytesOf(name), ape()]],
      ['APEv2 and ID3v1 behind', [bytesOf(name), ape(), id3v1]],
      ['Lyrics3 and ID3v1 behind', [bytesOf(name), lyrics, id3v1]],
      ['ID3v2 in front', [id3v2, bytesOf(name)]],
      ['two ID3v2 in front', [id3v2, id3v2, bytesOf(name)]],
    ];
    for (const [what, pieces] of variants) {
      const tagged = await readAudio(write(name, ...pieces));
      assert.deepEqual(tagged.samples, plain.samples, `${name}, ${what}`);
      assert.deepEqual(tagged.warnings, [], `${name}, ${what}`);
    }
  }
});

const sound = chirp();
const wav = (change: (bytes: Buffer) => void, data = encode(sound, 's16')): Buffer => {
  // Without the chunk in front that the fixtures put there: 44 bytes of header.
  const bytes = Buffer.from(wavBytes(data, { tag: 1, bits: 16 }));
  const plain = Buffer.concat([bytes.subarray(0, 12), bytes.subarray(24)]);
  plain.writeUInt32LE(plain.length - 8, 4);
  change(plain);
  return plain;
};

test('WAV headers that contradict themselves', async () => {
  const right = (
    await readAudio(
      write(
        'right.wav',
        wav(() => undefined),
      ),
    )
  ).samples;
  assert.equal(right.length, sound.length);
  for (const align of [0, 1, 3, 4, 6, 8]) {
    const { samples, warnings } = await readAudio(
      write(
        'a.wav',
        wav((bytes) => bytes.writeUInt16LE(align, 32)),
      ),
    );
    assert.deepEqual(samples, right, `alignment ${align}`);
    assert.match(warnings[0]!, new RegExp(`header gives ${align} bytes for 1 x 16 bits; 2 are read`));
  }
  // The byte rate follows the alignment.
  const both = await readAudio(
    write(
      'a.wav',
      wav((bytes) => {
        bytes.writeUInt32LE(32000, 28);
        bytes.writeUInt16LE(4, 32);
      }),
    ),
  );
  assert.deepEqual(both.samples, right);
  // 24 bits in 32, where all three fields say so.
  const wide = wavBytes(encode(sound, 's32'), { tag: 1, bits: 32 });
  wide.writeUInt16LE(24, wide.indexOf('fmt ') + 22);
  const { samples, warnings } = await readAudio(write('wide.wav', wide));
  assert.equal(samples.length, sound.length);
  assert.deepEqual(warnings, []);
  assert.ok(samples.every((value, i) => Math.abs(value - sound[i]!) < 1e-6));
});

test('data lengths that recorders leave', async () => {
  const right = (
    await readAudio(
      write(
        'right.wav',
        wav(() => undefined),
      ),
    )
  ).samples;
  const bytes = sound.length * 2;
  const cases: [number, RegExp | undefined][] = [
    [0, undefined],
    [0xffffffff, undefined],
    [0x7fffffff, undefined],
    [0x7ffff000, undefined],
    [bytes + 44, undefined],
    [44, /declares 44 bytes of a file of/],
    [1000, /declares 1000 bytes of a file of/],
    [bytes * 2, /only 34400 of 68800 declared samples are there \(4\.30 of 8\.60 s\)/],
  ];
  for (const [length, warning] of cases) {
    const audio = await readAudio(
      write(
        'a.wav',
        wav((head) => head.writeUInt32LE(length, 40)),
      ),
    );
    assert.deepEqual(audio.samples, right, `length ${length}`);
    assert.equal(audio.warnings.length, warning === undefined ? 0 : 1, audio.warnings.join());
    if (warning !== undefined) assert.match(audio.warnings[0]!, warning);
  }
  // A small data chunk with other chunks behind it is what it says, whatever their size.
  const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([0, 0x10, 0, 0]), Buffer.alloc(0x1000, 65)]);
  const small = wav(() => undefined, encode(sound.subarray(0, 22), 's16'));
  assert.equal((await readAudio(write('small.wav', small, list))).samples.length, 22);
  // An odd chunk without its padding byte.
  const odd = wav(() => undefined);
  const unpadded = Buffer.concat([
    odd.subarray(0, 12),
    Buffer.from('note\x03\0\0\0abc', 'latin1'),
    odd.subarray(12),
  ]);
  assert.deepEqual((await readAudio(write('odd.wav', unpadded))).samples, right);
});

test('what is truncated is read with a warning, whatever the format', async () => {
  for (const name of [
    'a.wav',
    'rf64.wav',
    'a.flac',
    'a.ogg',
    'a.opus',
    'a.oga',
    'a.mp3',
    'front.m4a',
    'a.mp2',
    'a.aiff',
    'a.w64',
    'a.caf',
    'a.wma',
    'a.avi',
    'a.mka',
    'alaw.wav',
    'adpcm.wav',
  ]) {
    const bytes = bytesOf(name);
    const { samples, sampleRate, warnings } = await readAudio(
      write(name, bytes.subarray(0, Math.floor(bytes.length * 0.7))),
    );
    const seconds = samples.length / sampleRate;
    assert.ok(seconds > 0.9 && seconds < 0.85 * SECONDS, `${name}: ${seconds} s`);
    assert.match(warnings.join('; '), /truncated/, name);
  }
  const last = bytesOf('a.m4a');
  await assert.rejects(
    readAudio(write('last.m4a', last.subarray(0, Math.floor(last.length * 0.7)))),
    /is MP4 without its index \(moov\), which recorders write last: the recording was cut off/,
  );
  const sphere = Buffer.alloc(1024, 32);
  sphere.write(
    'NIST_1A\n   1024\nsample_rate -i 8000\nchannel_count -i 1\nsample_n_bytes -i 2\nsample_count -i 34400\nsample_coding -s3 pcm\nend_head\n',
  );
  const { warnings } = await readAudio(write('a.sph', sphere, encode(sound.subarray(0, 20000), 's16')));
  assert.match(warnings[0]!, /only 20000 of 34400 declared samples/);
});

test('what is damaged before its end is refused', async () => {
  for (const name of ['a.flac', 'a.ogg', 'a.opus', 'a.oga', 'a.mp3', 'a.aac', 'a.m4a']) {
    const bytes = Buffer.from(bytesOf(name));
    bytes.fill(0, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.5) + 600);
    await assert.rejects(
      readAudio(write(name, bytes)),
      (error) => isContentError(error) && /damaged|are whole/.test((error as Error).message),
      name,
    );
  }
});

test('chained Ogg is read link by link', async () => {
  for (const name of ['a.ogg', 'a.opus', 'a.oga']) {
    const one = await readAudio(encoded.get(name)!);
    const two = await readAudio(write(name, bytesOf(name), bytesOf(name)));
    assert.equal(two.samples.length, 2 * one.samples.length, name);
    assert.deepEqual(two.samples.subarray(one.samples.length), one.samples, name);
    assert.deepEqual(two.warnings, [], name);
  }
});

test('MP3 files one behind the other are read to the end', async () => {
  const one = await readAudio(encoded.get('a.mp3')!);
  const two = await readAudio(write('two.mp3', bytesOf('a.mp3'), bytesOf('a.mp3')));
  assert.ok(Math.abs(two.samples.length - 2 * one.samples.length) < 4 * 1152, `${two.samples.length}`);
  assert.match(two.warnings.join(), /it holds \d+ frames where its information frame declares \d+/);
});

test('of several streams the first is read, and it is said', async () => {
  const options = '-map 0 -map 0 -c:a';
  const files = await encodeFiles(folder, {
    'two.ogg': `${options} libvorbis`,
    'two.mka': `${options} flac`,
  });
  for (const [name, file] of files) {
    const { samples, warnings } = await readAudio(file);
    assert.ok(Math.abs(samples.length - SECONDS * RATE) < 2000, `${name} ${samples.length}`);
    assert.match(warnings.join(), /several streams of sound|2 streams of sound/, name);
  }
});

/** Changes the first page of an Ogg file and mends its checksum. */
function changeFirstPage(bytes: Buffer, change: (page: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  const page = copy.subarray(0, 27 + copy[26]! + copy[27]!);
  change(page);
  page.writeUInt32LE(0, 22);
  let value = 0;
  for (const byte of page) {
    value ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x80000000 ? 0x04c11db7 : 0);
  }
  page.writeUInt32LE(value >>> 0, 22);
  return copy;
}

test('the output gain of Opus is applied', async () => {
  const plain = await readAudio(encoded.get('a.opus')!);
  const quieter = changeFirstPage(bytesOf('a.opus'), (page) => page.writeInt16LE(-6 * 256, 28 + 16));
  const { samples } = await readAudio(write('gain.opus', quieter));
  for (let i = 30000; i < 60000; i += 1000)
    assert.ok(Math.abs(samples[i]! - plain.samples[i]! * 10 ** (-6 / 20)) < 1e-4);
});

test('channels that cancel each other', async () => {
  const stereo = (right: (value: number, i: number) => number): Buffer => {
    const both = new Float64Array(sound.length * 2);
    sound.forEach((value, i) => both.set([value, right(value, i)], 2 * i));
    return wavBytes(encode(both, 's16'), { tag: 1, bits: 16, channels: 2 });
  };
  const alone = (await readAudio(write('left.wav', wavBytes(encode(sound, 's16'), { tag: 1, bits: 16 }))))
    .samples;
  const inverted = await readAudio(
    write(
      'inverted.wav',
      stereo((value) => -value),
    ),
  );
  assert.deepEqual(inverted.samples, alone);
  assert.match(
    inverted.warnings[0]!,
    /2 channels cancel each other \(inverted polarity\), so the first one is used/,
  );
  const half = await readAudio(
    write(
      'half.wav',
      stereo((value) => -0.9 * value),
    ),
  );
  assert.deepEqual(half.warnings, []);
  assert.ok(half.samples.every((value, i) => Math.abs(value - 0.05 * sound[i]!) < 1e-4));
  // Compressed, too.
  const files = await encodeFiles(
    folder,
    { 'inverted.flac': '', 'inverted.mp3': '', 'inverted.ogg': '-c:a libvorbis', 'inverted.m4a': '' },
    `aevalsrc=0.3*sin(2*PI*440*t)|-0.3*sin(2*PI*440*t):d=${SECONDS}:s=${RATE}`,
  );
  for (const [name, file] of files) {
    const { samples, warnings } = await readAudio(file);
    assert.match(warnings.join(), /cancel each other/, name);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    assert.ok(Math.abs(power - 0.045) < 0.008, `${name} ${power}`);
  }
  // Quiet and in phase at first, then loud and inverted: known at the end only.
  const long = new Float64Array(400_000);
  for (let i = 0; i < long.length / 2; i++) {
    const value = Math.sin(i) * (i < 66_000 ? 0.001 : 0.3);
    long.set([value, i < 66_000 ? value : -value], 2 * i);
  }
  await assert.rejects(
    readAudio(write('late.wav', wavBytes(encode(long, 's16'), { tag: 1, bits: 16, channels: 2 }))),
    /late\.wav: the channels cancel each other \(inverted polarity\), so their mean is rounding noise; keep one channel/,
  );
});

test('a missing FFmpeg is the fault of the environment, not of the recording', async () => {
  process.env.STM_LAB_FFMPEG = path.join(folder, 'none');
  try {
    await assert.rejects(readAudio(encoded.get('a.m4a')!), (error: Error) => {
      assert.ok(error instanceof UserError && error.kind === 'environment');
      assert.match(error.message, /STM_LAB_FFMPEG: .*none does not run as FFmpeg/);
      return !isContentError(error);
    });
    // What needs no FFmpeg is read without it.
    await readAudio(encoded.get('a.flac')!);
  } finally {
    delete process.env.STM_LAB_FFMPEG;
  }
  await readAudio(encoded.get('a.m4a')!);
});

test('reading stops early, and FFmpeg with it', async () => {
  const source = await openAudio(encoded.get('a.m4a')!);
  for await (const block of source.blocks()) {
    assert.ok(block.length > 0);
    break;
  }
  source.close();
});

test('recordings read at the same time leave the console alone', async () => {
  const { error, warn } = console;
  const bytes = Buffer.from(bytesOf('a.flac'));
  bytes.fill(0, 9000, 9900);
  const damaged = write('damaged.flac', bytes);
  const said: unknown[] = [];
  console.error = (...values: unknown[]) => void said.push(values);
  const own = console.error;
  try {
    const reading = [damaged, damaged, encoded.get('a.ogg')!, damaged].map((file) =>
      readAudio(file).catch(() => undefined),
    );
    for (let i = 0; i < 20; i++) {
      console.error('heard', i);
      await new Promise(setImmediate);
    }
    await Promise.all(reading);
    assert.equal(said.length, 20, 'what others print is printed, what decoders print is not');
    assert.equal(console.error, own);
  } finally {
    Object.assign(console, { error, warn });
  }
});
