import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { env as ownEnv } from 'node:process';
import { runShort } from '../command.mjs';
import { pipSources } from '../environment.mjs';
import { venvPython } from '../paths.mjs';

/** uv's name for what pip calls otherwise. */
const uvNames = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  proxy: 'ALL_PROXY',
  timeout: 'UV_HTTP_TIMEOUT',
};

/**
 * Where packages come from, as environment variables for pip and uv alike: the user's pip settings (files and variables)
 * on indexes, proxies and certificates are followed; those on where and how to install (`user`, `target`, ...) are not.
 *
 * @param python has pip; its settings are read.
 */
export async function packageSources(python = venvPython) {
  const { stdout } = await runShort(python, ['-m', 'pip', 'config', 'list']);
  return sourcesOf(parseSettings(stdout));
}

/** The lines of `pip config list`, e.g. `global.index-url='...'`: a variable outdoes a file, a command's section the global one. */
export function parseSettings(text) {
  const lines = [...text.matchAll(/^(global|download|install|:env:)\.([\w-]+)=(.*)$/gm)];
  const order = ['global', 'download', 'install', ':env:'];
  lines.sort(([, a], [, b]) => order.indexOf(a) - order.indexOf(b));
  return Object.fromEntries(
    lines
      .filter(([, , option]) => pipSources.includes(option))
      .map(([, , option, value]) => [option, unquoted(value)]),
  );
}

/** A value as Python prints it: in quotes; several entries are on lines of their own. */
const unquoted = (text) =>
  text
    .trim()
    .replace(/^(['"])(.*)\1$/, '$2')
    .replaceAll('\\n', ' ')
    .replaceAll("\\'", "'")
    .replaceAll('\\\\', '\\')
    .trim();

function sourcesOf(settings) {
  const env = { PIP_CONFIG_FILE: devNull, UV_HTTP_TIMEOUT: '60' };
  for (const [option, value] of Object.entries(settings)) {
    env[`PIP_${option.toUpperCase().replaceAll('-', '_')}`] = value;
    const name = uvNames[option];
    if (name === undefined || ownEnv[name] !== undefined) continue;
    env[name] = option === 'find-links' ? presentPlaces(value).join(',') : value;
  }
  if (settings['no-index'] !== undefined && !/^(0|false|no|off)$/i.test(settings['no-index']))
    env.UV_NO_INDEX = '1';
  // As pip does: the best version of all indexes. What arrives is held against its hash.
  if (env.UV_INDEX !== undefined) env.UV_INDEX_STRATEGY = 'unsafe-best-match';
  if (env.UV_FIND_LINKS === '') delete env.UV_FIND_LINKS;
  return env;
}

/** pip passes over folders that are missing, uv does not. */
const presentPlaces = (value) =>
  value.split(/\s+/).filter((place) => /^\w+:\/\//.test(place) || existsSync(place));
