/**
 * Records real training results over a whole grid of networks, as a search problem with a known best:
 *
 *     npx tsx bench/search/trainingTable.ts --features DIR [--out bench/data/trainingTable.json]
 *
 * DIR holds features.npy and index.csv as `stm-lab extract` writes them. The score of a configuration is
 * the macro-F1 over all held-out rows of a stratified group 3-fold, components fitted within each fold.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readNpy } from 'stm-lab/dist/base/npy';
import { loadEngine } from 'stm-lab/dist/engine';
import { macroF1 } from 'stm-lab/dist/evaluation';
import { fitMlp, predictProbabilities } from 'stm-lab/dist/models';
import { featuresInMemory, fitReduction, transform } from 'stm-lab/dist/reduction';
import type { Space } from 'bayesian-optimizer';
import { stratifiedGroupKFold } from 'stm-lab/dist/splits';

const { values: given } = parseArgs({
  options: {
    features: { type: 'string' },
    out: { type: 'string', default: join(__dirname, '..', 'data', 'trainingTable.json') },
  },
});

const inputs = 64;
const folds = 3;
const epochs = 12;

const layers = [1, 2, 3];
const units = [32, 96, 160, 224];
// Whole numbers: 3 x 0.2 is not 0.6 in floating point, and a row is found by its exact values.
const dropoutPercents = [0, 20, 40, 60];
const rates = [-4, -3.5, -3, -2.5, -2];
const space: Space = {
  layers: { type: 'int', min: 1, max: 3 },
  units: { type: 'int', min: 32, max: 224, step: 64 },
  dropoutPercent: { type: 'int', min: 0, max: 60, step: 20 },
  log10Rate: { type: 'float', min: -4, max: -2, step: 0.5 },
};

async function main(): Promise<void> {
  if (given.features === undefined) throw new Error('--features DIR is needed');
  const { data, shape } = readNpy(join(given.features, 'features.npy'));
  const index = readCsv(join(given.features, 'index.csv')).rows;
  const features = featuresInMemory(data as Float32Array, shape[1]!);
  const names = index.map((row) => row['label']!);
  const classNames = [...new Set(names)].sort();
  const labels = Int32Array.from(names, (name) => classNames.indexOf(name));
  const fold = stratifiedGroupKFold({ labels: names, groups: index.map((row) => row['group']!), folds });
  const engine = await loadEngine({ prefer: 'native' });

  const parts = [];
  for (let f = 0; f < folds; f++) {
    const pick = (held: boolean): Int32Array =>
      Int32Array.from([...fold.keys()].filter((row) => (fold[row] === f) === held));
    const [train, test] = [pick(false), pick(true)];
    const reduction = await fitReduction({
      features,
      rows: train,
      method: 'exact',
      components: inputs,
      whiten: 'common',
    });
    const rowsOf = async (rows: Int32Array): Promise<Float32Array> =>
      transform(reduction, { features, rows });
    parts.push({ train, test, trainX: await rowsOf(train), testX: await rowsOf(test) });
  }

  const classes = classNames.length;
  const rows = [];
  for (const count of layers) {
    for (const width of units) {
      for (const dropoutPercent of dropoutPercents) {
        for (const log10Rate of rates) {
          const probabilities = new Float32Array(labels.length * classes);
          for (const { train, test, trainX, testX } of parts) {
            const { model } = await fitMlp(engine, {
              spec: {
                family: 'dropout',
                inputs,
                hidden: Array.from({ length: count }, () => ({
                  units: width,
                  dropout: dropoutPercent / 100,
                })),
                classes,
              },
              train: {
                x: trainX,
                y: Int32Array.from(train, (row) => labels[row]!),
                rows: train.length,
                columns: inputs,
              },
              options: { epochs, batchSize: 32, accumulation: 1, learningRate: 10 ** log10Rate },
            });
            const found = predictProbabilities(engine, model, testX, test.length);
            test.forEach((row, i) =>
              probabilities.set(found.subarray(i * classes, (i + 1) * classes), row * classes),
            );
          }
          const score = Number(macroF1({ labels, probabilities, classes }).toFixed(6));
          rows.push({ values: { layers: count, units: width, dropoutPercent, log10Rate }, score });
        }
      }
    }
    console.log(`${rows.length} configurations, best ${Math.max(...rows.map(({ score }) => score))}`);
  }
  mkdirSync(dirname(given.out), { recursive: true });
  const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
  writeFileSync(
    given.out,
    `{"space":${JSON.stringify(space)},\n"direction":"maximize",\n"rows":[\n${lines}\n]}\n`,
  );
}

void main();
