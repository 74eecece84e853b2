import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { DEFAULT_FIGURES } from 'stm-lab/dist/pipeline';
import { findLocalServer } from 'mlflow-tracking-client';
import { siblingPresets } from './siblingPresets';
import { stmLabWith, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

const home = path.resolve(__dirname, '..', '..');
const python = path.join(home, '.venv', 'bin', 'python');
const needsPython = fs.existsSync(python)
  ? {}
  : { skip: 'the Python environment is missing (npm run doctor)' };

test(
  'one command: stages, figures, notebooks, all in a local MLflow that is stopped again',
  needsPython,
  async () => {
    const folder = temporaryFolder('reproduce');
    const results = path.join(folder, 'results');
    const command = [
      'reproduce',
      ...['--manifest', tinyCorpus(path.join(folder, 'corpus'), { takes: 1 })],
      ...['--preset', tinyExperiment(folder), '--results', results],
    ];
    const { tmnn, strf, studies } = siblingPresets(folder, { epochs: 1, steps: 2 });
    const presets = { STM_LAB_TMNN: tmnn, STM_LAB_STRF: strf, STM_LAB_STUDIES: studies };
    const first = stmLabWith(presets, ...command);
    assert.equal(first.code, 0, `${first.out}\n${first.err}`);
    const stages = [
      'extract',
      'split',
      'reduce',
      'search tiny',
      'train',
      'evaluate',
      'cross-validate',
      'ablate',
      'figures',
    ];
    const children: Record<string, number> = { 'search tiny': 4, ablate: 7 };
    for (const stage of stages) {
      assert.match(
        first.out,
        new RegExp(
          `^  ${stage} +FINISHED +${children[stage] ?? 0}  http://127\\.0\\.0\\.1:\\d+/#/experiments/\\d+/runs/\\w{32}$`,
          'm',
        ),
        first.out,
      );
    }
    const own = path.join(results, 'corpus', 'tiny');
    // The front of two objectives has nothing to show of one.
    for (const name of DEFAULT_FIGURES.filter((figure) => figure !== 'search-pareto')) {
      assert.match(fs.readFileSync(path.join(own, 'figures', `${name}.svg`), 'utf8'), /^<svg/, name);
    }
    const notebooks = fs.readdirSync(path.join(home, 'notebooks')).filter((name) => name.endsWith('.ipynb'));
    assert.ok(notebooks.length >= 5);
    for (const name of notebooks) {
      const text = fs.readFileSync(path.join(own, 'notebooks', name), 'utf8');
      assert.match(text, /application\/vnd\.vegalite\.v5\+json/, `${name} shows no figure`);
    }
    assert.equal(await findLocalServer(path.join(results, 'mlflow')), undefined);

    const second = stmLabWith(presets, ...command);
    assert.equal(second.code, 0, second.err);
    for (const stage of stages.slice(0, -1))
      assert.match(second.out, new RegExp(`^${stage.split(' ')[0]} +cached `, 'm'));
    assert.match(second.out, /05-ablations\.ipynb/);
  },
);
