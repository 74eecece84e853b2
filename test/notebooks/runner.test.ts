import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { root, temporaryFolder } from '../setup/workbench';

const python = path.join(root, '.venv', 'bin', 'python');
const skip = existsSync(python) ? false : 'the Python packages are not installed ("npm run doctor" says why)';

interface Result {
  readonly notebook: string;
  readonly executed: string | null;
  readonly status: 'ok' | 'failed';
  readonly failure: string | null;
  readonly seconds: number;
  readonly peakMemoryMegabytes: number;
}
interface Notebook {
  readonly cells: { id: string; outputs: { name?: string; text?: string[] }[] }[];
}
interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly folder: string;
  readonly byName: Record<string, Result>;
}

/** Runs notebooks given as `name: cells` through the strict runner. */
function runNotebooks(context: TestContext, notebooks: Record<string, string[]>, ...options: string[]): Run {
  const folder = temporaryFolder(context);
  const files = Object.entries(notebooks).map(([name, sources]) => {
    const cells = sources.map((source, index) => ({
      ...{ cell_type: 'code', id: `x${index}`, metadata: {}, outputs: [], execution_count: null, source },
    }));
    const file = path.join(folder, `${name}.ipynb`);
    writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    return file;
  });
  const summary = path.join(folder, 'summary.json');
  const runner = path.join(root, 'setup', 'notebooks.py');
  const { status, stdout, stderr } = spawnSync(
    python,
    [runner, ...files, '--out', path.join(folder, 'out'), '--json', summary, ...options],
    { encoding: 'utf8' },
  );
  assert.ok(existsSync(summary), stdout + stderr);
  const results = (JSON.parse(readFileSync(summary, 'utf8')) as { notebooks: Result[] }).notebooks;
  const byName = Object.fromEntries(
    results.map((result) => [path.basename(result.notebook, '.ipynb'), result]),
  );
  return { status, stdout, folder, byName };
}

const executed = (result: Result): Notebook => JSON.parse(readFileSync(result.executed!, 'utf8')) as Notebook;
const shown = (result: Result): string =>
  executed(result)
    .cells.flatMap(({ outputs }) => outputs.flatMap(({ text }) => text ?? []))
    .join('');

test(
  'notebooks that are in order pass, with the library typed and native TensorFlow quiet',
  { skip },
  (context) => {
    const notebooks = {
      plain: [
        'const city: string = process.env.STM_TEST_CITY ?? "";\nconsole.log(city)',
        'await Promise.resolve(1)',
      ],
      library: [
        'import * as files from "research-basics/files";',
        'const digest: string = files.sha256("abc");\nconsole.log(digest.slice(0, 8))',
        'import { loadEngine } from "stm-lab/dist/engine";',
        'const { tf, name } = await loadEngine();\nconsole.log(name, tf.sum(tf.ones([3])).dataSync()[0])',
      ],
    };
    const { status, stdout, byName, folder } = runNotebooks(
      context,
      notebooks,
      '--env',
      'STM_TEST_CITY=Nara',
    );
    assert.equal(status, 0, stdout);
    assert.match(shown(byName['plain']!), /^Nara\n/);
    assert.match(shown(byName['library']!), /^ba7816bf\n(native|wasm) 3\n$/);
    assert.ok(byName['plain']!.peakMemoryMegabytes > 50);
    assert.ok(byName['plain']!.seconds > 0);
    // Two runs give the same bytes: nothing of the clock or the machine stays in the copy.
    const again = runNotebooks(context, { plain: notebooks.plain }, '--env', 'STM_TEST_CITY=Nara');
    const copy = (in_: string): string => readFileSync(path.join(in_, 'out', 'plain.ipynb'), 'utf8');
    assert.equal(copy(again.folder), copy(folder));
    assert.deepEqual(
      executed(byName['plain']!).cells.map(({ id }) => id),
      ['cell-01', 'cell-02'],
    );
  },
);

test(
  'each way to fail is found, named with its cell, and does not stop the next notebook',
  { skip },
  (context) => {
    const { status, stdout, byName, folder } = runNotebooks(context, {
      throwing: ['console.log(1)', 'throw new Error("thrown here")', 'console.log(2)'],
      types: ['import * as files from "research-basics/files";', 'const n: number = files.sha256("abc");'],
      rejected: [
        'console.log(0)',
        'Promise.reject(new Error("nobody waits")); console.log(1)',
        'console.log(2)',
      ],
      forgotten: ['async function work() { return 1; }', 'work().then(() => new Promise(() => {}))'],
      late: ['setTimeout(() => { throw new Error("too late"); }, 200);'],
      stray: ['console.error("hm");', 'console.log(1)'],
      native: ['import * as fs from "fs";\nfs.writeSync(2, "from below\\n");'],
      ended: ['process.exit(0)', 'await new Promise((done) => setTimeout(done, 1000))'],
      passing: ['console.log(1)'],
    });
    assert.equal(status, 1);
    const failures: Record<string, RegExp> = {
      throwing: /^cell 2: [^]*thrown here/,
      types: /^cell 2: [^]*Type 'string' is not assignable to type 'number'/,
      rejected: /^cell 2: unexpected line[^]*UnhandledPromiseRejection: Error: nobody waits/,
      forgotten: /^cell 2: its value is a promise/,
      late: /^after the last cell, [^]*UncaughtException: Error: too late/,
      stray: /^cell 1: unexpected line on standard error\s+hm$/,
      native: /from below/,
      ended: /the kernel ended/,
    };
    for (const [name, pattern] of Object.entries(failures)) {
      assert.equal(byName[name]?.status, 'failed', `${name} passed`);
      assert.match(byName[name]?.failure ?? '', pattern);
      assert.match(stdout, new RegExp(`FAILED +${name}\\.ipynb`));
    }
    assert.equal(byName['passing']?.status, 'ok');
    const copies = readdirSync(path.join(folder, 'out')).sort();
    assert.deepEqual(
      copies,
      [...Object.keys(failures).map((name) => `${name}.failed.ipynb`), 'passing.ipynb'].sort(),
    );
  },
);

