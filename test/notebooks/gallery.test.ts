import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { root } from '../setup/workbench';

const pages = path.join(root, 'docs', 'notebooks');
const notebooks = path.join(root, 'notebooks');
const names = fs.readdirSync(notebooks).filter((name) => name.endsWith('.ipynb'));
const pageOf = (name: string): string =>
  fs.readFileSync(path.join(pages, name.replace(/\.ipynb$/, '.md')), 'utf8');

test('the gallery was made from these notebooks (npm run gallery)', () => {
  const recorded = JSON.parse(fs.readFileSync(path.join(pages, 'sources.json'), 'utf8')) as unknown;
  const now = Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(fs.readFileSync(path.join(notebooks, name)))
        .digest('hex'),
    ]),
  );
  assert.deepEqual(recorded, now);
});

test('pages show figures that exist, are small, and name no folder of the machine they were made on', () => {
  const files = fs.readdirSync(pages);
  const bytes = files.reduce((sum, name) => sum + fs.statSync(path.join(pages, name)).size, 0);
  assert.ok(bytes < 3e6, `${bytes} bytes`);
  for (const name of names) {
    const figures = [...pageOf(name).matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, file]) => file!);
    assert.ok(figures.length > 0, `${name} shows no figure`);
    for (const file of figures) assert.ok(files.includes(file), `${name}: ${file}`);
    assert.doesNotMatch(pageOf(name), /\/(tmp|home|root|work|Users)\//, name);
  }
});

test('the numbers of the executed notebooks are those that the notebooks expect', async () => {
  const { unexpected } = (await import(path.join(root, 'setup', 'gallery.mjs'))) as {
    unexpected: (page: string) => string[];
  };
  for (const name of names) assert.deepEqual(unexpected(pageOf(name)), [], name);
  const wrong = pageOf(names[0]!).replace(/(<td[^>]*>)202(<\/td>\s*<\/tr>)/, '$1201$2');
  assert.deepEqual(unexpected(wrong), ['recordings accepted: 201, expected 202 ± 0']);
});
