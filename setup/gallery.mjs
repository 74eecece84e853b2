// The executed notebooks as pages of the documentation: docs/notebooks/NAME.md with figures as SVG beside it.
//   node setup/gallery.mjs [NN …] [--results DIR] [--executed DIR]
// Executes all notebooks, or those whose names start with NN, on the demo corpus, unless executed copies are given. Exit 1 when a notebook fails, or a number is
// not as the notebook expects it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'notebooks');
const pages = join(root, 'docs', 'notebooks');

const names = () => fs.readdirSync(sources).filter((name) => name.endsWith('.ipynb'));
const textOf = (value) => [value ?? ''].flat().join('');

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const sourceOf = ({ cells }) => JSON.stringify(cells.map(({ source }) => textOf(source)));

/** What a gallery is made of: the hash of each notebook, and the version of the library. */
export function sourceHashes() {
  const hash = (name) =>
    createHash('sha256')
      .update(fs.readFileSync(join(sources, name)))
      .digest('hex');
  const { version } = read(join(root, 'lib', 'stm-lab', 'package.json'));
  return { ...Object.fromEntries(names().map((name) => [name, hash(name)])), 'stm-lab': version };
}

/** Executes notebooks strictly; returns the folder of the executed copies. */
function execute(chosen, results) {
  const out = fs.mkdtempSync(join(tmpdir(), 'stm-lab-gallery-'));
  const { status } = spawnSync(
    join(root, '.venv', 'bin', 'python'),
    [
      ...[join(root, 'setup', 'notebooks.py'), ...chosen.map((name) => join(sources, name))],
      ...['--out', out, '--timeout', '1800', '--env', `STM_LAB_RESULTS=${results}`],
    ],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(1);
  return out;
}

/** The Markdown of one output; figures are written beside the page. */
function outputText(output, figure, tidy) {
  if (output.output_type === 'stream') return `\`\`\`text\n${tidy(textOf(output.text)).trimEnd()}\n\`\`\``;
  const data = output.data ?? {};
  const plain = textOf(data['text/plain']);
  if ('image/svg+xml' in data) {
    const name = figure();
    fs.writeFileSync(join(pages, name), `${textOf(data['image/svg+xml'])}\n`);
    return `![${plain.replace(/^\[figure\] /, '').replace(/[[\]]/g, '')}](${name})`;
  }
  if (plain.startsWith('[sound]')) return plain.replace(/^\[sound\] (.*)$/gm, '- sound: $1');
  // GitHub takes alignment from attributes alone; a blank line would end the table.
  if ('text/html' in data)
    return tidy(textOf(data['text/html']).replace(/style="text-align:(\w+)"/g, 'align="$1"')).replace(
      /\n+/g,
      ' ',
    );
  // What is left is progress.
  return '';
}

/** The page of an executed notebook. */
function page(name, notebook, tidy) {
  const stem = name.replace(/\.ipynb$/, '');
  let figures = 0;
  const figure = () => `${stem}-${++figures}.svg`;
  const parts = notebook.cells.flatMap((cell) => {
    const source = textOf(cell.source);
    if (cell.cell_type === 'markdown') return [source];
    const outputs = cell.outputs.map((output) => outputText(output, figure, tidy));
    return [`\`\`\`ts\n${source}\n\`\`\``, ...outputs.filter((text) => text !== '')];
  });
  return `${parts.join('\n\n')}\n`;
}

const number = (text) => Number(text.replaceAll('−', '-'));

/** Rows [quantity, expected, tolerance, found] of each table of a page that compares what was expected with what was found. */
const comparisons = (text) =>
  (text.match(/<table><caption[^>]*>Expected[^<]*found[^]*?<\/table>/g) ?? []).map((table) =>
    [...table.matchAll(/<tr>(<td[^]*?)<\/tr>/g)].map(([, row]) =>
      [...row.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => cell),
    ),
  );

/** What the executed notebooks found on the demo corpus: notebook → quantity → number, as the pages print it. */
export function figuresOfPages() {
  const stems = names().map((name) => name.replace(/\.ipynb$/, ''));
  const found = (stem) =>
    comparisons(fs.readFileSync(join(pages, `${stem}.md`), 'utf8'))
      .flat()
      .map(([quantity, , , value]) => [quantity, value]);
  return Object.fromEntries(stems.map((stem) => [stem, Object.fromEntries(found(stem))]));
}

/** The numbers of a page that are not as expected, one sentence each. */
export function unexpected(text) {
  const tables = comparisons(text);
  if (tables.length !== 1)
    return [`${tables.length} tables of what was expected and found; there should be one`];
  return tables[0].flatMap(([quantity, expected, tolerance, found]) =>
    Math.abs(number(found) - number(expected)) <= number(tolerance) + 1e-12
      ? []
      : [`${quantity}: ${found}, expected ${expected} ± ${tolerance}`],
  );
}

function main() {
  const { values, positionals } = parseArgs({
    options: { results: { type: 'string' }, executed: { type: 'string' } },
    allowPositionals: true,
  });
  const whole = positionals.length === 0;
  const chosen = names().filter((name) => whole || positionals.some((start) => name.startsWith(start)));
  if (chosen.length === 0) throw new Error(`no notebook starts with ${positionals.join(' or ')}`);
  const results = values.results ?? join(root, 'results');
  const executed = values.executed ?? execute(chosen, results);
  const tidy = (text) =>
    [results, relative(sources, results)].reduce(
      (tidied, folder) => tidied.replaceAll(folder, 'results'),
      text,
    );
  fs.mkdirSync(pages, { recursive: true });
  const stale = (file) => whole || chosen.some((name) => file.startsWith(name.replace(/\.ipynb$/, '')));
  const present = sourceHashes();
  const hashes = whole ? present : read(join(pages, 'sources.json'));
  for (const file of fs.readdirSync(pages).filter(stale)) fs.rmSync(join(pages, file));
  for (const name of chosen) {
    hashes[name] = present[name];
    const copy = read(join(executed, name));
    if (sourceOf(copy) !== sourceOf(read(join(sources, name)))) {
      process.stderr.write(
        `${name}: the executed copy is of another version of the notebook; execute it again\n`,
      );
      process.exitCode = 1;
    }
    const text = page(name, copy, tidy);
    fs.writeFileSync(join(pages, name.replace(/\.ipynb$/, '.md')), text);
    for (const sentence of unexpected(text)) {
      process.stderr.write(`${name}: ${sentence}\n`);
      process.exitCode = 1;
    }
  }
  fs.writeFileSync(join(pages, 'sources.json'), `${JSON.stringify(hashes, null, 2)}\n`);
  fs.writeFileSync(join(root, 'docs', 'figures.json'), `${JSON.stringify(figuresOfPages(), null, 2)}\n`);
  const bytes = fs.readdirSync(pages).reduce((sum, name) => sum + fs.statSync(join(pages, name)).size, 0);
  process.stdout.write(`${chosen.length} notebooks into docs/notebooks, ${(bytes / 1e6).toFixed(1)} MB\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
