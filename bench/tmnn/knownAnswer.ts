/**
 * Known answer: tones that differ in modulation rate alone, a back end that sees single frames. With one modulation filter
 * they are told apart and the filter's pass band ends around the planted rate; without it, at the same capacity, not.
 *
 *   npm run bench:tmnn:known -- [--seeds 5]
 *
 * Exit 1 unless that holds on at least 4 of 5 seeds.
 */
import { parseArgs } from 'node:util';
import { loadEngine } from 'stm-lab/dist/engine';
import { learnPlantedRate, OTHER_HZ, PLANTED_HZ } from 'stm-lab/dist/tmnn';

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '5' } } });
  const engine = await loadEngine({ kernels: 'onednn' });
  console.log(`planted rate ${PLANTED_HZ} Hz against ${OTHER_HZ.join(' and ')} Hz; ${engine.description}`);
  let held = 0;
  const seeds = Number(values.seeds);
  for (let seed = 1; seed <= seeds; seed++) {
    const filtered = await learnPlantedRate(engine, 1, seed);
    const plain = await learnPlantedRate(engine, 0, seed);
    const covers = filtered.passLowHz <= PLANTED_HZ && filtered.passHighHz >= PLANTED_HZ;
    const holds = filtered.accuracy >= 0.9 && plain.accuracy <= 0.65 && covers;
    held += Number(holds);
    console.log(
      `seed ${seed}: M=1 (${filtered.parameters} parameters) accuracy ${filtered.accuracy.toFixed(3)}, pass band ${filtered.passLowHz.toFixed(1)} to ${filtered.passHighHz.toFixed(1)} Hz; M=0 (${plain.parameters}) accuracy ${plain.accuracy.toFixed(3)}; ${holds ? 'holds' : 'does not hold'}`,
    );
  }
  console.log(`holds on ${held} of ${seeds} seeds`);
  if (held < 0.8 * seeds) process.exitCode = 1;
}

void run();
