import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { createStudy, type SamplerChoice, type Space, type Study, type Values } from 'bayesian-optimizer';

interface Written {
  readonly space: Space;
  readonly studies: Record<
    string,
    { readonly trials: readonly Record<string, unknown>[]; readonly later: readonly Values[] }
  >;
}

/** Journals written by version 0.1.0 before the optimiser was a package: see write.cjs there. */
const journals = path.join(__dirname, 'fixtures', 'journals');
const { space, studies } = JSON.parse(
  fs.readFileSync(path.join(journals, 'studies.json'), 'utf8'),
) as Written;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'earlier-journals-'));
after(() => fs.rmSync(scratch, { recursive: true }));

/** A copy of a journal of then, opened under the sampler's name of now. */
function open(sampler: string): { study: Study; file: string } {
  const file = path.join(scratch, `${sampler}.jsonl`);
  fs.copyFileSync(path.join(journals, `study-${sampler}.jsonl`), file);
  const choice: SamplerChoice =
    sampler === 'published'
      ? { name: 'keras-tuner', initialTrials: 4 }
      : (sampler as 'gp' | 'tpe' | 'sobol' | 'random');
  const study = createStudy({
    name: `étude ${sampler}`,
    space,
    direction: 'minimize',
    sampler: choice,
    journal: file,
    pruner: 'median',
  });
  return { study, file };
}

function score(v: Values): number {
  const drop = (v['drop'] as number | undefined) ?? 0;
  return (
    Math.abs(Math.log10(Number(v['rate'])) + 3.3) +
    (Number(v['layers']) - 2) ** 2 +
    (v['kind'] === 'tanh' ? 0 : 0.5) +
    drop
  );
}

for (const [sampler, written] of Object.entries(studies)) {
  test(`a study of the sampler ${sampler} from before the package opens, and continues as it would have then`, () => {
    const { study, file } = open(sampler);
    assert.equal(study.seed, 11);
    const held = study.trials().map(({ number, state, values, value, attempts, failure, attributes }) => ({
      number,
      state,
      values,
      value,
      attempts,
      failure,
      attributes,
    }));
    // Through JSON, which leaves out what is undefined.
    assert.deepEqual(JSON.parse(JSON.stringify(held)), written.trials);
    const later = written.later.map(() => {
      const trial = study.ask()!;
      trial.report(0, score(trial.values) + 1);
      trial.report(1, score(trial.values));
      study.tell(trial, score(trial.values));
      return trial.values;
    });
    assert.deepEqual(later, written.later);
    // What is added bears the study's own prefix, so that the version of then reads it too.
    assert.ok(!fs.readFileSync(file, 'utf8').includes('"bayesian-optimizer:'));
  });
}

test('a new study writes its attributes under its namespace, and keeps it', () => {
  const journal = path.join(scratch, 'own.jsonl');
  const options = { name: 'own', space, direction: 'minimize', sampler: 'keras-tuner', journal } as const;
  createStudy({ ...options, namespace: 'mine' }).ask();
  createStudy({ ...options, namespace: 'other' }).ask();
  createStudy({ ...options, name: 'plain' }).ask();
  const text = fs.readFileSync(journal, 'utf8');
  assert.match(text, /"mine:study"/);
  assert.equal(text.match(/"mine:sampler-state"/g)?.length, 2);
  assert.ok(!text.includes('"other:'));
  assert.match(text, /"bayesian-optimizer:study"/);
});
