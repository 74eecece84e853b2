import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { noServer, startServer } from '../tracking/support';
import {
  compileExamples,
  examplesOf,
  install,
  pack,
  root,
  runBundle,
  runExample,
  type Example,
} from './tarballs';

const names = ['research-basics', 'bayesian-optimizer', 'mlflow-tracking-client', 'demo-corpus'];
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'packages-'));
const project = path.join(scratch, 'project');
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const installed = (name: string): string => path.join(project, 'node_modules', name);
const examples: Record<string, Example> = {};
const examplesFor = (name: string): [string, Example][] =>
  Object.entries(examples).filter(([one]) => one.startsWith(`${name}-`));

/** Sends a run from a thread of its own; the server's address is its argument. */
const SENDING = `
import { createTracker } from 'mlflow-tracking-client';

async function main(): Promise<void> {
  const [uri] = process.argv.slice(2);
  const tracker = createTracker({ uri: uri!, experiment: 'bundled', journalFolder: 'tracking' });
  tracker.startRun({ name: 'sent' }).end();
  console.log((await tracker.close(60_000)).state);
}

void main();
`;

before(async () => {
  await install(project, await pack(names, path.join(scratch, 'tarballs')));
  for (const name of names) {
    const own = examplesOf(fs.readFileSync(path.join(installed(name), 'README.md'), 'utf8'));
    assert.ok(own.length > 0, name);
    own.forEach((example, i) => (examples[`${name}-${i + 1}`] = example));
  }
  const sending = { program: SENDING, prints: undefined, files: {} };
  await compileExamples(project, { ...examples, sending });
});

for (const name of names) {
  test(`${name}: the README's examples type-check, run and print what it says, required and imported`, async () => {
    for (const [one, example] of examplesFor(name))
      assert.deepEqual(await runExample(project, one, example), [example.prints, example.prints], one);
  });
}

test('one bundled file sends its runs from a thread, without packages', { skip: noServer }, async () => {
  const server = await startServer(scratch);
  try {
    const example = { program: SENDING, prints: undefined, files: {} };
    assert.equal(
      await runBundle(project, 'sending', example, path.join(scratch, 'bundle'), server.uri),
      'complete\n',
    );
  } finally {
    await server.stop();
  }
});

for (const name of ['bayesian-optimizer', 'mlflow-tracking-client']) {
  test(`${name}: the examples run from one bundled file without packages, workers included`, async () => {
    for (const [one, example] of examplesFor(name))
      assert.equal(await runBundle(project, one, example, path.join(scratch, 'bundle')), example.prints, one);
  });

  test(`${name}: has its papers, and no word of stm-lab`, () => {
    const folder = installed(name);
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md'])
      assert.ok(fs.existsSync(path.join(folder, file)), `${name}/${file}`);
    const wrong = fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file !== 'LICENSE' && fs.statSync(path.join(folder, file)).isFile())
      .filter((file) => /stm-?lab|STM_|\bstm\b/i.test(fs.readFileSync(path.join(folder, file), 'utf8')));
    assert.deepEqual(wrong, []);
  });
}

test('what each package exports is what the list says', () => {
  const list = path.join(root, 'test', 'snapshots', 'exports.json');
  const found: Record<string, string[]> = {};
  for (const name of [...names, 'stm-lab'].filter((one) => one !== 'research-basics'))
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    found[name] = Object.keys(require(name) as object)
      .filter((key) => key !== 'default')
      .sort();
  const basics = path.join(root, 'lib', 'research-basics');
  for (const file of fs
    .readdirSync(path.join(basics, 'dist'), { recursive: true, encoding: 'utf8' })
    .sort()) {
    if (!file.endsWith('.js')) continue;
    const part = `research-basics/${file.slice(0, -'.js'.length)}`;
    // A thread's program does something when it is loaded, and exports nothing.
    if (part.endsWith('Thread')) continue;
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    found[part] = Object.keys(require(part) as object).sort();
  }
  if (process.env['UPDATE_SNAPSHOTS'] === '1') fs.writeFileSync(list, `${JSON.stringify(found, null, 2)}\n`);
  assert.deepEqual(
    found,
    JSON.parse(fs.readFileSync(list, 'utf8')),
    'run with UPDATE_SNAPSHOTS=1 to take it over',
  );
});
