import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readAudio } from 'stm-lab/dist/audio';
import { readJson } from 'research-basics/files';
import { readNpy } from 'stm-lab/dist/base/npy';
import { cochleagram, extractStm, stmAxes } from 'stm-lab/dist/features';
import { goldenFolder, maxError, sharedFolder } from './shared';

const golden = goldenFolder('stm');
const shared = sharedFolder('golden', 'stm');

/** A golden recording: from the repository, or where it is too long for that, from the reference data. */
function audioFile(name: string): string | undefined {
  const folders = [golden, ...(shared === undefined ? [] : [shared])];
  return folders
    .map((folder) => path.join(folder, 'audio', `${name}.wav`))
    .find((file) => fs.existsSync(file));
}

interface Expected {
  excerpts: number;
  analysed_seconds: number;
  scanned_seconds: number;
  end_sample: number;
  longest_silence_s: number;
  features: string;
}

test('every golden file gives the published features', async (context) => {
  const { files } = readJson<{ files: Record<string, Expected> }>(path.join(golden, 'expected.json'));
  let compared = 0;
  for (const [name, expected] of Object.entries(files)) {
    const file = audioFile(name);
    if (file === undefined) {
      context.diagnostic(`${name} is left out: reference data (../shared or STM_SHARED) are absent`);
      continue;
    }
    const { samples, sampleRate } = await readAudio(file);
    if (expected.excerpts === 0) {
      await assert.rejects(extractStm(samples, sampleRate), /no excerpt accepted: longest silence/);
      continue;
    }
    const result = await extractStm(samples, sampleRate);
    const error = maxError(result.features, readNpy(path.join(golden, expected.features)).data);
    assert.ok(error <= 5e-4, `${name}: largest error ${error}`);
    assert.equal(result.excerpts, expected.excerpts, name);
    assert.equal(result.analysedSeconds, expected.analysed_seconds, name);
    assert.equal(result.scannedSeconds, expected.scanned_seconds, name);
    assert.equal(result.endSample, expected.end_sample, name);
    assert.ok(Math.abs(result.longestSilenceSeconds - expected.longest_silence_s) < 1e-9, name);
    compared++;
  }
  assert.equal(compared, shared === undefined ? 8 : 11);
});

test('the cochleagram is within 0.02 dB of the published one where that is above 1 dB', async () => {
  const folder = path.join(golden, 'spectrogram_db');
  for (const file of fs.readdirSync(folder)) {
    const { samples, sampleRate } = await readAudio(path.join(golden, 'audio', file.replace(/npy$/, 'wav')));
    const expected = readNpy(path.join(folder, file)).data;
    const { values } = await cochleagram(samples, sampleRate);
    const audible = [...expected.keys()].filter((i) => expected[i]! > 1);
    assert.ok(audible.length > 1000, file);
    const error = maxError(
      audible.map((i) => values[i]!),
      audible.map((i) => expected[i]!),
    );
    assert.ok(error <= 0.02, `${file}: largest error ${error} dB`);
  }
});

test('the axes are the published ones', () => {
  const expected = readJson<Record<string, number[]>>(path.join(golden, 'axes.json'));
  const axes = stmAxes();
  assert.ok(maxError(axes.rateHz, expected.temporal_modulation_hz!) < 1e-12);
  assert.ok(maxError(axes.scaleCycPerOct, expected.spectral_modulation_cyc_per_oct!) < 1e-12);
  assert.ok(maxError(axes.channelCentreHz, expected.channel_centre_hz!) < 1e-9);
  assert.deepEqual(axes.channelLowHz, expected.channel_low_hz);
  assert.deepEqual(axes.channelHighHz, expected.channel_high_hz);
});
