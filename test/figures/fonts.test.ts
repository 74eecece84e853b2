import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { confusionFigure, renderSvg, svgToPdf, svgToPng } from 'stm-lab/dist/figures';
import { fontRuns } from 'stm-lab/dist/figures/fonts';
import { textWidth } from 'stm-lab/dist/figures/textWidth';

const has = (...characters: string[]): { has: (codePoint: number) => boolean } => ({
  has: (codePoint) => characters.includes(String.fromCodePoint(codePoint)),
});

test('each run of characters gets a font that has it; what none has is printed as its code', () => {
  const fonts = [has('a', ' '), has('鳥', 'a')];
  assert.deepEqual(fontRuns('a 鳥a', fonts), [
    { text: 'a ', font: 0 },
    { text: '鳥', font: 1 },
    { text: 'a', font: 0 },
  ]);
  assert.deepEqual(fontRuns('a🐦街', fonts), [{ text: 'aU+1F426 U+8857', font: 0 }]);
  const [many] = fontRuns('街'.repeat(100), fonts);
  assert.match(many!.text, /^U\+8857( U\+8857){3} … \(100 characters\)$/);
});

test('wide letters and marks are measured as such', () => {
  assert.equal(textWidth('鳥', 10), 10);
  assert.equal(textWidth('e\u0301', 10), textWidth('e', 10));
});

const drawn = (classes: readonly string[]): Promise<string> =>
  renderSvg(confusionFigure({ matrix: classes.map((_, i) => classes.map((__, j) => i + j)), classes }));

test('labels beyond the bundled font: the SVG has them, PNG and PDF tell them apart', async () => {
  const [one, other] = [await drawn(['鳥', 'a']), await drawn(['街', 'a'])];
  assert.ok(one.includes('>鳥</text>'));
  assert.notDeepEqual(svgToPng(one), svgToPng(other), 'two boxes would be alike');
  const text = (svg: string): Promise<number> => svgToPdf(svg).then((pdf) => pdf.length);
  assert.ok((await text(one)) > 1000);
  // What looks like a mark of XML or of a pattern, and what XML cannot hold.
  for (const label of ['<b>&amp;', '$&', '{{x}}', 'a\u0007b', '\ud800', '#']) {
    const svg = await drawn([label, 'plain']);
    assert.ok(svgToPng(svg).length > 1000 && (await svgToPdf(svg)).length > 1000, label);
  }
});

const dejavu = path.resolve(
  __dirname,
  '../../.venv/lib/python3.11/site-packages/matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf',
);
test(
  'a font that STM_LAB_FONTS names is used for what the bundled one lacks',
  { skip: fs.existsSync(dejavu) ? false : 'SKIPPED: no second font at hand' },
  async () => {
    const svg = await drawn(['طيور', 'a']);
    const without = { png: svgToPng(svg), pdf: await svgToPdf(svg) };
    process.env['STM_LAB_FONTS'] = dejavu;
    try {
      assert.notDeepEqual(svgToPng(svg), without.png);
      const pdf = await svgToPdf(svg);
      assert.match(Buffer.from(pdf).toString('latin1'), /DejaVuSans/);
      assert.doesNotMatch(Buffer.from(without.pdf).toString('latin1'), /DejaVuSans/);
      assert.deepEqual(await svgToPdf(svg), pdf);
    } finally {
      delete process.env['STM_LAB_FONTS'];
    }
    process.env['STM_LAB_FONTS'] = __filename;
    assert.throws(() => svgToPng(svg), /fonts\.test\.ts is not a font that can be read/);
    delete process.env['STM_LAB_FONTS'];
  },
);
