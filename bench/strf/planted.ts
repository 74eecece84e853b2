/**
 * Known-answer recovery in full, at 8 Hz and 0.12 cycles per band and elsewhere:
 *
 * - detect: a ripple 20 dB below noise, learned against frozen filters of the same start. A seed passes when the filter with the
 *   largest weight ends within 0.5 Hz and 0.012 cycles per band, and learning is at least 0.10 more accurate than freezing.
 * - directions: two ripples that differ in direction alone, and three ripples. A seed passes when each is within 0.5 Hz and 0.012
 *   cycles per band of a filter (three: 1 Hz and 0.02).
 * - match: a ripple at the level of the noise, without labels. A seed passes when the strongest filter ends within 0.1 Hz and 0.002
 *   cycles per band.
 *
 * Each design passes when 3 of 5 seeds do.
 *
 *   npx tsx bench/strf/planted.ts [--seeds 5] [--only detect,directions,three,match]
 */
import { parseArgs } from 'node:util';
import { type Engine, loadEngine } from 'stm-lab/dist/engine/index.js';
import {
  detectPlanted,
  matchRipple,
  type PlantedFilter,
  type PlantedOptions,
  type PlantedRipple,
} from 'stm-lab/dist/strf/index.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, only: { type: 'string' } },
});
const seeds = Number(values.seeds);

const at = ({ rateHz, cyclesPerBand }: PlantedRipple): string =>
  `(${rateHz.toFixed(2)} Hz, ${cyclesPerBand.toFixed(4)})`;
const isNear = ({ end }: PlantedFilter, ripple: PlantedRipple, hertz: number, cycles: number): boolean =>
  Math.abs(end.rateHz - ripple.rateHz) < hertz && Math.abs(end.cyclesPerBand - ripple.cyclesPerBand) < cycles;

interface Answer {
  readonly passed: boolean;
  readonly text: string;
}

const PLANTED: PlantedRipple = { rateHz: 8, cyclesPerBand: 0.12 };
const THREE: readonly PlantedRipple[] = [
  { rateHz: 8, cyclesPerBand: 0.12 },
  { rateHz: -4, cyclesPerBand: 0.2 },
  { rateHz: 16, cyclesPerBand: 0.04 },
];

async function detect(engine: Engine, seed: number): Promise<Answer> {
  const learned = await detectPlanted(engine, { seed });
  const frozen = await detectPlanted(engine, { seed, variant: 'frozen' });
  const [top] = learned.filters as [PlantedFilter];
  return {
    passed: isNear(top, PLANTED, 0.5, 0.012) && learned.accuracy >= frozen.accuracy + 0.1,
    text: `accuracy ${learned.accuracy.toFixed(3)} learned, ${frozen.accuracy.toFixed(3)} frozen; top filter ${at(top.start)} -> ${at(top.end)}`,
  };
}

/** The filter closest to each ripple, of those that carry at least a tenth of the largest weight. */
async function several(
  engine: Engine,
  ripples: readonly PlantedRipple[],
  options: PlantedOptions,
  [hertz, cycles]: readonly [number, number],
): Promise<Answer> {
  const { accuracy, filters } = await detectPlanted(engine, { ...options, ripples });
  const used = filters.filter(({ weight }) => weight > 0.1);
  const distance = ({ end }: PlantedFilter, { rateHz, cyclesPerBand }: PlantedRipple): number =>
    Math.hypot((end.rateHz - rateHz) / hertz, (end.cyclesPerBand - cyclesPerBand) / cycles);
  const closest = ripples.map((ripple) =>
    used.reduce((best, filter) => (distance(filter, ripple) < distance(best, ripple) ? filter : best)),
  );
  return {
    passed: ripples.every((ripple, i) => isNear(closest[i]!, ripple, hertz, cycles)),
    text: `accuracy ${accuracy.toFixed(3)}; ${closest.map(({ start, end }) => `${at(start)} -> ${at(end)}`).join('; ')}`,
  };
}

async function match(engine: Engine, seed: number): Promise<Answer> {
  const filters = await matchRipple(engine, { seed });
  const [top] = filters as [PlantedFilter];
  const near = filters.filter((filter) => isNear(filter, PLANTED, 0.5, 0.01)).length;
  return {
    passed: isNear(top, PLANTED, 0.1, 0.002),
    text: `${near} of ${filters.length} filters within 0.5 Hz and 0.01; strongest ${at(top.start)} -> ${at(top.end)}`,
  };
}

const designs: Record<string, (engine: Engine, seed: number) => Promise<Answer>> = {
  detect,
  directions: (engine, seed) =>
    several(engine, [PLANTED, { ...PLANTED, rateHz: -PLANTED.rateHz }], { seed }, [0.5, 0.012]),
  three: (engine, seed) => several(engine, THREE, { seed, filters: 16, steps: 600 }, [1, 0.02]),
  match,
};

async function main(): Promise<void> {
  const engine = await loadEngine();
  const needed = Math.ceil(0.6 * seeds);
  for (const [name, run] of Object.entries(designs)) {
    if (values.only !== undefined && !values.only.split(',').includes(name)) continue;
    let passed = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const answer = await run(engine, seed);
      if (answer.passed) passed++;
      console.log(`${name}, seed ${seed}: ${answer.text}${answer.passed ? '' : '  not passed'}`);
    }
    console.log(`${name}: ${passed} of ${seeds} seeds pass; ${needed} are needed`);
    if (passed < needed) process.exitCode = 1;
  }
}

void main();
