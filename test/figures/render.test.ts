import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { test } from 'node:test';
import * as figures from 'stm-lab/dist/figures';
import { colourOf, colourPosition, colourTicks, inkOn } from 'stm-lab/dist/figures/colour';
import { encodeIndexedPng } from 'stm-lab/dist/figures/png';
import { textWidth, wrapText } from 'stm-lab/dist/figures/textWidth';
import { examples } from './examples';
import { moreExamples } from './moreExamples';

const small = figures.confusionFigure({ matrix: [[3, 1], [0, 4]], classes: ['a', 'b'] }); // prettier-ignore

test('a figure has the same bytes in any order of calls, at once, and in another process', async () => {
  const all = examples();
  const alone = await figures.renderSvg(all['effect-size']);
  const together = await Promise.all(Object.values(all).map((spec) => figures.renderSvg(spec)));
  assert.equal(together[Object.keys(all).indexOf('effect-size')], alone);
  const script = `require('stm-lab/dist/figures').renderSvg(JSON.parse(require('fs').readFileSync(0)))
    .then((svg) => process.stdout.write(require('crypto').createHash('sha256').update(svg).digest('hex')))`;
  const hash = execFileSync(process.execPath, ['-e', script], {
    input: JSON.stringify(all['effect-size']),
    encoding: 'utf8',
    cwd: __dirname,
  });
  assert.equal(hash, crypto.createHash('sha256').update(alone).digest('hex'));
});

test('the ids of two figures never meet, so both can stand in one page', async () => {
  const ids = (svg: string): string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  const a = await figures.renderSvg(examples()['stm']);
  const b = await figures.renderSvg(examples()['class-means']);
  assert.ok(ids(a).length > 0 && ids(b).length > 0);
  assert.deepEqual(
    ids(a).filter((id) => ids(b).includes(id)),
    [],
  );
  for (const svg of [a, b]) {
    for (const [, used] of svg.matchAll(/url\(#([^)]+)\)/g)) assert.ok(ids(svg).includes(used), used);
  }
});

test('a specification that Vega-Lite cannot read is refused in one sentence', async () => {
  await assert.rejects(
    figures.renderSvg({ mark: 'no such mark', encoding: { x: 3 } }),
    /the figure cannot be drawn: /,
  );
});

test('every figure survives JSON: it draws the same after it was saved and read', async () => {
  for (const [name, spec] of Object.entries({ ...examples(), ...moreExamples() })) {
    const copy = JSON.parse(JSON.stringify(spec)) as figures.FigureSpec;
    assert.equal(await figures.renderSvg(copy), await figures.renderSvg(spec), name);
  }
});

test('a figure is saved as SVG, specification, PNG of 300 dots per inch, and PDF with its fonts', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-figure-'));
  try {
    const base = path.join(folder, 'sub/figure');
    assert.deepEqual(await figures.saveFigure(small, base), [`${base}.svg`, `${base}.vl.json`]);
    const written = await figures.saveFigure(small, base, { formats: ['png', 'pdf'] });
    assert.deepEqual(fs.readdirSync(path.dirname(base)).sort(), [
      'figure.pdf',
      'figure.png',
      'figure.svg',
      'figure.vl.json',
    ]);
    const svg = fs.readFileSync(`${base}.svg`, 'utf8');
    const width = Number(/ width="([\d.]+)"/.exec(svg)![1]);
    const png = fs.readFileSync(written[0]);
    assert.ok(Math.abs(png.readUInt32BE(16) - (width * 300) / 96) <= 1);
    const pdf = fs.readFileSync(written[1]);
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    assert.match(pdf.toString('latin1'), /\/FontName \/\w+\+Arimo/);
    assert.ok(Buffer.compare(pdf, await figures.svgToPdf(svg)) === 0, 'same bytes again');
    assert.deepEqual(
      JSON.parse(fs.readFileSync(`${base}.vl.json`, 'utf8')),
      JSON.parse(JSON.stringify(small)),
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test('every figure becomes a PDF and a PNG', async () => {
  for (const [name, spec] of Object.entries({ ...examples(), ...moreExamples() })) {
    const svg = await figures.renderSvg(spec);
    assert.ok((await figures.svgToPdf(svg)).length > 2000, name);
    assert.ok(figures.svgToPng(svg, { dotsPerInch: 48 }).length > 1000, name);
  }
});

test('text in a PNG is drawn with the bundled font: the picture differs without the text', async () => {
  const svg = await figures.renderSvg(small);
  const blank = svg.replace(/>[^<]*<\/text>/g, '></text>');
  assert.notDeepEqual(figures.svgToPng(svg), figures.svgToPng(blank));
});

test('an indexed PNG decodes to the pixels it was given', () => {
  const png = encodeIndexedPng(Uint8Array.of(0, 1, 2, 2, 1, 0), 3, 2, ['#000000', '#ff0000', '#0000ff']);
  assert.equal(png.readUInt32BE(16), 3);
  assert.equal(png.readUInt32BE(20), 2);
  const at = png.indexOf('IDAT');
  const length = png.readUInt32BE(at - 4);
  assert.deepEqual([...zlib.inflateSync(png.subarray(at + 4, at + 4 + length))], [0, 0, 1, 2, 0, 2, 1, 0]);
  assert.equal(png.readUInt32BE(at + 4 + length), zlib.crc32(png.subarray(at, at + 4 + length)));
  assert.equal(
    png.subarray(png.indexOf('PLTE') + 4, png.indexOf('PLTE') + 13).toString('hex'),
    '000000ff00000000ff',
  );
});

test('colours: ends, middle, clamping, missing, and readable ink', () => {
  const linear = { palette: 'sequential', domain: [0, 10] } as const;
  assert.equal(colourOf(linear, 0), '#440154');
  assert.equal(colourOf(linear, 10), '#fde725');
  assert.equal(colourOf(linear, 99), '#fde725');
  assert.equal(colourOf(linear, NaN), '#d9d9d9');
  const signed = { palette: 'diverging', domain: [-5, 5], transform: 'asinh', linearWidth: 2 } as const;
  assert.equal(colourOf(signed, 0), '#f7f7f7');
  assert.ok(Math.abs(colourPosition(signed, 2) - (0.5 + Math.asinh(1) / Math.asinh(2.5) / 2)) < 1e-12);
  assert.equal(colourPosition({ palette: 'sequential', domain: [0.01, 1], transform: 'log' }, 0.1), 0.5);
  assert.equal(inkOn('#440154'), '#ffffff');
  assert.equal(inkOn('#fde725'), '#000000');
  assert.deepEqual(colourTicks(linear), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(colourTicks(signed), [-5, -2, -1, -0.5, 0, 0.5, 1, 2, 5]);
  assert.deepEqual(
    colourTicks({ palette: 'sequential', domain: [0.07, 1], transform: 'log' }),
    [0.1, 0.2, 0.5, 1],
  );
});

test('text is measured as the font is wide, and wrapped at spaces', () => {
  // widths of Arial: H 722, e 556, l 222, o 556 thousandths
  assert.ok(Math.abs(textWidth('Hello', 10) - (722 + 556 + 222 + 222 + 556) / 100) < 1e-9);
  assert.ok(textWidth('Hello', 10, 'bold') > textWidth('Hello', 10));
  assert.deepEqual(wrapText('aaaa bbbb  cccc', textWidth('aaaa bbbb', 10) + 0.1, 10), ['aaaa bbbb', 'cccc']);
  assert.deepEqual(wrapText('unbreakable', 5, 10), ['unbreakable']);
});