test(
  'a notebook whose time is up is ended; --stop leaves out the rest; --allow lets a line pass',
  { skip },
  (context) => {
    const { status, byName } = runNotebooks(
      context,
      { allowed: ['console.error("hm, well");'], endless: ['for (;;) {}'], never: ['console.log(1)'] },
      ...['--timeout', '5', '--stop', '--allow', '^hm'],
    );
    assert.equal(status, 1);
    assert.deepEqual(Object.keys(byName), ['allowed', 'endless']);
    assert.equal(byName['allowed']!.status, 'ok');
    assert.equal(byName['endless']!.failure, 'cell 1: not done after 5 s');
  },
);

test('a file that is not a notebook fails with one line', { skip }, (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'text.ipynb');
  writeFileSync(file, 'not JSON');
  const cell = {
    execution_count: null,
    id: 'a',
    metadata: {},
    outputs: [],
    source: 'const x = 1;\n'.repeat(40),
  };
  const quoting = path.join(folder, 'cell.ipynb');
  writeFileSync(quoting, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const runner = path.join(root, 'setup', 'notebooks.py');
  const { status, stdout } = spawnSync(
    python,
    [runner, file, quoting, path.join(folder, 'none.ipynb'), '--out', folder],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 1);
  assert.match(
    stdout,
    /text\.ipynb, it is not a valid notebook \(Notebook does not appear to be JSON.*restore it/,
  );
  // The validator's own message would quote the cell.
  assert.match(stdout, /cell\.ipynb, it is not a valid notebook \(cell 1 is damaged\); restore it/);
  assert.match(stdout, /none\.ipynb, cannot be read \(No such file or directory\)/);
});

test(
  '--html: an executed copy as a page with its figures inside, that loads nothing',
  { skip },
  (context) => {
    const show =
      'import { figures } from "stm-lab";\n' +
      'await figures.show(figures.confusionFigure({ matrix: [[3, 1], [0, 4]], classes: ["up", "down"] }));';
    const { status, folder, stdout } = runNotebooks(
      context,
      { drawn: ['console.log("a < b")', show], broken: ['throw new Error("no")'] },
      '--html',
    );
    assert.equal(status, 1, stdout);
    const page = readFileSync(path.join(folder, 'out', 'drawn.html'), 'utf8');
    assert.match(page, /<div aria-label="Confusion[^"]*" role="img"><svg/);
    assert.match(page, /a &lt; b/);
    assert.doesNotMatch(page, /<script|(src|href)="(?!data:|#)/);
    assert.ok(!existsSync(path.join(folder, 'out', 'broken.html')), 'no page of a notebook that failed');
  },
);

test(
  "the complaint of the kernel's own file watcher passes, another exception of the same shape does not",
  { skip },
  (context) => {
    const complaint = (text: string): string[] => [
      `process.stderr.write('UncaughtException: Error: ${text}\\n    at a (b.js:1)\\n    at c\\n')`,
    ];
    const { byName } = runNotebooks(context, {
      watcher: complaint('Unexpected pending rebuildTimer'),
      other: complaint('Unexpected pending promise'),
    });
    assert.equal(byName['watcher']!.status, 'ok', byName['watcher']!.failure ?? '');
    assert.match(byName['other']!.failure!, /Unexpected pending promise/);
  },
);

test(
  'a notebook outside the clone finds the library, its types and the packages beside it',
  { skip },
  (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stm-lab own ü '));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const notebook = (name: string, ...sources: string[]): string => {
      const cells = sources.map((source, index) => ({
        ...{ cell_type: 'code', id: `x${index}`, metadata: {}, outputs: [], execution_count: null, source },
      }));
      const file = path.join(folder, `${name}.ipynb`);
      writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
      return file;
    };
    const own = notebook(
      'own',
      'import { features } from "stm-lab";\nimport * as fs from "node:fs";\nimport { twice } from "./twice";',
      'const extract: (samples: Float32Array, sampleRate: number) => unknown = features.extractStm;\nconsole.log(twice(extract.length), fs.existsSync("."))',
    );
    const mistyped = notebook(
      'mistyped',
      'import { features } from "stm-lab";',
      'const x: string = features.extractStm;',
    );
    writeFileSync(path.join(folder, 'twice.ts'), 'export const twice = (n: number): number => 2 * n;\n');
    const summary = path.join(folder, 'summary.json');
    const runner = path.join(root, 'setup', 'notebooks.py');
    const out = path.join(folder, 'out');
    spawnSync(python, [runner, own, mistyped, '--out', out, '--json', summary], { encoding: 'utf8' });
    const results = (JSON.parse(readFileSync(summary, 'utf8')) as { notebooks: Result[] }).notebooks;
    assert.equal(results[0]?.failure, null);
    // Not `any`: the library's types are there.
    assert.match(results[1]?.failure ?? '', /cell 2: .* is not assignable to type 'string'/);
  },
);
