import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';

const lib = path.resolve(__dirname, '..', 'lib');
const flow = [
  'base', 'audio', 'corpus', 'features', 'splits', 'engine', 'reduction', 'models', 'layers', 'search', 'evaluation', 'tmnn', 'strf',
  'ablation', 'figures', 'report', 'pipeline', 'cluster', 'cli',
]; // prettier-ignore

/** Every TypeScript source of the library, relative to `lib/`, with the relative modules it imports. */
function sources(): { file: string; imports: string[]; text: string }[] {
  const found: { file: string; imports: string[]; text: string }[] = [];
  const walk = (folder: string): void => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (['dist', 'node_modules'].includes(entry.name)) continue;
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(full);
      else if (entry.name.endsWith('.ts')) {
        const text = fs.readFileSync(full, 'utf8');
        const imports = [...text.matchAll(/(?:from|import\(|require\()\s*'(\.[^']*)'/g)].map((match) =>
          path.relative(lib, path.resolve(path.dirname(full), match[1]!)),
        );
        found.push({ file: path.relative(lib, full), imports, text });
      }
    }
  };
  walk(lib);
  return found;
}

test('a module imports only from modules to its left; tracking imports base alone', () => {
  const wrong: string[] = [];
  for (const { file, imports } of sources()) {
    const module = file.split(path.sep)[0]!;
    if (module === 'index.ts') continue;
    assert.ok(
      module === 'tracking' || flow.includes(module),
      `${file}: module ${module} has no place in the flow`,
    );
    for (const target of imports) {
      const other = target.split(path.sep)[0]!;
      if (other === module) continue;
      const allowed =
        module === 'tracking'
          ? other === 'base'
          : other === 'tracking'
            ? module === 'pipeline' || module === 'cli'
            : flow.indexOf(other) < flow.indexOf(module);
      if (!allowed || (other !== 'tracking' && !flow.includes(other)))
        wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('filter banks and cores touch neither files nor TensorFlow', () => {
  const wrong = sources()
    .filter(({ file }) => /^features[/\\](stm|mel)[/\\]/.test(file) && !/worker/i.test(file))
    .filter(({ text }) => /from '(node:|@tensorflow)/.test(text))
    .map(({ file }) => file);
  assert.deepEqual(wrong, []);
});

test('nothing in the library writes to the console or ends the process', () => {
  const wrong = sources()
    .filter(({ file }) => !file.startsWith('cli'))
    .filter(({ text }) => /\bconsole\.\w+\(|process\.exit\(/.test(text.replace(/^\s*(\/?\*|\/\/).*$/gm, '')))
    .map(({ file }) => file);
  assert.deepEqual(wrong, []);
});
