import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutoffStudy, type NamedClip } from 'stm-lab/dist/pipeline';
import { randomState } from 'research-basics/random/mt19937';

/** Noise whose level beats at a rate, with a phase of its own. */
function clip(label: string, hz: number, seed: number): NamedClip {
  const random = randomState(seed);
  const samples = Float32Array.from(
    { length: 8000 },
    (_, i) => random.normal() * 10 ** (0.75 * Math.sin((2 * Math.PI * hz * i) / 8000)),
  );
  return { samples, sampleRate: 8000, label };
}

test('clips that differ in their rate are named rightly until that rate is filtered out', async () => {
  const of = (first: number, count: number): NamedClip[] =>
    Array.from({ length: count }, (_, i) =>
      i % 2 === 0 ? clip('3 Hz', 3, first + i) : clip('9 Hz', 9, first + i),
    );
  const rows = await cutoffStudy({
    train: of(1, 24),
    test: of(100, 8),
    regions: ['rate<=12', 'rate<=1'],
    iterations: 5,
  });
  assert.deepEqual(
    rows.map(({ kept }) => kept),
    ['unfiltered', 'keep |rate| <= 12 Hz', 'keep |rate| <= 1 Hz'],
  );
  assert.equal(rows[0]!.accuracy, 1);
  assert.ok(rows[1]!.accuracy >= 0.85 && rows[2]!.accuracy < rows[1]!.accuracy, JSON.stringify(rows));
});

test('a label that nothing was trained on is named', async () => {
  await assert.rejects(
    cutoffStudy({ train: [clip('a', 3, 1)], test: [clip('é', 3, 2)], regions: [] }),
    /no training clip is labelled "é"/,
  );
});
