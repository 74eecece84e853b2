import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as figures from 'stm-lab/dist/figures';
import { axes, hill } from './examples';

/** Everything written in a figure, in drawing order. */
async function texts(spec: figures.FigureSpec): Promise<string[]> {
  const svg = await figures.renderSvg(spec);
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map((match) => match[1]);
}

/** Place of a text on the page, summed over the groups around it. */
async function placeOf(spec: figures.FigureSpec, text: string): Promise<{ x: number; y: number }> {
  const svg = await figures.renderSvg(spec);
  const open: { x: number; y: number }[] = [];
  for (const [tag, closing, attributes, , content] of svg.matchAll(
    /<(\/?)g([^>]*)>|<text([^>]*)>([^<]*)</g,
  )) {
    const move = /translate\(([-\d.]+),([-\d.]+)\)/.exec(tag);
    const step = { x: Number(move?.[1] ?? 0), y: Number(move?.[2] ?? 0) };
    if (content === text) {
      return [...open, step].reduce((sum, one) => ({ x: sum.x + one.x, y: sum.y + one.y }));
    }
    if (closing) open.pop();
    else if (attributes !== undefined) open.push(step);
  }
  throw new Error(`no text ${text}`);
}

const cell = (rateHz: number, scaleCycPerOct: number, value: number): figures.AblationCell => ({
  pass: 'low',
  metric: 'macro-F1',
  rateHz,
  scaleCycPerOct,
  value,
});
const corner = [cell(0, 0, 0.235), cell(6, 0, 0.462), cell(0, 6, 0.474), cell(6, 6, 0.763)];

test('ablation: the true layout has rate across and scale upwards; the published one is its transpose, named', async () => {
  const axesTrue = figures.ablationFigure({ cells: corner });
  const origin = await placeOf(axesTrue, '.235');
  const fast = await placeOf(axesTrue, '.462');
  const dense = await placeOf(axesTrue, '.474');
  assert.ok(fast.x > origin.x && fast.y === origin.y, 'a higher temporal cutoff lies to the right');
  assert.ok(dense.y < origin.y && dense.x === origin.x, 'a higher spectral cutoff lies above');
  assert.ok(!(await texts(axesTrue)).join(' ').includes('swaps'));

  const published = figures.ablationFigure({ cells: corner, layout: 'published' });
  const from = await placeOf(published, '.235');
  assert.ok((await placeOf(published, '.462')).y < from.y, 'as printed, temporal cutoffs go upwards');
  assert.ok((await placeOf(published, '.474')).x > from.x);
  const words = (await texts(published)).join(' ');
  assert.match(words, /swaps its axis names/);
  assert.match(words, /Temporal cutoff \(Hz\) \(printed: spectral\)/);
});

test('ablation: intervals, missing values and repeated cells', async () => {
  const words = await texts(
    figures.ablationFigure({ cells: [{ ...cell(0, 0, 0.5), low: 0.48, high: 0.53 }, cell(1, 0, NaN)] }),
  );
  assert.ok(words.includes('.500') && words.includes('±.025') && words.includes('–'));
  assert.throws(() => figures.ablationFigure({ cells: [] }), /at least one cell/);
  assert.throws(
    () => figures.ablationFigure({ cells: [cell(1, 2, 0.5), cell(1, 2, 0.6)] }),
    /two values for macro-F1, low-pass, 1 Hz, 2 cyc\/oct/,
  );
});

test('confusion: row percents and counts; an empty row is not zero', async () => {
  const words = await texts(figures.confusionFigure({ matrix: [[3, 1], [0, 0]], classes: ['a', 'b'] })); // prettier-ignore
  for (const text of ['75 %', '25 %', '3', '1', '–']) assert.ok(words.includes(text), text);
  assert.throws(() => figures.confusionFigure({ matrix: [[1, 2]], classes: ['a'] }), /1 rows for 1 classes/);
});

test('modulation maps: rows run upwards and columns to the right, on cell centres', async () => {
  const values = new Float32Array(2420);
  values[0] = 1; // lowest scale, lowest rate
  const spec = figures.stmFigure({ features: values, axes });
  const view = (
    spec['hconcat'] as { layer: { mark: { url: string }; encoding: Record<string, { datum: number }> }[] }[]
  )[0];
  const { encoding, mark } = view.layer[0];
  assert.deepEqual([encoding['x'].datum, encoding['x2'].datum], [-15.125, 15.125]);
  assert.ok(Math.abs(encoding['y2'].datum - (19 * 2 + 1) * (28 / 150)) < 1e-9);
  const { inflateSync } = await import('node:zlib');
  const png = Buffer.from(mark.url.split(',')[1], 'base64');
  const at = png.indexOf('IDAT');
  const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  assert.equal(pixels[19 * 122 + 1], 255, 'the first cell is the lower left pixel');
  assert.equal(pixels[1], 1);
  assert.throws(
    () => figures.stmFigure({ features: values.subarray(1), axes }),
    /20 x 121 cells was given 2419 values/,
  );
});

