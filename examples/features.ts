// The strongest modulation of a sound: noise whose level rises and falls six times per second.
//   npx tsx examples/features.ts
import { features, randomState } from 'stm-lab';

async function main(): Promise<void> {
  const sampleRate = 16000;
  const random = randomState(1);
  const samples = Float32Array.from({ length: 4 * sampleRate }, (_, i) => {
    const level = 1 + Math.sin((2 * Math.PI * 6 * i) / sampleRate);
    return 0.1 * level * random.normal();
  });
  const stm = await features.extractStm(samples, sampleRate);
  // Row by row over scales (cyc/oct), each with all rates (Hz). Scale 0: all frequencies together.
  const { rateHz } = stm.axes;
  const rising = rateHz.flatMap((rate, column) => (rate > 0 ? [{ rate, value: stm.features[column]! }] : []));
  const strongest = rising.reduce((best, one) => (one.value > best.value ? one : best));
  console.log(`strongest modulation at scale 0: ${strongest.rate} Hz`);
}

export const finished = main();
