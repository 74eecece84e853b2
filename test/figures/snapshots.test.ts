import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { test } from 'node:test';
import { renderSvg, type FigureSpec } from 'stm-lab/dist/figures';
import { examples as mapExamples } from './examples';
import { moreExamples } from './moreExamples';
import { strfExamples } from './strfExamples';
import { tmnnExamples } from './tmnnExamples';

/** Every figure once. */
const examples = (): Record<string, FigureSpec> => ({
  ...mapExamples(),
  ...moreExamples(),
  ...strfExamples('Seeded test data'),
  ...tmnnExamples('Seeded test data'),
});
const folder = path.join(__dirname, '../snapshots');
const update = process.env['UPDATE_SNAPSHOTS'] === '1';

/** Compressed pixels may differ between builds of zlib; the pixels may not. */
function withPixelHashes(svg: string): string {
  return svg.replace(/data:image\/png;base64,([A-Za-z0-9+/=]+)/g, (_all, text: string) => {
    const png = Buffer.from(text, 'base64');
    const hash = crypto.createHash('sha256');
    for (let at = 8; at < png.length;) {
      const length = png.readUInt32BE(at);
      const body = png.subarray(at + 8, at + 8 + length);
      const isPixels = png.toString('latin1', at + 4, at + 8) === 'IDAT';
      hash.update(isPixels ? zlib.inflateSync(body) : body);
      at += 12 + length;
    }
    return `pixels:${hash.digest('hex').slice(0, 16)}`;
  });
}

/** Eases the reading of a difference: one element a line. */
function lines(svg: string): string {
  return `${svg.replace(/></g, '>\n<')}\n`;
}

for (const [name, spec] of Object.entries(examples())) {
  test(`the ${name} figure is drawn as before, without a warning and under 2 MB`, async () => {
    const warnings: string[] = [];
    const svg = await renderSvg(spec, { onWarning: (message) => warnings.push(message) });
    assert.deepEqual(warnings, []);
    assert.ok(svg.length < 2e6, `${svg.length} bytes`);
    assert.ok(svg.includes('Seeded test data'), 'the note is printed');
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    const file = path.join(folder, `${name}.svg`);
    const changed = path.join(folder, `${name}-changed.svg`);
    fs.rmSync(changed, { force: true });
    const drawn = lines(withPixelHashes(svg));
    if (update) fs.writeFileSync(file, drawn);
    if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== drawn) {
      fs.writeFileSync(changed, lines(svg));
      assert.fail(
        `${name}: differs from test/snapshots/${name}.svg. Look at ${name}-changed.svg beside it; ` +
          'if the change is wanted, run again with UPDATE_SNAPSHOTS=1',
      );
    }
  });
}

test('every snapshot belongs to a figure', () => {
  const expected = Object.keys(examples()).map((name) => `${name}.svg`);
  const found = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.svg') && !name.endsWith('-changed.svg'));
  assert.deepEqual(found.sort(), expected.sort());
});
