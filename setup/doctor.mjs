import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { execPath, exit, stdout, versions } from 'node:process';
import { runShort } from './command.mjs';
import { cacheFolder, root, venvFolder, venvPython, workFolder } from './paths.mjs';
import { progressLine } from './progress.mjs';
import { readStamp } from './stamp.mjs';

const versionOf = (name) => readStamp(join(root, 'node_modules', name, 'package.json'))?.version;
const works = (version) => ({ state: 'works', version });
const fails = (reason, cure, version = '') => ({ state: 'fails', version, reason, cure });
/** Longest time for one answer, ms: a busy machine is not taken for a broken one. */
const PATIENCE = 180_000;
const attempt = (command, args, env) => runShort(command, args, { env, timeoutMs: PATIENCE });
const failed = (tried, cure, version = '') =>
  tried.late
    ? {
        state: 'late',
        version,
        reason: `no answer within ${PATIENCE / 1000} s`,
        cure: 'run "npm run doctor" again when this machine has less to do',
      }
    : fails(tried.reason ?? firstError(tried), cure, version);
const firstError = ({ stderr, signal, code }) =>
  stderr
    .split('\n')
    .map((line) => line.trim())
    .find((line) => /error/i.test(line)) ?? `ended with ${signal ?? code}`;

/** Each part is tried, not looked up: `need` says whether anything runs without it. */
const parts = [
  { name: 'Node.js', need: 'required', attempt: () => works(versions.node) },
  { name: 'npm packages', step: 'packages', need: 'required', attempt: tryPackages },
  { name: 'library (lib/*/dist)', step: 'build', need: 'required', attempt: tryLibrary },
  { name: 'TensorFlow on WebAssembly', need: 'required', attempt: () => tryEngine('wasm') },
  { name: 'TensorFlow, native', step: 'native', need: 'optional', attempt: () => tryEngine('native') },
  {
    name: 'Python',
    step: 'python',
    need: 'optional',
    attempt: () => tryPython('import sys; print(sys.version.split()[0])'),
  },
  { name: 'JupyterLab', step: 'python', need: 'optional', attempt: () => tryModule('jupyterlab') },
  { name: 'nbclient', step: 'python', need: 'optional', attempt: () => tryModule('nbclient') },
  { name: 'MLflow', step: 'python', need: 'optional', attempt: () => tryModule('mlflow') },
  { name: 'notebook kernel (tslab)', step: 'kernel', need: 'optional', attempt: tryKernel },
  { name: 'speech synthesis (eSpeak NG)', need: 'optional', attempt: trySpeech },
];

/**
 * Prints each part of the workbench: version, whether it works, and the fix where it does not.
 * Exits with 0 when everything required works.
 *
 * @param args `--json` prints the report as JSON.
 * @param missing parts that set-up could not bring up.
 */
export async function doctor(args, missing) {
  const rows = [];
  let current = '';
  const progress = progressLine('trying', () => current, 'silent');
  for (const part of parts) {
    current = part.name;
    const unavailable = missing.find(({ step }) => step.name === part.step);
    const found =
      unavailable === undefined ? await part.attempt() : fails(unavailable.reason, unavailable.cure);
    rows.push({ part: part.name, need: part.need, ...found });
  }
  progress.end();
  const healthy = rows.every(({ need, state }) => need === 'optional' || state === 'works');
  const machine = describeMachine();
  if (args.includes('--json')) {
    stdout.write(`${JSON.stringify({ healthy, parts: rows, machine }, null, 2)}\n`);
  } else {
    for (const line of report(rows, machine)) stdout.write(`${line}\n`);
  }
  exit(healthy ? 0 : 1);
}

function wordFor(state, need) {
  if (state !== 'fails') return state;
  return need === 'optional' ? 'missing' : 'BROKEN';
}

function report(rows, machine) {
  const width = Math.max(...rows.map(({ part }) => part.length)) + 2;
  const lines = rows.flatMap(({ part, need, state, version, reason, cure }, index) => [
    `${part.padEnd(width)}${wordFor(state, need).padEnd(10)}${version ?? ''}`,
    ...(reason && reason !== rows[index - 1]?.reason ? [`${' '.repeat(width)}${reason}`] : []),
    ...(cure && cure !== rows[index - 1]?.cure ? [`${' '.repeat(width)}cure: ${cure}`] : []),
  ]);
  return [...lines, '', ...Object.entries(machine).map(([name, value]) => `${name.padEnd(width)}${value}`)];
}

