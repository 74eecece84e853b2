import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { detectPlanted } from 'stm-lab/dist/strf';

test('training finds a ripple 20 dB below noise, and frozen filters of the same start do not', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  // The start is 1.6 Hz and 0.06 cycles per band away; npm run bench:strf-planted runs five seeds in full.
  const options = { seed: 1, steps: 80, batch: 32 };
  const learned = detectPlanted(engine, options);
  const frozen = detectPlanted(engine, { ...options, variant: 'frozen' });
  const top = learned.filters[0]!;
  assert.ok(Math.abs(top.start.cyclesPerBand - 0.12) > 0.04, 'the start is away from the answer');
  assert.ok(Math.abs(top.end.rateHz - 8) < 0.5, `rate ${top.end.rateHz}`);
  assert.ok(Math.abs(top.end.cyclesPerBand - 0.12) < 0.012, `scale ${top.end.cyclesPerBand}`);
  assert.ok(learned.accuracy >= frozen.accuracy + 0.1, `${learned.accuracy} against ${frozen.accuracy}`);
  assert.deepEqual(frozen.filters[0]!.start, frozen.filters[0]!.end);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('a ripple elsewhere is found elsewhere: the direction is part of the answer', async () => {
  const engine = await loadEngine();
  const { filters } = detectPlanted(engine, {
    seed: 1,
    steps: 60,
    rateHz: -6,
    cyclesPerBand: 0.1,
    amplitude: 0.25,
    batch: 24,
  });
  const { rateHz, cyclesPerBand } = filters[0]!.end;
  assert.ok(rateHz < 0, `moves up: ${rateHz}`);
  assert.ok(
    Math.abs(rateHz + 6) < 0.5 && Math.abs(cyclesPerBand - 0.1) < 0.012,
    `${rateHz}, ${cyclesPerBand}`,
  );
});
