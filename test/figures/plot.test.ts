import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plotFigure, renderSvg } from 'stm-lab/dist/figures';
import { toDataFrame } from 'stm-lab/dist/frames';

const rows = [1, 2, 3].flatMap((x) =>
  ['b', 'a'].map((kind) => ({ 'rate (Hz)': x, 'score.1': x / 10, low: x / 20, high: x / 5, kind })),
);

test('columns of a data frame, or of rows, become lines, points or bars with their intervals', async () => {
  for (const mark of ['line', 'point', 'bar'] as const) {
    const options = { x: 'rate (Hz)', y: 'score.1', low: 'low', high: 'high', colour: 'kind', mark };
    const svg = await renderSvg(plotFigure(toDataFrame(rows), { ...options, title: `As ${mark}` }));
    assert.match(svg, /As \w+/);
    for (const text of ['score.1', '>b<', '>a<']) assert.ok(svg.includes(text), `${mark}: ${text}`);
    assert.equal(svg, await renderSvg(plotFigure(rows, { ...options, title: `As ${mark}` })));
  }
});

test('points and a rule lie over lines; a logarithmic axis is one', async () => {
  const svg = await renderSvg(
    plotFigure(rows, {
      x: 'rate (Hz)',
      y: 'score.1',
      xScale: 'log',
      markX: 2,
      points: [{ 'rate (Hz)': 3, 'score.1': 0.2 }],
    }),
  );
  assert.match(svg, /stroke-dasharray="4,3"/);
});

test('a column that does not exist and a table without rows are named', () => {
  assert.throws(
    () => plotFigure(rows, { x: 'rate', y: 'score.1' }),
    /no column "rate" \(its columns: rate \(Hz\), /,
  );
  assert.throws(() => plotFigure([], { x: 'a', y: 'b' }), /no rows/);
});