function describeMachine() {
  const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
  const free = (folder) => {
    const space = statfsSync(folder);
    return gigabytes(space.bavail * space.bsize);
  };
  return {
    processor: `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${gigabytes(totalmem())}, ${gigabytes(freemem())} free`,
    'free disk': `${free(root)} here${existsSync(cacheFolder) ? `, ${free(cacheFolder)} in the cache (${cacheFolder})` : ''}`,
  };
}

function tryPackages() {
  const packages = readStamp(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (packages === undefined) return fails('node_modules is missing', 'run "npm ci --ignore-scripts"');
  return works(`${Object.keys(packages).length} packages, TypeScript ${versionOf('typescript')}`);
}

async function tryLibrary() {
  const main = join(root, 'lib', 'stm-lab', 'dist', 'cli', 'main.js');
  const tried = await attempt(execPath, ['-e', `require(${JSON.stringify(main)})`]);
  const { version } = readStamp(join(root, 'lib', 'stm-lab', 'package.json'));
  return tried.code === 0 ? works(version) : failed(tried, 'run "npm run build"', version);
}

/** Multiplies two matrices on the engine and says how fast. */
async function tryEngine(name) {
  const script = `
    require(${JSON.stringify(join(root, 'lib', 'stm-lab', 'dist', 'engine'))}).loadEngine().then(async ({ tf, description }) => {
      const size = 512;
      const a = tf.randomUniform([size, size], -1, 1, 'float32', 1);
      const error = await tf.matMul(a, tf.eye(size)).sub(a).abs().max().data();
      if (!(error[0] < 1e-5)) throw new Error('a matrix product is wrong by ' + error[0]);
      const start = performance.now();
      for (let i = 0; i < 8; i += 1) await tf.tidy(() => tf.matMul(a, a)).data();
      const rate = (8 * 2 * size ** 3) / (performance.now() - start) / 1e6;
      console.log(description + ', ' + rate.toFixed(0) + ' GFLOP/s');
    });`;
  const tried = await attempt(execPath, ['-e', script], { STM_LAB_ENGINE: name });
  if (tried.code === 0) return works(tried.stdout.trim().split('\n').pop());
  return failed(
    tried,
    name === 'native'
      ? `remove ${cacheFolder} and run "npm run doctor" again`
      : 'run "npm ci --ignore-scripts"',
  );
}

async function tryPython(script) {
  const tried = await attempt(venvPython, ['-c', script]);
  return tried.code === 0
    ? works(tried.stdout.trim().split('\n').pop())
    : failed(tried, `remove ${venvFolder} and run "npm run doctor" again`);
}

const tryModule = (name) => tryPython(`import ${name}; print(${name}.__version__)`);

/** Runs a one-cell notebook, types checked, through the strict runner. */
async function tryKernel() {
  const folder = join(workFolder, 'doctor');
  const notebook = join(folder, 'kernel.ipynb');
  mkdirSync(folder, { recursive: true });
  const cell = {
    cell_type: 'code',
    id: 'a',
    metadata: {},
    outputs: [],
    execution_count: null,
    source: 'const n: number = 6 * 7;',
  };
  writeFileSync(notebook, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const runner = join(root, 'setup', 'notebooks.py');
  const tried = await attempt(venvPython, [
    runner,
    notebook,
    '--out',
    join(folder, 'out'),
    '--timeout',
    '60',
  ]);
  const version = versionOf('tslab');
  if (tried.code === 0) return works(`${version}, TypeScript ${versionOf('@tslab/typescript-for-tslab')}`);
  const reason = tried.stdout.trim().split('\n')[1]?.trim();
  return failed({ ...tried, reason }, 'run "npm ci --ignore-scripts", then "npm run doctor"', version);
}

async function trySpeech() {
  const name = '@echogarden/espeak-ng-emscripten';
  const version = versionOf(name);
  if (version === undefined) {
    return fails('not installed; the demo corpus then has no speech', `run "npm install --no-save ${name}"`);
  }
  const script = `import(${JSON.stringify(name)}).then((loaded) => loaded.default())`;
  const tried = await attempt(execPath, ['-e', script]);
  return tried.code === 0 ? works(version) : failed(tried, `run "npm ci --ignore-scripts"`, version);
}
