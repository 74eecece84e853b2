import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { stmLabHere } from '../pipeline/support';

const root = path.resolve(__dirname, '..', '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-docs-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...fs.readdirSync(path.join(root, 'docs')).map((n) => `docs/${n}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: fs.readFileSync(path.join(root, name), 'utf8') }));
const readme = pages[0]!.text;
const scripts = (
  JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

test('the README has at most 900 words, code and tables included', () => {
  const words = readme.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  assert.ok(words <= 900, `${words} words`);
});

test('links lead to files and headings that exist', () => {
  const headings = (text: string): string[] =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, words]) =>
      words!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .replace(/\s/g, '-'),
    );
  let links = 0;
  for (const { name, text } of pages)
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [file, heading] = target!.split('#') as [string, string | undefined];
      const place = file === '' ? path.join(root, name) : path.join(root, path.dirname(name), file);
      assert.ok(fs.existsSync(place), `${name}: ${target}`);
      if (heading !== undefined)
        assert.ok(headings(fs.readFileSync(place, 'utf8')).includes(heading), `${name}: ${target}`);
      links++;
    }
  assert.ok(links > 12, `${links} links`);
});

test('tables have as many cells in every row as in their head', () => {
  for (const { name, text } of pages)
    for (const [table] of text.matchAll(/(?:^\|.*\|\n)+/gm)) {
      const cells = table
        .trim()
        .split('\n')
        .map((row) => row.replace(/\\\|/g, '').split('|').length);
      assert.deepEqual(new Set(cells), new Set([cells[0]]), `${name}: ${table.split('\n')[0]}`);
    }
});

test('npm scripts, commands and options that the documents name exist', async () => {
  const helps = new Map<string, string>();
  const help = async (command: string): Promise<string> => {
    const known = helps.get(command) ?? (await stmLabHere(command, '--help')).out;
    helps.set(command, known);
    return known;
  };
  for (const { name, text } of pages) {
    for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g))
      assert.ok(scripts[script!] !== undefined, `${name}: npm run ${script}`);
    // Code alone, with lines of a paragraph joined.
    const code = [...text.matchAll(/```sh\n([\s\S]*?)```|^ {4}(\S.*)$|`([^`]+)`/gm)].flatMap(
      ([, block, line, span]) => (block ?? line ?? span!.replace(/\s+/g, ' ')).split('\n'),
    );
    for (const line of code)
      for (const [, command, words] of line.matchAll(/\bstm-lab (?:-- )?([a-z][\w-]*)([^#;]*)/g)) {
        const text = await help(command!);
        for (const [, option] of words!.matchAll(/ --([a-z][\w-]*)/g))
          assert.ok(text.includes(`--${option}`), `${name}: stm-lab ${command} --${option}`);
      }
  }
  assert.ok(helps.size > 8, `${helps.size} commands`);
});

test("the README's program runs as printed", () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  fs.copyFileSync(path.join(root, 'test', 'golden', 'audio', 'chirp.flac'), path.join(folder, 'bird.flac'));
  const file = path.join(folder, 'program.mts');
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  fs.writeFileSync(file, `${program}\nconsole.log(stm.features.length, stm.axes.rateHz.length);\n`);
  const printed = execFileSync(process.execPath, ['--import', 'tsx', file], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(printed.trim(), '2420 121');
});

test('every environment variable that the code reads is documented, and no other', () => {
  const page = pages.find(({ name }) => name === 'docs/environment.md')!.text;
  const named = (text: string): string[] => text.match(/\b(STM_LAB|MLFLOW)_[A-Z]+(_[A-Z]+)*\b/g) ?? [];
  const code = execFileSync(
    'git',
    ['grep', '-hE', '(STM_LAB|MLFLOW)_', '--', 'lib/*.ts', 'setup/*.mjs', 'notebooks'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  // Set for MLflow's own server, not read.
  const passedOn = new Set(['MLFLOW_DISABLE_TELEMETRY', 'MLFLOW_SERVER_ENABLE_JOB_EXECUTION']);
  const read = new Set(
    named(code).filter((name) => !passedOn.has(name) && !name.startsWith('STM_LAB_TEST_')),
  );
  assert.deepEqual([...new Set(named(page))].sort(), [...read].sort());
});

test('files that docs/siblings.md names for a section exist', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const page = pages.find(({ name }) => name === 'docs/siblings.md')!.text;
  const sections = page.split('\n').filter((line) => line.startsWith('| '));
  const named = sections.flatMap((line) => line.match(/`[\w./-]+\.(ts|json)`/g) ?? []);
  assert.ok(named.length > 50, `${named.length} files named`);
  const missing = named
    .map((name) => name.slice(1, -1))
    .filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)));
  assert.deepEqual(missing, []);
});
