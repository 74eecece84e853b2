import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { pythonEnvironment } from 'research-basics/pythonEnvironment';
import { requireOption } from '../faults/preload';
import { root, setupModule, temporaryFolder } from './workbench';

interface Environment {
  cleanEnvironment(env: NodeJS.ProcessEnv): void;
  withoutPreloads(options: string): string;
}
interface LockPython {
  readonly oldestReleases: readonly string[];
  faultOn(release: string, lock?: string): Promise<string | undefined>;
}
type Incompatibility = (printed: string, python: { version: string; path: string }) => string | undefined;

let environment: Environment;
let lockPython: LockPython;
let incompatibility: Incompatibility;
let parseSettings: (text: string) => Record<string, string>;
let nodeFault: (version: string) => string | undefined;
before(async () => {
  environment = (await import(setupModule('environment.mjs'))) as Environment;
  lockPython = (await import(setupModule('lockPython.mjs'))) as LockPython;
  ({ incompatibility } = (await import(setupModule('steps/incompatibility.mjs'))) as {
    incompatibility: Incompatibility;
  });
  ({ parseSettings } = (await import(setupModule('steps/packageSources.mjs'))) as {
    parseSettings: typeof parseSettings;
  });
  ({ nodeFault } = (await import(setupModule('nodeVersion.mjs'))) as { nodeFault: typeof nodeFault });
});

const uv = path.join(root, '.venv', 'bin', 'uv');
const debian = { version: '3.11.2', path: '/usr/bin/python3' };

/** Why the resolver cannot be asked, or false: it needs uv and a package index. */
async function noIndex(): Promise<string | false> {
  if (!existsSync(uv)) return 'SKIPPED: .venv/bin/uv is missing ("npm run doctor" says why)';
  const fault = await lockPython.faultOn('3.11.2');
  return fault !== undefined && /dns error|connect|error sending request|timed out/i.test(fault)
    ? 'SKIPPED: no package index can be reached'
    : false;
}

test(
  'the first releases of the oldest supported Pythons can install the lock',
  { timeout: 600_000 },
  async (context) => {
    const skip = await noIndex();
    if (skip !== false) return context.skip(skip);
    const check = async (release: string): Promise<void> =>
      assert.equal(await lockPython.faultOn(release), undefined, release);
    // Those of newer Pythons are asked whenever the lock is made: npm run lock:python.
    await Promise.all(lockPython.oldestReleases.slice(0, 2).map(check));
  },
);

test('a package that a Python cannot have is named with the version it wants', async (context) => {
  const skip = await noIndex();
  if (skip !== false) return context.skip(skip);
  const lock = path.join(temporaryFolder(context), 'lock.txt');
  // Debian 12 has Python 3.11.2; this release wants 3.11.5.
  writeFileSync(lock, 'soupsieve==4.1.1\n');
  assert.equal(
    incompatibility((await lockPython.faultOn('3.11.2', lock)) ?? '', debian),
    'soupsieve 4.1.1 needs Python >=3.11.5, and this is Python 3.11.2 (/usr/bin/python3)',
  );
  writeFileSync(lock, 'soupsieve==4.1.99\n');
  assert.equal(
    incompatibility((await lockPython.faultOn('3.11.2', lock)) ?? '', debian),
    'soupsieve 4.1.99 cannot be found for Python 3.11.2 (/usr/bin/python3)',
  );
});

test('what pip says of a package that a Python cannot have is understood too', () => {
  const printed = `Collecting soupsieve==4.1.1
ERROR: Ignored the following versions that require a different python version: 4.0.0 Requires-Python >=3.12; 4.1.1 Requires-Python >=3.11.5
ERROR: Could not find a version that satisfies the requirement soupsieve==4.1.1 (from versions: 1.0, 2.10)
ERROR: No matching distribution found for soupsieve==4.1.1`;
  assert.equal(
    incompatibility(printed, debian),
    'soupsieve 4.1.1 needs Python >=3.11.5, and this is Python 3.11.2 (/usr/bin/python3)',
  );
  assert.equal(incompatibility('ERROR: No space left on device', debian), undefined);
});

