import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { regionColumns } from 'stm-lab/dist/ablation';
import { stmAxes } from 'stm-lab/dist/features/stm';
import { ablateStage, readExperiment } from 'stm-lab/dist/pipeline';
import { temporaryFolder } from '../pipeline/support';
import { inBand, plantedBandFeatures } from './plantedBand';

test('ripple-only classes: regions that hold the planted band know the class, all others know nothing', async () => {
  const folder = temporaryFolder('planted');
  const features = plantedBandFeatures(path.join(folder, 'features'), 24);
  const experiment = readExperiment('small');
  const { reference, cells } = await ablateStage({
    features,
    out: path.join(folder, 'ablation'),
    experiment: {
      ...experiment,
      ablation: {
        ...experiment.ablation,
        rateHz: [3, 7],
        scaleCycPerOct: [0.5, 2],
        folds: 3,
        fit: { epochs: 20, batchSize: 16 },
      },
    },
  });
  const axes = stmAxes();
  const holdsBand = (columns: Int32Array): boolean =>
    columns.some((c) => inBand(axes.rateHz[c % 121]!, axes.scaleCycPerOct[Math.floor(c / 121)]!));
  assert.equal(cells.length, 24);
  const knowing = cells.filter(({ region }) => holdsBand(regionColumns(axes, region!)));
  const ignorant = cells.filter((cell) => !knowing.includes(cell));
  assert.deepEqual([knowing.length, ignorant.length], [12, 12]);
  for (const { name, macroRocAuc } of [reference, ...knowing])
    assert.ok(macroRocAuc > 0.9, `${name}: ROC-AUC ${macroRocAuc}`);
  for (const { name, macroRocAuc, difference } of ignorant) {
    assert.ok(Math.abs(macroRocAuc - 0.5) < 0.2, `${name}: ROC-AUC ${macroRocAuc}`);
    assert.ok(difference.high < 0, `${name}: not told from all features`);
  }
});
