// What slow modulations alone carry: noise with fluctuations of 2 and 10 Hz, filtered and written as sound.
//   npx tsx examples/filter.ts [slow.wav]
import { audio, randomState, synthesis } from 'stm-lab';

async function main(target: string): Promise<void> {
  const sampleRate = 16000;
  const random = randomState(1);
  const samples = Float32Array.from({ length: 4 * sampleRate }, (_, i) => {
    const wave = (rate: number): number => Math.sin((2 * Math.PI * rate * i) / sampleRate);
    return 0.05 * (2 + wave(2) + wave(10)) * random.normal();
  });
  const slow = await synthesis.filterModulations(samples, sampleRate, {
    region: synthesis.parseRegion('keep', 'rate<=4'),
    iterations: 10,
  });
  audio.writeWav(target, slow.samples, slow.sampleRate);
  console.log(`${target}: fluctuations above 4 Hz at ${slow.report.suppressionDb.toFixed(0)} dB`);
}

export const finished = main(process.argv[2] ?? 'slow.wav');
