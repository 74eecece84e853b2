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

/**
 * All are run, whatever the others say: the first alone, since lint reads the declarations that it writes, the others two at
 * a time, each with its output in one piece.
 */
const checks = {
  'types of the library': [tsc, '-b', 'lib'],
  lint: [bin('eslint', 'bin/eslint.js'), '.'],
  formatting: [bin('prettier', 'bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  'types of tests and benchmarks': [tsc, '-p', '.'],
  'declarations under TypeScript 5.0': [join(root, 'setup', 'declarations.mjs')],
};

/** One more than the processors of the machine that CI has: while one suite waits for a server, two compute. */
const SUITES_AT_ONCE = 3;

/** They come last, so that their summary closes the output. */
const suites = (files) => [
  ...['--import', 'tsx', '--test', `--test-concurrency=${SUITES_AT_ONCE}`],
  ...[join(root, 'setup', 'slowestSuites.mjs'), 'spec'].flatMap((reporter) => [
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
  ]),
  ...(files.length > 0 ? files : testFiles()),
];

/**
 * Runs every check of the workbench and prints what each took. Exits with 1 when any fails.
 *
 * @param args test files: then only these suites are run.
 */
export async function test(args) {
  const results = [];
  // What suites leave in the temporary folder goes when all passed, and can be looked at when not.
  const scratch = mkdtempSync(join(tmpdir(), 'stm-lab-test-'));
  const step = async (name, command, heading) => {
    const start = Date.now();
    const code = await run(command, scratch, heading);
    results.push({ name, code, seconds: (Date.now() - start) / 1000 });
  };
  const title = (name) => `\n── ${name}\n`;
  const check = ([name, command]) => step(name, command, title(name));
  const [build, ...others] = args.length > 0 ? [] : Object.entries(checks);
  if (build !== undefined) await check(build);
  const lane = async () => {
    for (let next = others.shift(); next !== undefined; next = others.shift()) await check(next);
  };
  await Promise.all([lane(), lane()]);
  stdout.write(title('suites'));
  await step('suites', suites(args));
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

/**
 * Runs Node on the arguments, temporary files in `scratch`; a signal ends the child first, then us. With a heading, the
 * output is printed below it when the child has ended, in one piece; else at once.
 */
function run(nodeArguments, scratch, heading) {
  return new Promise((resolve) => {
    const output = [];
    const child = spawn(execPath, nodeArguments, {
      cwd: root,
      stdio: heading === undefined ? 'inherit' : ['inherit', 'pipe', 'pipe'],
      env: { ...env, TMPDIR: scratch, TF_CPP_MIN_LOG_LEVEL: env.TF_CPP_MIN_LOG_LEVEL ?? '2' },
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => output.push(piece));
    const forward = (signal) => {
      if (!(signal === 'SIGINT' && stdin.isTTY)) child.kill(signal);
      child.once('exit', () => kill(pid, signal));
    };
    const unwatch = endStuckSuites(child.pid);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.once(signal, forward);
    child.on(heading === undefined ? 'exit' : 'close', (code) => {
      unwatch();
      for (const signal of signals) process.off(signal, forward);
      if (heading !== undefined) stdout.write(heading + Buffer.concat(output).toString());
      resolve(code ?? 1);
    });
  });
}
