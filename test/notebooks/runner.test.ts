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

function writeNotebook(file: string, sources: readonly string[]): void {
  const cells = sources.map((source, index) => ({
    ...{ cell_type: 'code', id: `x${index}`, metadata: {}, outputs: [], execution_count: null, source },
  }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
}

/** Runs notebooks given as `name: cells` through the strict runner. */
function runNotebooks(context: TestContext, notebooks: Record<string, string[]>, ...options: string[]): Run {
  const folder = temporaryFolder(context);
  const files = Object.entries(notebooks).map(([name, sources]) => {
    const file = path.join(folder, `${name}.ipynb`);
    writeNotebook(file, sources);
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

const PLAIN = [
  'const city: string = process.env.STM_TEST_CITY ?? "";\nconsole.log(city)',
  'await Promise.resolve(1)',
];
const CITY = ['--env', 'STM_TEST_CITY=Nara'];
/** What the kernel's file watcher says, and another exception of the same shape. */
const complaint = (text: string): string =>
  `process.stderr.write('UncaughtException: Error: ${text}\\n    at a (b.js:1)\\n    at c\\n')`;
let plainCopy = '';

test(
  'notebooks that are in order pass, with the library typed and native TensorFlow quiet; their pages load nothing',
  { skip },
  (context) => {
    const notebooks = {
      plain: PLAIN,
      library: [
        'import * as files from "research-basics/files";',
        'const digest: string = files.sha256("abc");\nconsole.log(digest.slice(0, 8))',
        'import { loadEngine } from "stm-lab/dist/engine";',
        'const { tf, name } = await loadEngine();\nconsole.log(name, tf.sum(tf.ones([3])).dataSync()[0])',
        'console.log("a < b")',
        'import { figures } from "stm-lab";\n' +
          'await figures.show(figures.confusionFigure({ matrix: [[3, 1], [0, 4]], classes: ["up", "down"] }));',
      ],
      allowed: ['console.error("hm, well");', complaint('Unexpected pending rebuildTimer')],
    };
    const { status, stdout, byName, folder } = runNotebooks(
      context,
      notebooks,
      ...CITY,
      ...['--html', '--allow', '^hm'],
    );
    assert.equal(status, 0, stdout);
    assert.match(shown(byName['plain']!), /^Nara\n/);
    assert.match(shown(byName['library']!), /^ba7816bf\n(native|wasm) 3\na < b\n$/);
    assert.ok(byName['plain']!.peakMemoryMegabytes > 50);
    assert.ok(byName['plain']!.seconds > 0);
    plainCopy = readFileSync(path.join(folder, 'out', 'plain.ipynb'), 'utf8');
    assert.deepEqual(
      executed(byName['plain']!).cells.map(({ id }) => id),
      ['cell-01', 'cell-02'],
    );
    const page = readFileSync(path.join(folder, 'out', 'library.html'), 'utf8');
    assert.match(page, /<div aria-label="Confusion[^"]*" role="img"><svg/);
    assert.match(page, /a &lt; b/);
    assert.doesNotMatch(page, /<script|(src|href)="(?!data:|#)/);
  },
);

test(
  'each way to fail is found, named with its cell, and does not stop the next notebook, nor those beside',
  { skip },
  (context) => {
    const meeting = temporaryFolder(context);
    /** Waits until the other notebook has come as well. */
    const meet = (own: string, other: string): string =>
      `import * as fs from "node:fs";\nfs.writeFileSync(${JSON.stringify(path.join(meeting, own))}, "");\n` +
      `while (!fs.existsSync(${JSON.stringify(path.join(meeting, other))})) await new Promise((go) => setTimeout(go, 50));\n` +
      `console.log("${own}");`;
    const beside = path.join(meeting, 'beside.ipynb');
    writeNotebook(beside, [meet('second', 'first')]);
    const { status, stdout, byName, folder } = runNotebooks(
      context,
      {
        throwing: [meet('first', 'second'), 'throw new Error("thrown here")', 'console.log(2)'],
        types: ['import * as files from "research-basics/files";', 'const n: number = files.sha256("abc");'],
        rejected: [
          'console.log(0)',
          'Promise.reject(new Error("nobody waits")); console.log(1)',
          'console.log(2)',
        ],
        forgotten: ['async function work() { return 1; }', 'work().then(() => new Promise(() => {}))'],
        late: ['setTimeout(() => { throw new Error("too late"); }, 200);'],
        stray: ['console.error("hm");', 'console.log(1)'],
        other: [complaint('Unexpected pending promise')],
        native: ['import * as fs from "fs";\nfs.writeSync(2, "from below\\n");'],
        ended: ['process.exit(0)', 'await new Promise((done) => setTimeout(done, 1000))'],
        plain: PLAIN,
      },
      ...['--beside', beside, '--jobs', '2', '--timeout', '60', '--html', ...CITY],
    );
    assert.equal(status, 1);
    const failures: Record<string, RegExp> = {
      throwing: /^cell 2: [^]*thrown here/,
      types: /^cell 2: [^]*Type 'string' is not assignable to type 'number'/,
      rejected: /^cell 2: unexpected line[^]*UnhandledPromiseRejection: Error: nobody waits/,
      forgotten: /^cell 2: its value is a promise/,
      late: /^after the last cell, [^]*UncaughtException: Error: too late/,
      stray: /^cell 1: unexpected line on standard error\s+hm$/,
      other: /Unexpected pending promise/,
      native: /from below/,
      ended: /the kernel ended/,
    };
    for (const [name, pattern] of Object.entries(failures)) {
      assert.equal(byName[name]?.status, 'failed', `${name} passed`);
      assert.match(byName[name]?.failure ?? '', pattern);
      assert.match(stdout, new RegExp(`FAILED +${name}\\.ipynb`));
    }
    assert.deepEqual(Object.keys(byName), [...Object.keys(failures), 'plain', 'beside']);
    assert.deepEqual([byName['plain']!.status, byName['beside']!.status], ['ok', 'ok'], stdout);
    assert.ok(byName['beside']!.peakMemoryMegabytes > 50);
    const out = path.join(folder, 'out');
    // A notebook that failed has no page.
    const copies = [
      ...Object.keys(failures).map((name) => `${name}.failed.ipynb`),
      ...['beside', 'plain'].flatMap((name) => [`${name}.html`, `${name}.ipynb`]),
    ];
    assert.deepEqual(readdirSync(out).sort(), copies.sort());
    // Two runs give the same bytes: nothing of the clock or the machine stays in the copy.
    assert.equal(readFileSync(path.join(out, 'plain.ipynb'), 'utf8'), plainCopy);
  },
);

test('a notebook whose time is up is ended; --stop leaves out the others', { skip }, (context) => {
  const { status, byName } = runNotebooks(
    context,
    { endless: ['for (;;) {}'], never: ['console.log(1)'] },
    ...['--timeout', '5', '--stop'],
  );
  assert.equal(status, 1);
  assert.deepEqual(Object.keys(byName), ['endless']);
  assert.equal(byName['endless']!.failure, 'cell 1: not done after 5 s');
});

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
  'a notebook outside the clone finds the library, its types and the packages beside it',
  { skip },
  (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stm-lab own ü '));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const own = path.join(folder, 'own.ipynb');
    writeNotebook(own, [
      'import { features } from "stm-lab";\nimport * as fs from "node:fs";\nimport { twice } from "./twice";',
      'const extract: (samples: Float32Array, sampleRate: number) => unknown = features.extractStm;\nconsole.log(twice(extract.length), fs.existsSync("."))',
      'const x: string = features.extractStm;',
    ]);
    writeFileSync(path.join(folder, 'twice.ts'), 'export const twice = (n: number): number => 2 * n;\n');
    const summary = path.join(folder, 'summary.json');
    const runner = path.join(root, 'setup', 'notebooks.py');
    spawnSync(python, [runner, own, '--out', path.join(folder, 'out'), '--json', summary], {
      encoding: 'utf8',
    });
    const [result] = (JSON.parse(readFileSync(summary, 'utf8')) as { notebooks: Result[] }).notebooks;
    assert.match(shown(result!), /^4 true\n/);
    // Not `any`: the library's types are there.
    assert.match(result!.failure ?? '', /^cell 3: .* is not assignable to type 'string'/);
  },
);
