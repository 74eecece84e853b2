import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';

const lib = path.resolve(__dirname, '..', 'lib');

/** Our packages, and which of our packages each may import by name. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'research-basics': [],
  'bayesian-optimizer': ['research-basics'],
  'mlflow-tracking-client': ['research-basics'],
  'demo-corpus': ['research-basics'],
  'stm-lab': ['research-basics', 'bayesian-optimizer', 'mlflow-tracking-client', 'demo-corpus'],
};

/** The modules of `stm-lab`. */
const flow = [
  'base', 'audio', 'corpus', 'features', 'synthesis', 'splits', 'engine', 'training', 'frames', 'reduction', 'models', 'evaluation',
  'ablation', 'figures', 'report', 'stages', 'tmnn', 'strf', 'pipeline', 'cluster', 'explore', 'cli',
]; // prettier-ignore

/** Which modules of `stm-lab` may import a package; the other packages are open to all modules. */
const importers: Readonly<Record<string, readonly string[]>> = {
  'bayesian-optimizer': ['pipeline', 'cluster', 'cli', 'index.ts'],
  'mlflow-tracking-client': ['stages', 'tmnn', 'strf', 'pipeline', 'cli', 'index.ts'],
  'demo-corpus': ['corpus'],
};

interface Source {
  readonly package: string;
  /** Relative to the package's folder. */
  readonly file: string;
  /** What it imports by relative path, relative to the package's folder. */
  readonly relatives: readonly string[];
  /** What it imports by name. */
  readonly names: readonly string[];
  readonly text: string;
}

/** Every TypeScript source of our packages. */
const sources: readonly Source[] = Object.keys(packages).flatMap((name) => {
  const folder = path.join(lib, name);
  const found: Source[] = [];
  const walk = (inside: string): void => {
    for (const entry of fs.readdirSync(inside, { withFileTypes: true })) {
      if (['dist', 'node_modules'].includes(entry.name)) continue;
      const full = path.join(inside, entry.name);
      if (entry.isDirectory()) walk(full);
      else if (entry.name.endsWith('.ts')) {
        const text = fs.readFileSync(full, 'utf8');
        const imports = [...text.matchAll(/(?:from |import\(|require\(|^import )'([\w@.:/-]+)'/g)].map(
          (match) => match[1]!,
        );
        found.push({
          package: name,
          file: path.relative(folder, full),
          relatives: imports
            .filter((target) => target.startsWith('.'))
            .map((target) => path.relative(folder, path.resolve(path.dirname(full), target))),
          names: imports.filter((target) => !target.startsWith('.')),
          text,
        });
      }
    }
  };
  walk(folder);
  return found;
});

const library = sources.filter((source) => source.package === 'stm-lab');
const topOf = (file: string): string => file.split(/[/\\]/)[0]!;

test('every folder of lib/ is a package with a place in the order', () => {
  const folders = fs.readdirSync(lib).filter((name) => fs.existsSync(path.join(lib, name, 'package.json')));
  assert.deepEqual(folders.sort(), Object.keys(packages).sort());
});

test('a package imports only the packages that it declares, and reaches into none', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    const manifest = JSON.parse(
      fs.readFileSync(path.join(lib, source.package, 'package.json'), 'utf8'),
    ) as Record<
      'dependencies' | 'optionalDependencies' | 'peerDependencies',
      Record<string, string> | undefined
    >;
    const declared = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    for (const target of source.relatives)
      if (target.startsWith('..')) wrong.push(`${source.package}/${source.file} imports ${target}`);
    for (const target of source.names) {
      if (target.startsWith('node:')) continue;
      const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/');
      const ours = Object.hasOwn(packages, name);
      if (!declared.includes(name) || (ours && !packages[source.package]!.includes(name)))
        wrong.push(`${source.package}/${source.file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('a module of stm-lab imports only from modules to its left', () => {
  const wrong: string[] = [];
  for (const { file, relatives, names } of library) {
    const module = topOf(file);
    for (const target of names) {
      const allowed = importers[target.split('/')[0]!];
      if (allowed !== undefined && !allowed.includes(module)) wrong.push(`${file} imports ${target}`);
    }
    if (module === 'index.ts') continue;
    assert.ok(flow.includes(module), `${file}: module ${module} has no place in the flow`);
    for (const target of relatives) {
      const other = topOf(target);
      if (other === module) continue;
      if (!flow.includes(other) || flow.indexOf(other) >= flow.indexOf(module))
        wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file imports itself through others, types included', () => {
  const files = new Set(sources.map((source) => `${source.package}/${source.file}`));
  const graph = new Map(
    sources.map((source) => [
      `${source.package}/${source.file}`,
      source.relatives.flatMap((target) =>
        [`${target}.ts`, path.join(target, 'index.ts')]
          .map((file) => `${source.package}/${file}`)
          .filter((file) => files.has(file)),
      ),
    ]),
  );
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' > '));
    if (finished.has(file) || way.includes(file)) return;
    for (const next of graph.get(file)!) visit(next, [...way, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test('a file is at most 300 lines long, or its first line says why it is longer', () => {
  const wrong = sources
    .filter(({ text }) => text.trimEnd().split('\n').length > 300)
    .filter(({ text }) => !/^\/\/ Longer than 300 lines: \S/.test(text))
    .map((source) => `${source.package}/${source.file}`);
  assert.deepEqual(wrong, []);
});

test('only the engine reaches below TensorFlow.js', () => {
  const wrong = library
    .filter(({ file }) => topOf(file) !== 'engine')
    .filter(({ text }) => /backend\(\) as unknown|['"]@tensorflow\/tfjs-node['"]/.test(text))
    .map(({ file }) => file);
  assert.deepEqual(wrong, []);
});

test('filter banks and cores touch neither files nor TensorFlow', () => {
  const wrong = library
    .filter(({ file }) => /^features[/\\](stm|mel)[/\\]/.test(file) && !/worker/i.test(file))
    .filter(({ text }) => /from '(node:|@tensorflow)/.test(text))
    .map(({ file }) => file);
  assert.deepEqual(wrong, []);
});

test('nothing in the packages writes to the console or ends the process', () => {
  const wrong = sources
    .filter((source) => !(source.package === 'stm-lab' && source.file.startsWith('cli')))
    .filter(({ text }) => /\bconsole\.\w+\(|process\.exit\(/.test(text.replace(/^\s*(\/?\*|\/\/).*$/gm, '')))
    .map((source) => `${source.package}/${source.file}`);
  assert.deepEqual(wrong, []);
});