test('variables that send Python, pip, uv and kernels elsewhere are removed, and the way to the network stays', () => {
  const env: NodeJS.ProcessEnv = {
    ...{ HOME: root, PATH: '/usr/bin', LANG: 'C', HTTPS_PROXY: 'http://proxy:1', SSL_CERT_FILE: '/c.pem' },
    ...{
      PIP_INDEX_URL: 'https://mirror/simple',
      PIP_CERT: '/c.pem',
      UV_DEFAULT_INDEX: 'https://mirror/simple',
    },
    PYTHONUNBUFFERED: '1',
  };
  const stray = {
    ...{ PYTHONPATH: '/foreign', PYTHONHOME: '/foreign', PYTHONSTARTUP: '/foreign', PYTHONOPTIMIZE: '2' },
    ...{
      PYTHONWARNINGS: 'error',
      PYTHONINSPECT: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      JUPYTER_PATH: '/foreign',
    },
    ...{ VIRTUAL_ENV: '/foreign', CONDA_PREFIX: '/conda', CONDA_DEFAULT_ENV: 'base' },
    ...{ PIP_USER: '1', PIP_TARGET: '/foreign', PIP_PREFIX: '/foreign', PIP_REQUIRE_VIRTUALENV: '1' },
    ...{ PIP_NO_BINARY: ':all:', PIP_CONSTRAINT: '/foreign', UV_PYTHON: '3.9', UV_TARGET: '/foreign' },
    UV_SYSTEM_PYTHON: '1',
  };
  const cleaned: NodeJS.ProcessEnv = { ...env, ...stray };
  environment.cleanEnvironment(cleaned);
  for (const name of Object.keys(stray)) assert.equal(cleaned[name], undefined, name);
  for (const [name, value] of Object.entries(env)) assert.equal(cleaned[name], value, name);
  assert.equal(cleaned['PYTHONUTF8'], '1');
  // The library, which starts MLflow and notebooks also without set-up, has the same rule.
  const library = pythonEnvironment({ ...env, ...stray });
  const ofPython = (all: NodeJS.ProcessEnv): string[] =>
    Object.keys(all)
      .filter((name) => !/^(PIP|UV)_/.test(name))
      .sort();
  assert.deepEqual(ofPython(library), ofPython(cleaned));
});

test('a home folder that cannot be written sends caches and settings into the workbench', () => {
  const cleaned: NodeJS.ProcessEnv = { HOME: '/dev/null' };
  const before = process.env['HOME'];
  try {
    process.env['HOME'] = '/dev/null';
    environment.cleanEnvironment(cleaned);
  } finally {
    if (before === undefined) delete process.env['HOME'];
    else process.env['HOME'] = before;
  }
  const names = ['XDG_CACHE_HOME', 'UV_CACHE_DIR', 'PIP_CACHE_DIR', 'npm_config_cache', 'JUPYTER_DATA_DIR'];
  for (const name of names) assert.ok(cleaned[name]?.startsWith(path.join(root, '.cache')), name);
});

test('code that an editor loads into each process is kept out, memory limits are not', () => {
  const { withoutPreloads } = environment;
  const bootloader = '--require "/a path/boot loader.js" --inspect-publish-uid=http';
  assert.equal(withoutPreloads(`${bootloader} --max-old-space-size=4096`), '--max-old-space-size=4096');
  assert.equal(withoutPreloads('--import=/x.mjs -r /y.js --inspect-brk=0'), '');
  assert.equal(
    withoutPreloads(' --stack-trace-limit=50   --no-warnings '),
    '--stack-trace-limit=50 --no-warnings',
  );
});

test("pip's settings: places are followed, targets are not, variables outdo files", () => {
  const text = [
    ...[":env:.index-url='https://mine/simple'", "global.index-url='https://ours/simple'"],
    ...[
      "global.extra-index-url='\\nhttps://a\\nhttps://b'",
      "install.user='true'",
      "install.target='/elsewhere'",
    ],
    ...["install.trusted-host='ours'", "global.trusted-host='other'", ":env:.require-virtualenv='1'"],
  ];
  assert.deepEqual(parseSettings(text.join('\n')), {
    'index-url': 'https://mine/simple',
    'extra-index-url': 'https://a https://b',
    'trusted-host': 'ours',
  });
});

test('the rule on versions of Node.js is in one sentence', () => {
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '23.1.0', '24.21.0', '26.10.0'])
    assert.equal(nodeFault(version), undefined, version);
  for (const version of ['12.22.1', '18.20.8', '20.18.3', '21.7.0', '22.11.0'])
    assert.match(
      nodeFault(version) ?? '',
      /^Node\.js [\d.]+ cannot run this: install Node\.js .*\.$/,
      version,
    );
});

test(
  'an editor that loads code into every process does not break the doctor',
  { timeout: 300_000 },
  (context) => {
    const boot = path.join(temporaryFolder(context), 'boot.js');
    writeFileSync(boot, 'process.stderr.write("Debugger attached.\\n");\n');
    const foreign = temporaryFolder(context);
    writeFileSync(path.join(foreign, 'nbformat.py'), 'raise ImportError("a foreign nbformat")\n');
    const run = path.join(root, 'setup', 'run.mjs');
    const { stdout } = spawnSync(process.execPath, [run, 'doctor', '--json'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: requireOption(boot), PYTHONPATH: foreign, PYTHONHOME: foreign },
    });
    const { parts } = JSON.parse(stdout) as { parts: { part: string; state: string; reason?: string }[] };
    const kernel = parts.find(({ part }) => part.startsWith('notebook kernel'));
    // Where the Python packages could not be installed the reason names them, never the foreign module.
    assert.ok(kernel?.state === 'works' || /Python/.test(kernel?.reason ?? ''), JSON.stringify(kernel));
  },
);
