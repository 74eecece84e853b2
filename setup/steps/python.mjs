import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { runLong, runShort, SetupError } from '../command.mjs';
import { root, venvFolder, venvPython } from '../paths.mjs';
import { say } from '../progress.mjs';
import { contentOf, hashOf, readStamp, writeStamp } from '../stamp.mjs';
import { incompatibility } from './incompatibility.mjs';
import { packageSources } from './packageSources.mjs';

const stampFile = join(venvFolder, '.stm-lab.json');
const inFolder = (name) => join(root, 'setup', 'python', name);
const requirements = inFolder('requirements.txt');
const lockFile = inFolder('lock.txt');
/** uv, which installs the rest several times faster than pip. */
const installer = inFolder('installer.txt');
const unreachableCure =
  'check that PyPI can be reached ("python3 -m pip download nbclient"), then run "npm run doctor"';

// A virtual environment holds absolute paths, so one that was moved is rebuilt.
const key = () => hashOf(contentOf(lockFile), contentOf(installer), root);

/** `.venv`: JupyterLab, nbclient and MLflow, every package at the locked version. */
export const pythonStep = {
  name: 'python',
  title: 'Python packages',
  required: false,
  without:
    'no notebooks, and runs are recorded in the local journal only (send them later with "stm-lab sync")',
  check: () => readStamp(stampFile)?.key === key() && existsSync(venvPython),
  async make({ lock }) {
    const pythons = await findPythons();
    const faults = [];
    for (const python of pythons) {
      try {
        // The stamp goes with the folder and comes back last: what was interrupted is set up again.
        rmSync(venvFolder, { recursive: true, force: true });
        await makeEnvironment(python, lock);
        await installPackages(python, lock);
        await checkInstalled();
        writeStamp(stampFile, { key: key(), python: python.version });
        return;
      } catch (error) {
        if (!(error instanceof SetupError) || error.unreachable) throw error;
        faults.push(error);
        const next = pythons[pythons.indexOf(python) + 1];
        if (next !== undefined)
          say(`  Python packages: ${error.message}; trying Python ${next.version} (${next.path})`);
      }
    }
    throw faults.length === 1
      ? faults[0]
      : new SetupError(faults.map(({ message }) => message).join('; '), faults[0].cure);
  },
};

/**
 * Makes `.venv` with pip in it. Debian keeps the part of Python that puts pip there in a package of its own; without it
 * the Python's own pip does, else a `uv` on the path.
 */
async function makeEnvironment(python, lock) {
  const bare = python.ensurepip ? [] : ['--without-pip'];
  const make = ['-m', 'venv', ...bare, venvFolder];
  const cure = `install a Python with its venv module ("apt-get install python3-venv"), then run "npm run doctor"`;
  await runLong('Python environment', python.path, make, { lock, detail: () => python.path, cure });
}

/** Installs the locked packages with uv; with pip where uv cannot be installed or fails. */
async function installPackages(python, lock) {
  const options = { lock, cure: unreachableCure };
  const own = python.ensurepip ? venvPython : python.path;
  const sources = await packageSources(own);
  const pip = (...more) => [
    ...['-m', 'pip', ...(python.ensurepip ? [] : ['--python', venvPython])],
    ...['install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--no-compile'],
    // The lock is complete: nothing is left to resolve.
    ...['--timeout', '30', '--retries', '3', '--no-deps', '--require-hashes', ...more],
  ];
  const uv = await obtainUv(python, pip('-r', installer), { ...options, env: sources });
  const attempt = async (command, args) => {
    try {
      await runLong('Python packages', command, args, { ...options, env: sources });
      return undefined;
    } catch (error) {
      const fault = incompatibility(error.output ?? '', python);
      if (fault === undefined) return error;
      throw new SetupError(fault, 'install another Python from 3.10 on, or name one in STM_LAB_PYTHON');
    }
  };
  const withUv = [
    'pip',
    'install',
    '--python',
    venvPython,
    '--no-progress',
    '--require-hashes',
    '-r',
    lockFile,
  ];
  if (uv !== undefined && (await attempt(uv, withUv)) === undefined) return;
  if (!python.pip)
    throw new SetupError(
      `Python ${python.version} (${python.path}) has neither pip nor ensurepip`,
      'install the package python3-venv ("apt-get install python3-venv"), then run "npm run doctor"',
    );
  const error = await attempt(own, pip('-r', lockFile));
  if (error !== undefined) throw error;
}

