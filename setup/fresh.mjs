// Sets the workbench up from nothing and runs both commands, once for each Python on this machine and each Node.js from npm:
// a new clone of what is committed in a folder with a space and an accent, an empty home folder, a strict umask, the C locale,
// and a PATH of system folders. Downloads everything each time.
//   npm run test:fresh [-- --short] [-- --python /usr/bin/python3] [-- --node 24] [-- --keep]
import { spawnSync } from 'node:child_process';
import {
  existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, readFileSync, rmSync, symlinkSync,
} from 'node:fs'; // prettier-ignore
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { testedNodes } from './nodeVersion.mjs';
import { cacheFolder, root } from './paths.mjs';

/** A user's way to the network, which no set-up can know by itself. */
const network =
  /^((https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS|PIP_(CERT|INDEX_URL|PROXY)|npm_config_(registry|cafile|proxy|https_proxy))$/i;
const systemPath = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Reference recordings and lists that some suites need: used when they lie beside the clone. */
const shared = env.STM_SHARED ?? join(root, '..', 'shared');

/** The suites of a short row: what depends on Node.js, Python and the browser most. */
const shortSuites = [
  ...['engine/rawOps', 'notebooks/jupyterLab', 'notebooks/runner', 'setup/jobs', 'features/browser'],
  ...['tracking/pythonPath'],
].map((name) => `test/${name}.test.ts`);

function output(command, args, options = {}) {
  const { status, stdout: text } = spawnSync(command, args, { encoding: 'utf8', ...options });
  return status === 0 ? text.trim() : undefined;
}

/** Pythons of this machine from 3.10 to 3.14: the system's first, then those of the path and of pyenv, one a release. */
function pythonsHere() {
  const numbered = ['3.10', '3.11', '3.12', '3.13', '3.14'].map((version) => `python${version}`);
  const pyenv = join(env.PYENV_ROOT || join(homedir(), '.pyenv'), 'versions');
  const installed = existsSync(pyenv)
    ? readdirSync(pyenv).map((name) => join(pyenv, name, 'bin', 'python3'))
    : [];
  const found = new Map();
  for (const name of ['/usr/bin/python3', ...numbered, ...installed]) {
    const python = pythonOf(name);
    if (python !== undefined && !found.has(python.version)) found.set(python.version, python);
  }
  return [...found.values()];
}

function pythonOf(name) {
  const script = 'import sys; print("%d.%d.%d" % sys.version_info[:3], sys.executable)';
  const [version, ...words] = (output(name, ['-c', script]) ?? '').split(' ');
  const minor = Number(version.split('.')[1]);
  return version.startsWith('3.') && minor >= 10 ? { version, path: words.join(' ') } : undefined;
}

/** The folder with the program `node` of a release line, installed from npm once. */
function nodeFolder(major) {
  const folder = join(cacheFolder, 'nodes', String(major));
  const bin = join(folder, 'node_modules', 'node', 'bin');
  if (!existsSync(join(bin, 'node'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save', `node@${major}`];
    const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', cwd: folder });
    if (status !== 0 || !existsSync(join(bin, 'node')))
      throw new Error(`Node.js ${major} cannot be installed from npm: ${stderr.trim().split('\n').pop()}`);
  }
  return bin;
}

/** Runs both commands of one row. @returns each step's outcome, in order. */
function runRow({ python, node }, { short, keep }) {
  const folder = mkdtempSync(join(tmpdir(), 'stm lab é '));
  const [clone, home, bin, temporary] = ['clone', 'home folder', 'bin', 'tmp'].map((name) =>
    join(folder, name),
  );
  for (const made of [home, bin, temporary]) mkdirSync(made);
  symlinkSync(join(nodeFolder(node), 'node'), join(bin, 'node'));
  if (python.path !== '/usr/bin/python3') symlinkSync(python.path, join(bin, 'python3'));
  const scrubbed = {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => network.test(name))),
    ...{ PATH: [bin, ...systemPath].join(':'), HOME: home, TMPDIR: temporary, LANG: 'C', LC_ALL: 'C' },
    ...(existsSync(shared) && { STM_SHARED: shared }),
  };
  const steps = [
    ['clone', 'git', ['clone', '--quiet', root, clone], folder],
    ['set-up', 'node', ['setup/run.mjs', 'setup']],
    ['doctor', 'npm', ['run', 'doctor']],
    ['reproduce', 'npm', ['run', 'reproduce']],
    ['test', 'npm', ['test', ...(short ? ['--', ...shortSuites] : [])]],
  ];
  const outcomes = [];
  for (const [name, command, args, cwd = clone] of steps) {
    const log = join(folder, `${name}.log`);
    const descriptor = openSync(log, 'w');
    const start = Date.now();
    const words = ['-c', 'umask 077; exec "$@"', 'sh', command, ...args];
    const { status } = spawnSync('/bin/sh', words, {
      cwd,
      env: scrubbed,
      stdio: ['ignore', descriptor, descriptor],
    });
    closeSync(descriptor);
    const seconds = Math.round((Date.now() - start) / 1000);
    const fault = status === 0 ? shortfall(name, readFileSync(log, 'utf8')) : `exit ${status}`;
    outcomes.push({ name, seconds, fault });
    stdout.write(`  ${name}: ${fault ?? 'passed'}, ${seconds} s\n`);
    if (fault !== undefined) {
      stdout.write(`${readFileSync(log, 'utf8').split('\n').slice(-25).join('\n')}\n  whole log: ${log}\n`);
      break;
    }
  }
  const passed = outcomes.length === steps.length && outcomes.every(({ fault }) => fault === undefined);
  if (passed && !keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  return { passed, outcomes };
}

/** What a step that ended with 0 did without. */
function shortfall(name, log) {
  if (name === 'doctor') return /^.*\b(missing|BROKEN)\b.*$/m.exec(log)?.[0].replace(/\s+/g, ' ');
  if (name === 'set-up') return /^.*Cure:.*$/m.exec(log)?.[0];
  if (name === 'reproduce') return /^.*(are not executed|tracked offline).*$/m.exec(log)?.[0];
  return undefined;
}

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    short: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    python: { type: 'string', multiple: true },
    node: { type: 'string', multiple: true },
  },
});
const pythons =
  values.python?.map((name) => pythonOf(name) ?? { version: `none at ${name}` }) ?? pythonsHere();
