// The environment in which set-up and everything that it starts run. The library has the same rule for Python children
// that it starts itself (lib/research-basics/pythonEnvironment.ts): there nothing of setup/ can be imported.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Python's own variables that only change how it prints and caches; all others send it elsewhere or change what code means,
 * or (PYTHONDONTWRITEBYTECODE) make every start compile Jupyter and MLflow again.
 */
const harmlessPython = /^PYTHON(UNBUFFERED|PYCACHEPREFIX|UTF8|IOENCODING|HASHSEED|FAULTHANDLER)$/;

/** What may be said of pip and uv from outside: where packages come from and how to reach them, not where they go. */
export const pipSources = [
  ...[
    'index-url',
    'extra-index-url',
    'find-links',
    'no-index',
    'trusted-host',
    'cert',
    'client-cert',
    'proxy',
  ],
  ...['timeout', 'default-timeout', 'retries', 'cache-dir', 'no-cache-dir', 'keyring-provider'],
];
const variable = (option) => option.toUpperCase().replaceAll('-', '_');
const harmlessPip = new Set(['PIP_CONFIG_FILE', ...pipSources.map((option) => `PIP_${variable(option)}`)]);
const harmlessUv =
  /^UV_((DEFAULT_|EXTRA_)?INDEX(_URL|_STRATEGY)?|INDEX_.+_(USERNAME|PASSWORD)|FIND_LINKS|NO_INDEX|INSECURE_HOST|(NATIVE_TLS|SYSTEM_CERTS)|CACHE_DIR|NO_CACHE|LINK_MODE|HTTP_(TIMEOUT|PROXY|RETRIES)|HTTPS_PROXY|NO_PROXY|KEYRING_PROVIDER|CONCURRENT_.+|OFFLINE)$/;

/** An active environment of another project, and settings that put another kernel in place of ours. */
const foreign =
  /^(VIRTUAL_ENV(_PROMPT)?|CONDA_(PREFIX(_\d+)?|DEFAULT_ENV|PROMPT_MODIFIER|SHLVL)|__PYVENV_LAUNCHER__|JUPYTER_PATH|VSCODE_INSPECTOR_OPTIONS)$/;

const strayVariable = (name) =>
  foreign.test(name) ||
  (/^PYTHON[A-Z0-9]/.test(name) && !harmlessPython.test(name)) ||
  (name.startsWith('PIP_') && !harmlessPip.has(name)) ||
  (name.startsWith('UV_') && !harmlessUv.test(name));

/**
 * `NODE_OPTIONS` without what loads code of others into each process or waits for a debugger, as editors set it: such code
 * prints on standard error, where a notebook may print nothing. Memory limits and the like stay.
 */
export function withoutPreloads(options) {
  const words = options.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  const kept = [];
  for (let i = 0; i < words.length; i += 1) {
    const [name] = words[i].split('=', 1);
    const loads = ['-r', '--require', '--import', '--loader', '--experimental-loader'].includes(name);
    if (loads && !words[i].includes('=')) i += 1;
    if (!loads && !/^--(inspect|debug)/.test(name)) kept.push(words[i]);
  }
  return kept.join(' ');
}

const writable = (folder) => {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** Holds caches and settings where the home folder cannot be written. */
const spare = fileURLToPath(new URL('../.cache/home', import.meta.url));

function homeOf(env) {
  try {
    return homedir();
  } catch {
    // A user without an entry in the system's list, as containers have.
    return (env.HOME = spare);
  }
}

/**
 * Makes an environment fit for set-up and all that it starts, in place: nothing of other Python environments, editors and
 * personal pip settings decides what is installed where and what runs.
 *
 * @param env this process's own, so that every child inherits it.
 */
export function cleanEnvironment(env) {
  for (const name of Object.keys(env)) if (strayVariable(name)) delete env[name];
  if (env.NODE_OPTIONS !== undefined) env.NODE_OPTIONS = withoutPreloads(env.NODE_OPTIONS);
  // Packages in ~/.local are not ours; and file names are UTF-8 whatever the locale says.
  env.PYTHONNOUSERSITE = '1';
  env.PYTHONUTF8 ??= '1';
  const home = homeOf(env);
  if (!writable(env.XDG_CACHE_HOME || join(home, '.cache'))) {
    env.XDG_CACHE_HOME = join(spare, 'cache');
    for (const tool of ['pip', 'uv']) env[`${tool.toUpperCase()}_CACHE_DIR`] = join(spare, 'cache', tool);
  }
  if (!writable(env.npm_config_cache || join(home, '.npm'))) env.npm_config_cache = join(spare, 'npm');
  if (!writable(home)) {
    env.JUPYTER_CONFIG_DIR = join(spare, 'jupyter');
    env.JUPYTER_DATA_DIR = join(spare, 'jupyter-data');
    env.IPYTHONDIR = join(spare, 'ipython');
    env.MPLCONFIGDIR = join(spare, 'matplotlib');
  }
}
