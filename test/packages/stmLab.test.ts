import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { compileExamples, examplesOf, install, pack, root, runExample } from './tarballs';

const names = ['stm-lab', 'research-basics', 'bayesian-optimizer', 'mlflow-tracking-client', 'demo-corpus'];
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'package-stm-lab-'));
const project = path.join(scratch, 'project');
const modules = path.join(project, 'node_modules');
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/**
 * Our tarballs in an empty project. Packages of others are linked from the repository, so that the suite takes seconds;
 * with `STM_LAB_TEST_INSTALL=whole`, npm installs them all.
 */
before(async () => {
  const tarballs = await pack(names, path.join(scratch, 'tarballs'));
  // The override is the one that the README gives for where only a registry can be reached.
  const readme = fs.readFileSync(path.join(root, 'lib', 'stm-lab', 'README.md'), 'utf8');
  const { overrides } = JSON.parse(`{${/^ {4}("overrides": .*)$/m.exec(readme)![1]!}}`) as {
    overrides: Record<string, string>;
  };
  if (process.env['STM_LAB_TEST_INSTALL'] === 'whole') return install(project, tarballs, overrides);
  for (const [i, name] of names.entries()) {
    fs.mkdirSync(path.join(modules, name), { recursive: true });
    execFileSync('tar', ['-xzf', tarballs[i]!, '-C', path.join(modules, name), '--strip-components=1']);
  }
  const others = [path.join(root, 'lib', 'stm-lab', 'node_modules'), path.join(root, 'node_modules')];
  for (const folder of others.filter((one) => fs.existsSync(one)))
    for (const name of fs.readdirSync(folder))
      if (!name.startsWith('.') && !fs.existsSync(path.join(modules, name)))
        fs.symlinkSync(path.join(folder, name), path.join(modules, name));
});

test("stm-lab: the README's example type-checks, runs and prints what it says, required and imported", async () => {
  const examples = examplesOf(fs.readFileSync(path.join(modules, 'stm-lab', 'README.md'), 'utf8'));
  assert.equal(examples.length, 1);
  const [example] = examples;
  await compileExamples(project, { first: example! });
  assert.deepEqual(await runExample(project, 'first', example!), [example!.prints, example!.prints]);
});

test('stm-lab: experiments, their schemas and corpus descriptions travel inside the package', () => {
  const program = `
    const { pipeline, corpus } = require('stm-lab');
    console.log(JSON.stringify({
      names: pipeline.configurationNames('stm'),
      home: pipeline.homeFolder(),
      corpora: corpus.listCorpora(pipeline.shippedFolder('data-manifests')).length,
    }));`;
  const env = { ...process.env };
  delete env['STM_LAB_HOME'];
  const printed = execFileSync(process.execPath, ['-e', program], { cwd: project, env, encoding: 'utf8' });
  const found = JSON.parse(printed) as { names: string[]; home: string; corpora: number };
  assert.ok(found.names.includes('small') && found.names.includes('paper'));
  assert.equal(fs.realpathSync(found.home), fs.realpathSync(project));
  assert.ok(found.corpora > 0);
  const folder = path.join(modules, 'stm-lab', 'experiments');
  const configurations = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'));
  for (const name of configurations) {
    const { $schema } = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as { $schema?: string };
    if ($schema?.startsWith('.'))
      assert.ok(fs.existsSync(path.resolve(folder, path.dirname(name), $schema)), `${name}: ${$schema}`);
  }
});

test('stm-lab: the command line runs outside of the repository', () => {
  const command = path.join(modules, 'stm-lab', 'bin', 'stm-lab.js');
  const help = execFileSync(process.execPath, [command, 'help'], { cwd: project, encoding: 'utf8' });
  assert.match(help, /reproduce/);
});