/** uv inside `.venv`, else the one on the path; undefined when there is none. */
async function obtainUv(python, install, options) {
  const own = join(venvFolder, 'bin', 'uv');
  if (python.pip) {
    try {
      await runLong('Python installer', python.ensurepip ? venvPython : python.path, install, options);
      return own;
    } catch (error) {
      if (error.unreachable) throw error;
    }
  }
  return (await runShort('uv', ['--version'])).code === 0 ? 'uv' : undefined;
}

/** What was asked for lies in `.venv`, wherever settings that nobody thought of may send packages. */
async function checkInstalled() {
  const wanted = Object.fromEntries(
    [...readFileSync(requirements, 'utf8').matchAll(/^([\w-]+)==(\S+)$/gm)].map(([, name, version]) => [
      name,
      version,
    ]),
  );
  const script = `
import importlib.metadata as metadata, json, sys
for name, wanted in json.loads(sys.argv[1]).items():
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        sys.exit(name + " is missing")
    if found.version != wanted or not str(found.locate_file("")).startswith(sys.prefix):
        sys.exit(f"{name} {found.version} is in {found.locate_file('')}")`;
  const { code, stderr } = await runShort(venvPython, ['-c', script, JSON.stringify(wanted)]);
  if (code !== 0)
    throw new SetupError(
      `the packages were installed, but not into ${venvFolder} (${stderr.trim().split('\n').pop()})`,
      'look for settings of pip or uv that redirect installations ("pip config list"), then run "npm run doctor"',
    );
}

/**
 * The Pythons from 3.10 on that can make virtual environments, in the order in which they are tried: the one that
 * `STM_LAB_PYTHON` names and no other, else `python3` and the newer ones of the path.
 *
 * @throws SetupError saying what is missing.
 */
async function findPythons() {
  const named = env.STM_LAB_PYTHON;
  const numbered = ['3.13', '3.12', '3.14', '3.11', '3.10'].map((version) => `python${version}`);
  const names = named ? [named] : ['python3', ...numbered, '/usr/bin/python3'];
  const seen = new Map();
  for (const name of names) {
    const python = await describePython(name);
    if (python !== undefined && !seen.has(python.path)) seen.set(python.path, python);
  }
  const usable = [...seen.values()].filter(({ minor }) => minor >= 10);
  if (usable.length === 0) {
    const found = [...seen.values()].map(({ version, path }) => `${version} (${path})`).join(', ');
    throw new SetupError(
      `no Python from 3.10 on was found${found ? `, only ${found}` : ''}${named ? `: STM_LAB_PYTHON is ${named}` : ''}`,
      'install python3 and python3-venv ("apt-get install python3-venv"), then run "npm run doctor"',
    );
  }
  return usable;
}

/** A Python's version and place, and which of its modules that set-up uses are there; undefined when it does not start. */
async function describePython(name) {
  const script = `
import importlib.util as util, json, sys
has = lambda name: util.find_spec(name) is not None
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "minor": sys.version_info[1], "path": sys.executable,
                  "ensurepip": has("ensurepip"), "pip": has("pip") or has("ensurepip")}))`;
  const { code, stdout } = await runShort(name, ['-c', script]);
  if (code !== 0) return undefined;
  try {
    const python = JSON.parse(stdout);
    return python.version.startsWith('3.') ? python : undefined;
  } catch {
    return undefined;
  }
}

/** The first Python that can be used, for what needs no packages. */
export const findPython = async () => (await findPythons())[0];