test('class means share one colour scale', () => {
  const spec = figures.classMeanFigure({
    classes: [
      { label: 'a', mean: hill(1, 0, 0) },
      { label: 'b', mean: hill(1, 0, 0).map((value) => value / 2) },
    ],
    axes,
  });
  const urls = JSON.stringify(spec).match(/data:image\/png;base64,[^"]+/g)!;
  assert.equal(urls.length, 2);
  assert.notEqual(urls[0], urls[1], 'half the values are other colours');
});

test('the note is printed and wrapped, and the title can be replaced', async () => {
  const note = 'synthetic demo corpus, '.repeat(12).trim();
  const words = await texts(figures.stmFigure({ features: hill(1, 0, 0), axes, title: 'My title', note }));
  assert.ok(words.includes('My title'));
  const printed = words.filter((word) => word.includes('synthetic') || word.includes('corpus'));
  assert.ok(printed.length >= 2);
  assert.equal(printed.join(' '), note);
});

test('a search with failed, pruned and conditional trials is drawn; one without values is refused', async () => {
  const trials: figures.SearchTrial[] = [
    { number: 0, state: 'complete', value: 0.5, params: { layers: 1, lr: 1e-4 }, startMs: 0, endMs: 5000 },
    { number: 1, state: 'failed', params: { layers: 2, lr: 1e-3, units_2: 64 }, startMs: 5000 },
    {
      number: 2,
      state: 'complete',
      value: 0.6,
      params: { layers: 2, lr: 1e-2, units_2: 32 },
      startMs: 6000,
      endMs: 9000,
    },
    { number: 3, state: 'complete', value: NaN, params: { layers: 2, lr: 1e-2, units_2: 32 } },
  ];
  const direction = 'maximize';
  const history = await texts(figures.searchHistoryFigure({ trials, direction }));
  assert.ok(history.some((word) => word.includes('1 trials that failed or were pruned')));
  const parallel = figures.parallelCoordinatesFigure({ trials, direction, scales: { lr: 'log' } });
  assert.ok((await texts(parallel)).includes('units_2'));
  await figures.renderSvg(figures.slicesFigure({ trials, scales: { lr: 'log' } }));
  assert.ok((await texts(figures.timelineFigure({ trials }))).includes('Time since the first trial (s)'));
  const none = [{ number: 0, state: 'running' }] as const;
  assert.throws(() => figures.searchHistoryFigure({ trials: none, direction }), /no trial has a value/);
  assert.throws(() => figures.slicesFigure({ trials: none }), /no trial has a value/);
  assert.throws(() => figures.timelineFigure({ trials: none }), /no trial has a start/);
  assert.throws(
    () =>
      figures.slicesFigure({
        trials: [{ number: 0, state: 'complete', value: 1, params: { lr: 0 } }],
        scales: { lr: 'log' },
      }),
    /parameter lr has a value that does not lie on a log axis/,
  );
});

test('minimised searches keep the smallest value as the best', () => {
  const spec = figures.searchHistoryFigure({
    trials: [3, 1, 2].map((value, number) => ({ number, state: 'complete', value })),
    direction: 'minimize',
  });
  const { values } = spec['data'] as { values: { best: number }[] };
  assert.deepEqual(
    values.map((row) => row.best),
    [3, 1, 1],
  );
});

test('explained variance is cumulative in percent, and names the marked components', async () => {
  const words = await texts(figures.explainedVarianceFigure({ ratio: [0.5, 0.3, 0.1], marks: [2] }));
  assert.ok(words.includes('2: 80.0 %'));
  assert.throws(
    () => figures.explainedVarianceFigure({ ratio: [1], marks: [2] }),
    /mark at 2 of 1 components/,
  );
});

test('a split is judged against the share of each fold', () => {
  const spec = figures.splitBalanceFigure({
    rows: [
      { fold: 0, label: 'a', recordings: 10 },
      { fold: 1, label: 'a', recordings: 10 },
      { fold: 0, label: 'b', recordings: 30 },
      { fold: 1, label: 'b', recordings: 0 },
    ],
  });
  // fold 0 holds 40 of 50; class a should have 16 of its 20 there
  const { values } = (spec['hconcat'] as { data: { values: Record<string, string>[] } }[])[0].data;
  assert.deepEqual(
    values.map((row) => row['of expected']),
    ['0.63', '2.50', '1.25', '0.00'],
  );
});

test('refusals name what is missing', () => {
  assert.throws(() => figures.comparisonFigure({ rows: [] }), /no scores/);
  assert.throws(
    () => figures.rocFigure({ curves: [{ label: 'a', fpr: [0, 1], tpr: [0] }] }),
    /a has 2 false and 1 true/,
  );
  assert.throws(() => figures.reliabilityFigure({ bins: [] }), /every bin is empty/);
  assert.throws(() => figures.embeddingFigure({ points: [], method: 'PCA' }), /no points/);
  assert.throws(() => figures.splitBalanceFigure({ rows: [] }), /no recordings/);
  assert.throws(() => figures.learningCurvesFigure({ rows: [] }), /no values/);
  assert.throws(() => figures.stmGridFigure({ panels: [], axes, colourTitle: '' }), /at least one matrix/);
});
