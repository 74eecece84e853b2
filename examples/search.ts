// Bayesian search with a conditional parameter. The objective could be a training; here it is a formula.
//   npx tsx examples/search.ts
import { createStudy, optimize } from 'bayesian-optimizer';

async function main(): Promise<void> {
  const study = createStudy({
    name: 'example',
    direction: 'minimize',
    seed: 1,
    space: {
      layers: { type: 'int', min: 1, max: 2 },
      rate: { type: 'float', min: 1e-5, max: 1, scale: 'log' },
      // Exists only where there is a second layer.
      units: { type: 'int', min: 8, max: 64, step: 8, when: { parameter: 'layers', atLeast: 2 } },
    },
  });
  await optimize(
    study,
    ({ values: { layers, rate, units } }) =>
      (Math.log10(rate) + 3) ** 2 + (layers === 1 ? 1 : ((units ?? 0) - 32) ** 2 / 1000),
    { trials: 30 },
  );
  const { values } = study.best()!;
  console.log(
    `${values.layers} layers, ${values.units} units, rate near ${Number(values.rate).toExponential(0)}`,
  );
}

export const finished = main();
