import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath, exit, kill, pid, stdin, stdout } from 'node:process';
import { root } from './paths.mjs';
import { endStuckSuites } from './stuckSuites.mjs';

const bin = (name, file) => join(root, 'node_modules', name, ...file.split('/'));
const tsc = bin('typescript', 'bin/tsc');

const testFiles = () =>
  readdirSync(join(root, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();

/** All are run, whatever the ones before said; the suites come last, so that their summary closes the output. */
const steps = {
  formatting: () => [bin('prettier', 'bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  lint: () => [bin('eslint', 'bin/eslint.js'), '.'],
  'types of the library': () => [tsc, '-b', 'lib'],
  'types of tests and benchmarks': () => [tsc, '-p', '.'],
  'declarations under TypeScript 5.0': () => [join(root, 'setup', 'declarations.mjs')],
  suites: (files) => [
    ...['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec'],
    ...(files.length > 0 ? files : testFiles()),
  ],
};

/**
 * Runs every check of the workbench and prints what each took. Exits with 1 when any fails.
 *
 * @param args test files: then only these suites are run.
 */
export async function test(args) {
  const results = [];
  // What suites leave in the temporary folder goes when all passed, and can be looked at when not.
  const scratch = mkdtempSync(join(tmpdir(), 'stm-lab-test-'));
  for (const [name, command] of Object.entries(steps)) {
    if (args.length > 0 && name !== 'suites') continue;
    stdout.write(`\n── ${name}\n`);
    const start = Date.now();
    const code = await run(command(args), scratch);
    results.push({ name, code, seconds: (Date.now() - start) / 1000 });
  }
  const width = Math.max(...results.map(({ name }) => name.length)) + 2;
  stdout.write('\n');
  for (const { name, code, seconds } of results) {
    stdout.write(
      `${name.padEnd(width)}${code === 0 ? 'passed' : 'FAILED'}${`${seconds.toFixed(1)} s`.padStart(10)}\n`,
    );
  }
  const passed = results.every(({ code }) => code === 0);
  if (passed) rmSync(scratch, { recursive: true, force: true });
  else stdout.write(`\nfiles of the suites: ${scratch}\n`);
  exit(passed ? 0 : 1);
}

/** Runs Node on the arguments in our terminal, temporary files in `scratch`; a signal ends the child first, then us. */
function run(nodeArguments, scratch) {
  return new Promise((resolve) => {
    const child = spawn(execPath, nodeArguments, {
      cwd: root,
      stdio: 'inherit',
      env: { ...env, TMPDIR: scratch, TF_CPP_MIN_LOG_LEVEL: env.TF_CPP_MIN_LOG_LEVEL ?? '2' },
    });
    const forward = (signal) => {
      if (!(signal === 'SIGINT' && stdin.isTTY)) child.kill(signal);
      child.once('exit', () => kill(pid, signal));
    };
    const unwatch = endStuckSuites(child.pid);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.once(signal, forward);
    child.on('exit', (code) => {
      unwatch();
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    });
  });
}
