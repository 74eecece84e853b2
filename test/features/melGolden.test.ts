import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { readAudio } from 'stm-lab/dist/audio';
import { readNpy } from 'stm-lab/dist/base/npy';
import { createMelKernel, extractMel, hzToMel, melAxes, melToHz } from 'stm-lab/dist/features';
import { goldenFolder, maxError } from './shared';

test('mel spectrograms equal librosa 0.11', async () => {
  const kernel = await createMelKernel();
  for (const name of ['ripple_up_4hz_1cpo_16k', 'clicks_gap0p9_16k', 'tone_1k_16k', 'burst_floor_16k']) {
    const { samples } = await readAudio(path.join(goldenFolder('stm', 'audio'), `${name}.wav`));
    const { data, shape } = readNpy(path.join(goldenFolder('mel'), `${name}.npy`));
    assert.deepEqual(shape, [32, 63]);
    const largest = Math.max(...(data as Float32Array));
    const error = maxError(kernel.compute(samples.slice(0, 64000)), data);
    assert.ok(error <= 2e-6 * largest, `${name}: largest error ${error} of ${largest}`);
  }
});

test('a tone peaks in its band, and decibels keep the order', async () => {
  const { bandHz, seconds } = melAxes();
  assert.equal(seconds.length * bandHz.length, 2016);
  for (const band of [5, 17, 29]) {
    const tone = Float32Array.from({ length: 32000 }, (_, i) =>
      Math.sin((2 * Math.PI * bandHz[band]! * i) / 8000),
    );
    if (bandHz[band]! > 4000) continue;
    for (const scale of ['power', 'decibel'] as const) {
      const { features } = await extractMel(tone, 8000, { scale });
      const middle = bandHz.map((_, b) => features[b * 63 + 31]!);
      assert.equal(middle.indexOf(Math.max(...middle)), band);
    }
  }
  assert.ok(Math.abs(melToHz(hzToMel(3217)) - 3217) < 1e-9);
});
