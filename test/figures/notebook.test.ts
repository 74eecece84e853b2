import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { confusionFigure, renderSvg, show, showProgress, showTable, showText } from 'stm-lab/dist/figures';

const root = path.join(__dirname, '../..');
const jupyter = path.join(root, '.venv/bin/jupyter');

interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
}

/** Runs TypeScript cells in a real kernel and returns the outputs of each. */
function runCells(cells: readonly string[]): Output[][] {
  // inside the repository, so that the cells find the compiled package
  const folder = fs.mkdtempSync(path.join(__dirname, 'notebook.'));
  try {
    const file = path.join(folder, 'cells.ipynb');
    fs.writeFileSync(
      file,
      JSON.stringify({
        nbformat: 4,
        nbformat_minor: 5,
        metadata: { kernelspec: { name: 'tslab', display_name: 'TypeScript', language: 'typescript' } },
        cells: cells.map((source, i) => ({
          cell_type: 'code',
          id: `cell-${i}`,
          metadata: {},
          execution_count: null,
          outputs: [],
          source,
        })),
      }),
    );
    const run = spawnSync(jupyter, ['execute', '--inplace', '--timeout=90', file], {
      encoding: 'utf8',
      timeout: 150_000,
    });
    assert.equal(run.status, 0, run.stderr);
    const executed = JSON.parse(fs.readFileSync(file, 'utf8')) as { cells: { outputs: Output[] }[] };
    return executed.cells.map((cell) => cell.outputs);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const figureSource = `{ matrix: [[5, 1], [0, 9]], classes: ['a < b', 'c'], note: 'Seeded test data' }`;

test(
  'in a tslab notebook a figure arrives as Vega-Lite object, SVG and text, a table as HTML, progress in place',
  { skip: fs.existsSync(jupyter) ? false : 'no Jupyter in .venv (npm run doctor)' },
  async () => {
    const outputs = runCells([
      `import * as figures from 'stm-lab/dist/figures';\nawait figures.show(figures.confusionFigure(${figureSource}));`,
      `figures.showTable([{ class: 'a < b', f1: 0.81234, n: 12 }], { caption: 'Scores' });`,
      `const line = figures.showProgress({ intervalMs: 100 });
for (let i = 0; i < 2000; i++) line.update('step ' + i);
line.finish('done');
figures.showText('plain');`,
      `const stages = figures.showStageProgress();
for (let i = 1; i <= 500; i++) stages.update('extract: ' + i + ' of 500 files');
stages.update('reduce: 10 %');
stages.finish();`,
      `for (let i = 0; i < 20000; i++) console.log('line ' + i);
figures.showText('between');
console.log('after');`,
      `for (let i = 0; i < 3000; i++) { console.log(String(i)); await Promise.resolve(); }`,
      `import { frames, StmLabError } from 'stm-lab';
figures.showTable(frames.toDataFrame([{ class: 'c', f1: 0.5 }]));
frames.toDataFrame([{ class: 'c', f1: 0.5 }])`,
      `console.log(new StmLabError('input', 'corpus.csv: line 3 has no label; add one'));`,
    ]);
    const [shown] = outputs[0];
    assert.equal(outputs[0].length, 1, JSON.stringify(outputs[0]).slice(0, 500));
    const spec = shown.data!['application/vnd.vegalite.v5+json'] as Record<string, unknown>;
    assert.equal(typeof spec, 'object');
    assert.equal(spec['$schema'], 'https://vega.github.io/schema/vega-lite/v5.json');
    const expected = confusionFigure({
      matrix: [
        [5, 1],
        [0, 9],
      ],
      classes: ['a < b', 'c'],
      note: 'Seeded test data',
    });
    assert.deepEqual(spec, JSON.parse(JSON.stringify(expected)));
    assert.equal([shown.data!['image/svg+xml']].flat().join(''), await renderSvg(expected));
    assert.match([shown.data!['text/plain']].flat().join(''), /Confusion matrix\. Seeded test data/);

    assert.match([outputs[1][0].data!['text/html']].flat().join(''), /<td[^>]*>a &lt; b<\/td>.*>0\.812</);
    assert.match(
      [outputs[1][0].data!['text/plain']].flat().join(''),
      /Scores\nclass +f1 +n\na < b +0\.812 +12/,
    );

    const texts = outputs[2].map((output) => [output.data?.['text/plain']].flat().join(''));
    assert.deepEqual(texts, ['done', 'plain']);

    const plain = (output: Output): string => [output.data?.['text/plain'] ?? output.text].flat().join('');
    const [extracted, reduced] = outputs[3].map(plain);
    assert.match(extracted, /^extract: 500 of 500 files; took \d+ s$/);
    assert.match(reduced, /^reduce: 10 %; took \d+ s$/);
    assert.equal(outputs[3].length, 2);
    const numbered = (count: number, name: string): string =>
      Array.from({ length: count }, (_, i) => `${name}${i}\n`).join('');
    assert.equal(outputs[4].map(plain).join(''), `${numbered(20_000, 'line ')}betweenafter\n`);
    assert.ok(outputs[4].length < 200, `${outputs[4].length} messages`);
    assert.equal(outputs[5].map(plain).join(''), numbered(3000, ''));
    assert.match([outputs[6][0].data!['text/html']].flat().join(''), /<td[^>]*>c<\/td><td[^>]*>0\.500</);
    assert.equal(plain(outputs[6][1]), 'class     f1\nc      0.500\n');
    assert.equal(plain(outputs[7][0]), 'corpus.csv: line 3 has no label; add one\n');
    assert.ok(outputs.flat().every((output) => output.name !== 'stderr'));
  },
);

test('outside a notebook showing does nothing, quietly', async () => {
  await show({ nonsense: true });
  showTable([{ a: 1 }]);
  showText('text');
  const line = showProgress();
  line.update('one');
  line.finish();
});

test('a figure reaches tslab through its public display when the internal call is gone', async () => {
  const sent: [string, unknown][] = [];
  const file = path.join(root, 'elsewhere/tslab/dist/public.js');
  const display = { raw: (type: string, content: unknown) => sent.push([type, content]) };
  require.cache[file] = { exports: { display } } as unknown as NodeJS.Module;
  try {
    const spec = confusionFigure({ matrix: [[1]], classes: ['a'] });
    await show(spec);
    assert.deepEqual(sent, [['application/vnd.vegalite.v5+json', spec]]);
  } finally {
    delete require.cache[file];
  }
});
