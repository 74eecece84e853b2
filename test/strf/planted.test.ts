import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { detectPlanted, matchRipple } from 'stm-lab/dist/strf';

test('training finds a ripple 20 dB below noise, and frozen filters of the same start do not', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  // The start is 1.6 Hz and 0.06 cycles per band away; npm run bench:strf-planted runs five seeds in full.
  const options = { seed: 1, steps: 80, batch: 32 };
  const learned = await detectPlanted(engine, options);
  const frozen = await detectPlanted(engine, { ...options, variant: 'frozen' });
  const top = learned.filters[0]!;
  assert.ok(Math.abs(top.start.cyclesPerBand - 0.12) > 0.04, 'the start is away from the answer');
  assert.ok(Math.abs(top.end.rateHz - 8) < 0.5, `rate ${top.end.rateHz}`);
  assert.ok(Math.abs(top.end.cyclesPerBand - 0.12) < 0.012, `scale ${top.end.cyclesPerBand}`);
  assert.ok(learned.accuracy >= frozen.accuracy + 0.1, `${learned.accuracy} against ${frozen.accuracy}`);
  assert.deepEqual(frozen.filters[0]!.start, frozen.filters[0]!.end);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('two ripples that differ in direction alone are told apart, each by a filter of its direction', async () => {
  const engine = await loadEngine();
  const { accuracy, filters } = await detectPlanted(engine, {
    seed: 1,
    steps: 60,
    batch: 18,
    amplitude: 0.35,
    ripples: [
      { rateHz: 6, cyclesPerBand: 0.1 },
      { rateHz: -6, cyclesPerBand: 0.1 },
    ],
  });
  // One third is chance; at this level scales need not be exact.
  assert.ok(accuracy > 0.8, `${accuracy}`);
  for (const rateHz of [6, -6])
    assert.ok(
      filters.some(({ weight, end }) => weight > 0.3 && Math.abs(end.rateHz - rateHz) < 0.7),
      `${rateHz} Hz: ${JSON.stringify(filters.map(({ weight, end }) => [weight, end.rateHz]))}`,
    );
});

test('a filter that is trained for its output alone becomes the matched filter of the ripple', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const options = { seed: 2, steps: 150, filters: 8 };
  const near = (found: Awaited<ReturnType<typeof matchRipple>>, rateHz: number, cycles: number): number =>
    found.filter(
      ({ end }) => Math.abs(end.rateHz - rateHz) < 0.5 && Math.abs(end.cyclesPerBand - cycles) < 0.01,
    ).length;
  const found = await matchRipple(engine, options);
  const { start, end } = found[0]!;
  assert.ok(Math.hypot(start.rateHz - 8, 100 * (start.cyclesPerBand - 0.12)) > 1, 'it starts elsewhere');
  assert.ok(
    Math.abs(end.rateHz - 8) < 0.2 && Math.abs(end.cyclesPerBand - 0.12) < 0.004,
    JSON.stringify(end),
  );
  assert.ok(near(found, 8, 0.12) >= 2, `${near(found, 8, 0.12)} filters`);
  // Elsewhere, in the other direction.
  const other = await matchRipple(engine, { ...options, ripples: [{ rateHz: -12, cyclesPerBand: 0.06 }] });
  assert.ok(near(other, -12, 0.06) >= 2 && near(other, 8, 0.12) === 0, `${near(other, -12, 0.06)} filters`);
  assert.equal(engine.tf.memory().numTensors, before);
});
