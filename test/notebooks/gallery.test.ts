import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { root } from '../setup/workbench';

const pages = path.join(root, 'docs', 'notebooks');
const notebooks = path.join(root, 'notebooks');
const names = fs.readdirSync(notebooks).filter((name) => name.endsWith('.ipynb'));
const pageOf = (name: string): string =>
  fs.readFileSync(path.join(pages, name.replace(/\.ipynb$/, '.md')), 'utf8');

test('the gallery was made from these notebooks by this version of the library (npm run gallery)', async () => {
  const { sourceHashes } = (await import(path.join(root, 'setup', 'gallery.mjs'))) as {
    sourceHashes: () => Record<string, string>;
  };
  const recorded = JSON.parse(fs.readFileSync(path.join(pages, 'sources.json'), 'utf8')) as unknown;
  assert.deepEqual(recorded, sourceHashes());
  const { version } = JSON.parse(
    fs.readFileSync(path.join(root, 'lib', 'stm-lab', 'package.json'), 'utf8'),
  ) as { version: string };
  assert.equal(sourceHashes()['stm-lab'], version);
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

test('docs/figures.json holds what the notebooks found, and the pages of results say the same', async () => {
  const { figuresOfPages } = (await import(path.join(root, 'setup', 'gallery.mjs'))) as {
    figuresOfPages: () => Record<string, Record<string, string>>;
  };
  const figures = JSON.parse(fs.readFileSync(path.join(root, 'docs', 'figures.json'), 'utf8')) as ReturnType<
    typeof figuresOfPages
  >;
  assert.deepEqual(figures, figuresOfPages());
  const rows = fs.readFileSync(path.join(root, 'docs', 'results.md'), 'utf8').split('\n');
  for (const [row, notebook, quantity] of [
    ['Hyperparameter search', '03-search', 'best validation score'],
    ['Group-wise 10-fold', '04-training', 'cross-validated macro-F1'],
    ['Spectral and temporal ablation', '05-ablations', 'macro-F1 of all features'],
  ] as const) {
    const value = figures[notebook]![quantity]!.replace(/^0/, '');
    assert.ok(
      rows.some((line) => line.startsWith(`| ${row}`) && line.includes(value)),
      `${row}: ${value}`,
    );
  }
});