const unusable = pythons.find(({ path }) => path === undefined);
if (unusable !== undefined || pythons.length === 0) {
  stdout.write(`no Python from 3.10 on: ${unusable?.version ?? 'none on this machine'}\n`);
  exit(2);
}
const nodes = values.node?.map(Number) ?? testedNodes;
// Each Python with the first Node.js, each Node.js with the first Python: what depends on both at once is the kernel alone.
const rows = [
  ...pythons.map((python) => ({ python, node: nodes[0] })),
  ...nodes.slice(1).map((node) => ({ python: pythons[0], node })),
];
const results = [];
for (const row of rows) {
  const label = `Python ${row.python.version}, Node.js ${row.node}`;
  stdout.write(`${label} (${row.python.path})\n`);
  results.push({ label, ...runRow(row, values) });
}
const width = Math.max(...results.map(({ label }) => label.length)) + 2;
stdout.write(`\n${values.short ? 'short' : 'whole'}\n`);
for (const { label, passed, outcomes } of results) {
  const steps = outcomes.map(
    ({ name, seconds, fault }) => `${name} ${fault === undefined ? '' : 'FAILED '}${seconds} s`,
  );
  stdout.write(`${label.padEnd(width)}${passed ? 'passed' : 'FAILED'}  ${steps.join(', ')}\n`);
}
exit(results.every(({ passed }) => passed) ? 0 : 1);
