// Writes demoModel.json, the model that the page of "stm-lab explore" carries when no other is named: the default model of
// excerpts on the synthetic demo corpus. The same bytes on each run. After a change of features, corpus or model:
// node lib/stm-lab/explore/makeDemoModel.mjs (a few minutes)
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

const require = createRequire(import.meta.url);
const { generateDemoCorpus } = require('../dist/corpus/demo');
const { readPageModel } = require('../dist/explore');
const { DEFAULT_EXCERPT_MODEL, extractStage, trainExcerptStage } = require('../dist/pipeline');

/** Significant digits of the weights: enough for probabilities to 0.1 %. */
const DIGITS = 5;

const work = mkdtempSync(path.join(tmpdir(), 'stm-demo-model-'));
try {
  const { manifest } = await generateDemoCorpus({ folder: path.join(work, 'corpus') });
  const features = path.join(work, 'features');
  await extractStage({ manifest, out: features, features: { kind: 'stm', keep: 'excerpts' } });
  const model = path.join(work, 'model');
  await trainExcerptStage({
    ...{ features, out: model, choice: DEFAULT_EXCERPT_MODEL },
    crossValidation: { folds: 5, seeds: 1 },
  });
  const { members, ...rest } = readPageModel(model);
  const text = JSON.stringify(
    { ...rest, label: 'the demo model (trained on the synthetic demo corpus; for trying out only)', members },
    (_key, value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value,
  );
  const file = path.join(import.meta.dirname, 'demoModel.json');
  writeFileSync(file, `${text}\n`);
  console.log(`${file}: ${text.length} bytes`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
