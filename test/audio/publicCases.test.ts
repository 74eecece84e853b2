import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readAudio } from 'stm-lab/dist/audio';

const shared = process.env.STM_SHARED ?? path.resolve(__dirname, '..', '..', '..', 'shared');
const CASES = path.join(shared, 'cases', 'public');
const skip = fs.existsSync(CASES) ? false : 'the public cases (../shared or STM_SHARED) are absent';

/** What is right: so many samples at a rate, with these warnings; or one sentence. */
type Right = { samples: number; rate: number; channels?: number; warning?: RegExp } | RegExp;

const RIGHT: Readonly<Record<string, Right>> = {
  // The first 838 samples lie before time zero.
  '01-vorbis-cut-start/cut1.ogg': { samples: 398336 - 838, rate: 44100 },
  '02-flac-tag-after/junk-after.flac': { samples: 116800, rate: 16000 },
  '03-flac-12-20-bit/bits12.flac': { samples: 116800, rate: 16000 },
  '03-flac-12-20-bit/bits20.flac': { samples: 116800, rate: 16000 },
  '05-flac-rate-from-streaminfo/rate-from-streaminfo.flac': { samples: 116800, rate: 16000 },
  '05-flac-rate-from-streaminfo/rate-96001.flac': { samples: 116800, rate: 96001 },
  '07-flac-total-doubled/fl010-total-double.flac': {
    samples: 116800,
    rate: 16000,
    warning: /only 116800 of 233600 declared samples are there \(7\.30 of 14\.60 s\)/,
  },
  '08-flac-wav-after/wav-after-fl011.flac': {
    samples: 116800,
    rate: 16000,
    warning: /FFmpeg reports errors/,
  },
  '09-flac-edge-ok/false-header.flac': { samples: 116800, rate: 16000 },
  '10-wav-blockalign-4/blockalign4-mono16.wav': {
    samples: 116800,
    rate: 16000,
    warning: /header gives 4 bytes for 1 x 16 bits; 2 are read/,
  },
  '12-id3-in-front/id3-before-riff.wav': { samples: 116800, rate: 16000 },
  '13-wav-empty-then-metadata/empty-list-after.wav': /WAV holds no samples/,
  '14-wav-fl003/fl003-data44.wav': {
    samples: 136800,
    rate: 16000,
    warning: /data chunk declares 44 bytes of a file of 273644 bytes/,
  },
  '17-vorbis-chained/chain-mono-stereo.ogg': { samples: 551250, rate: 44100 },
  '17-vorbis-chained/chain-quality.ogg': { samples: 2 * 321930, rate: 44100 },
  '17-vorbis-chained/chain-rate.ogg': /changes from 44100 Hz to 16000 Hz after 7\.3 s; split it/,
  '17-vorbis-chained/chain-rate2.ogg': /changes from 16000 Hz to 44100 Hz after 7\.3 s; split it/,
  '19-ogg-edge-ok/v8.ogg': { samples: 40000, rate: 8000 },
  '20-mp3-rate-change/mp3-rate-change.mp3': /changes from 22050 Hz to 44100 Hz after 4\.6 s; split it/,
  '21-mp3-junk-in-front/mp3-zeros-first.mp3': {
    samples: 323712,
    rate: 44100,
    warning: /1500 bytes before its first whole frame/,
  },
  '21-mp3-junk-in-front/mp3-cut-middle.mp3': {
    samples: 309888,
    rate: 44100,
    warning: /before its first whole frame/,
  },
  // All 311 whole frames; FFmpeg alone loses some at the start.
  '21-mp3-junk-in-front/adts-cut.aac': {
    samples: 311 * 1024,
    rate: 44100,
    warning: /before its first whole frame/,
  },
  '22-mp3-mono-channels/mp3-mpeg25-8k.mp3': { samples: 58400, rate: 8000, channels: 1 },
  '25-m4a-damaged/adts-damaged.aac': /AAC data are damaged after about 4\.\d s/,
  '25-m4a-damaged/m4a-damaged.m4a': /data are damaged after about 4\.3 s/,
  '26-m4a-truncated/m4a-truncated.m4a': {
    samples: 223232,
    rate: 44100,
    warning: /only 223232 of 321930 declared samples are there/,
  },
  '27-m4a-cut-start/m4a-cut.m4a': { samples: 220500, rate: 44100 },
  '28-mov-aac/video.mov': { samples: 321930, rate: 44100 },
};

for (const [name, right] of Object.entries(RIGHT))
  test(`public case ${name}`, { skip }, async () => {
    const file = path.join(CASES, name);
    if (right instanceof RegExp) {
      await assert.rejects(readAudio(file), (error: Error) => {
        assert.match(error.message, right);
        assert.ok(error.message.startsWith(`${file}: `));
        return true;
      });
      return;
    }
    const { samples, sampleRate, channels, warnings } = await readAudio(file);
    assert.equal(samples.length, right.samples);
    assert.equal(sampleRate, right.rate);
    if (right.channels !== undefined) assert.equal(channels, right.channels);
    assert.equal(warnings.length, right.warning === undefined ? 0 : 1, warnings.join('; '));
    if (right.warning !== undefined) assert.match(warnings[0]!, right.warning);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    assert.ok(power > 1e-4 && power < 0.1, `${power}`);
  });

test('the second link of a chain equals that file alone', { skip }, async () => {
  for (const [name, links] of [
    ['chain-quality', 2],
    ['chain-mono-stereo', 2],
  ] as const) {
    const bytes = fs.readFileSync(path.join(CASES, '17-vorbis-chained', `${name}.ogg`));
    const starts: number[] = [];
    for (let at = bytes.indexOf('OggS'); at >= 0; at = bytes.indexOf('OggS', at + 4))
      if ((bytes[at + 5]! & 2) !== 0) starts.push(at);
    assert.equal(starts.length, links);
    const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'stm-chain-'));
    try {
      const alone = path.join(folder, 'second.ogg');
      fs.writeFileSync(alone, bytes.subarray(starts[1]));
      const whole = await readAudio(path.join(CASES, '17-vorbis-chained', `${name}.ogg`));
      const second = await readAudio(alone);
      assert.deepEqual(whole.samples.subarray(whole.samples.length - second.samples.length), second.samples);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }
});
