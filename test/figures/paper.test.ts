import assert from 'node:assert/strict';
import { test } from 'node:test';
import Ajv from 'ajv';
import {
  ablationFigure,
  confusionFigure,
  paperFigure,
  renderSvg,
  type AblationCell,
} from 'stm-lab/dist/figures';
import { svgToPdf } from 'stm-lab/dist/figures/export';

const cells = (['low', 'high'] as const).flatMap((pass) =>
  ['macro-F1', 'ROC-AUC'].flatMap((metric) =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((rateHz) =>
      [0, 1, 2, 3].map((scaleCycPerOct): AblationCell => {
        const value = 0.3 + 0.05 * rateHz + 0.04 * scaleCycPerOct;
        return { pass, metric, rateHz, scaleCycPerOct, value };
      }),
    ),
  ),
);
const ablation = ablationFigure({ cells, reference: { 'macro-F1': 0.7 } });
const small = ablationFigure({
  cells: cells.filter(({ metric, pass }) => metric === 'macro-F1' && pass === 'low'),
});

const sizesOf = (svg: string): number[] =>
  [...svg.matchAll(/font-size="([\d.]+)px"/g)].map(([, size]) => (Number(size) * 72) / 96);
const widthOf = (svg: string): number => (Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)![1]) / 96) * 25.4;

for (const [name, spec] of Object.entries({ ablation, small }))
  for (const width of [85, 120, 180])
    test(`${name} at ${width} mm: page, letters and fonts`, async () => {
      const svg = await renderSvg(await paperFigure(spec, { width }));
      assert.ok(Math.abs(widthOf(svg) - width) < 0.5, `${widthOf(svg)} mm`);
      const sizes = sizesOf(svg);
      assert.ok(sizes.length > 20, 'text is text');
      assert.ok(Math.min(...sizes) >= 5.99, `${Math.min(...sizes)} pt`);
      assert.ok(
        sizes.some((size) => Math.abs(size - 7) < 0.01),
        'labels have 7 pt at any width',
      );
      const pdf = Buffer.from(await svgToPdf(svg)).toString('latin1');
      const page = /\/MediaBox \[0 0 ([\d.]+) /.exec(pdf)!;
      assert.ok(Math.abs((Number(page[1]) / 72) * 25.4 - width) < 0.5, page[0]);
      const fonts = [...pdf.matchAll(/\/Type \/FontDescriptor/g)].length;
      assert.ok(fonts > 0);
      assert.equal([...pdf.matchAll(/\/FontFile[23] /g)].length, fonts, 'every font is embedded');
    });

test('what does not fit is refused with what would', async () => {
  await assert.rejects(
    paperFigure(ablation, { width: 40, layout: 'row' }),
    /does not fit in 40 mm with text of 7 pt/,
  );
  await assert.rejects(paperFigure(ablation, { width: 5 }), /must be 20 to 1000 mm/);
});

test('title, scheme and layout', async () => {
  const svg = await renderSvg(await paperFigure(ablation, { title: 'Other words', scheme: 'greys' }));
  assert.match(svg, /Other words/);
  assert.doesNotMatch(svg, /rgb\(68, 1, 84\)|#440154/, 'nothing of viridis is left');
  await assert.rejects(
    paperFigure(ablation, { scheme: 'nocolours' }),
    /is not a scheme of values that Vega knows/,
  );
  assert.doesNotMatch(await renderSvg(await paperFigure(ablation, { title: '' })), /Ablation by modulation/);
  const one = await renderSvg(await paperFigure(ablation, { layout: 'one' }));
  assert.ok(widthOf(one) < widthOf(await renderSvg(ablation)) - 20);
  const column = await renderSvg(await paperFigure(ablation, { layout: 'column' }));
  assert.ok(widthOf(column) < widthOf(await renderSvg(ablation)) - 20);
});

test('specifications are valid by the published schema; values are numbers and colour is a scale', async () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- JSON of a dependency
  const schema = require('vega-lite/build/vega-lite-schema.json') as object;
  const validate = new Ajv({ unknownFormats: 'ignore' }).compile(schema);
  const confusion = confusionFigure({
    classes: ['a', 'b'],
    matrix: [
      [3, 1],
      [0, 4],
    ],
  });
  for (const spec of [ablation, confusion, await paperFigure(ablation, { width: 85 })])
    assert.ok(validate(JSON.parse(JSON.stringify(spec))), JSON.stringify(validate.errors?.slice(-3)));
  assert.match(JSON.stringify(ablation), /"fill":\{"field":"value","type":"quantitative","scale":\{/);
});
