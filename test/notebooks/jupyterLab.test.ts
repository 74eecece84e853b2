import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { ablationFigure, renderSvg } from 'stm-lab/dist/figures';
import { temporaryFolder } from '../pipeline/support';
import { noBrowser } from '../tracking/browser';
import { noJupyterLab, viewInJupyterLab } from './jupyterLab';

test(
  'a figure shown by a notebook is drawn by JupyterLab itself',
  { skip: noJupyterLab || noBrowser },
  async () => {
    const folder = temporaryFolder('jupyterlab');
    const spec = ablationFigure({
      cells: [0, 1, 2].flatMap((rateHz) =>
        [0, 1].map((scaleCycPerOct) => ({
          ...{ pass: 'low' as const, rateHz, scaleCycPerOct, metric: 'macro-F1' },
          value: 0.3 + 0.1 * rateHz + 0.05 * scaleCycPerOct,
        })),
      ),
    });
    // As the notebook's show() leaves it in an executed copy.
    const data = {
      'application/vnd.vegalite.v5+json': spec,
      'image/svg+xml': await renderSvg(spec),
      'text/plain': '[figure]',
    };
    const notebook = path.join(folder, 'figure.ipynb');
    fs.writeFileSync(
      notebook,
      JSON.stringify({
        cells: [
          {
            ...{ cell_type: 'code', id: 'a', metadata: {}, execution_count: 1, source: '// a figure' },
            outputs: [{ output_type: 'display_data', data, metadata: {} }],
          },
        ],
        metadata: {
          kernelspec: { display_name: 'TypeScript (tslab)', language: 'typescript', name: 'tslab' },
        },
        nbformat: 4,
        nbformat_minor: 5,
      }),
    );
    const picture = path.join(folder, 'figure.png');
    const { figures, expected } = await viewInJupyterLab(notebook, picture);
    assert.equal(expected, 1);
    assert.equal(figures.length, 1);
    assert.ok(figures[0]!.width > 100 && figures[0]!.height > 80, JSON.stringify(figures[0]));
    assert.ok(fs.statSync(picture).size > 10_000);
  },
);
