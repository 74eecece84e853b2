import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { bandTables, loadBandKernels } from 'stm-lab/dist/features/kernels/bandKernels';
import { loadPffft } from 'stm-lab/dist/features/kernels/pffft';
import { maxError } from './shared';

const BIN = 40;

/** Transforms a band of random bins, each with a weight, and sums it directly at some samples. */
async function compare(length: number, first: number, count: number): Promise<number> {
  const { memory, allocate } = await loadPffft();
  const { transformBand } = await loadBandKernels(memory);
  const floats = (address: number, size: number): Float32Array =>
    new Float32Array(memory.buffer, address, size);
  const upload = (values: ArrayLike<number>): number => {
    const address = allocate(values.length * 4);
    floats(address, values.length).set(values);
    return address;
  };
  const random = randomState(length + count);
  const spectrum = random.uniform(-1, 1, 2 * (BIN + count));
  const weights = random.uniform(0, 1, count);
  const { spreading, passes } = bandTables(length);
  const plan = passes.flatMap(({ radix, count: butterflies, twiddles }) => [
    radix,
    butterflies,
    upload(twiddles),
  ]);
  const table = allocate(plan.length * 4);
  const addresses = [upload(spectrum) + 8 * BIN, upload(weights)] as const;
  const [tables, work, real, imaginary] = [
    upload(spreading),
    ...[8, 4, 4].map((n) => allocate(4 * n * length)),
  ];
  new Int32Array(memory.buffer, table, plan.length).set(plan);
  transformBand(...addresses, first, count, length, tables!, table, work!, real!, imaginary!);
  const errors = [0, 1, 2, 3, 4, 5, 124, length, 2 * length + 7, 4 * length - 1].map((t) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < count; i++) {
      const angle = (((first + i) * t) / (4 * length)) * 2 * Math.PI;
      const [x, y] = [spectrum[2 * (BIN + i)]! * weights[i]!, spectrum[2 * (BIN + i) + 1]! * weights[i]!];
      re += x * Math.cos(angle) - y * Math.sin(angle);
      im += x * Math.sin(angle) + y * Math.cos(angle);
    }
    return maxError([re, im], [floats(real!, 4 * length)[t]!, floats(imaginary!, 4 * length)[t]!]);
  });
  return Math.max(...errors) / Math.sqrt(count);
}

test('a band becomes the signal that its bins sum to, for every radix and any place of the band', async () => {
  for (const [length, first, count] of [
    [2000, -400, 912],
    [2500, -2500, 5000],
    [3000, -8, 1504],
    [4500, -1000, 1004],
    [1000, -120, 124],
  ] as const) {
    const error = await compare(length, first, count);
    assert.ok(error < 2e-6, `${length} ${first} ${count}: ${error}`);
  }
});
