// Resolves setup/python/requirements.txt once for all supported versions of Python, with hashes, and checks that the first
// release of each (3.11.0, say, where many machines have 3.11.2) can install the result from wheels.
//   npm run lock:python [-- --check | --upgrade]
import { rmSync, writeFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { runShort } from './command.mjs';
import { cleanEnvironment } from './environment.mjs';
import { root, venvFolder } from './paths.mjs';
import { packageSources } from './steps/packageSources.mjs';

const folder = join(root, 'setup', 'python');
const uv = join(venvFolder, 'bin', 'uv');

/** Supported versions of Python, each as its first release. */
export const oldestReleases = ['3.10.0', '3.11.0', '3.12.0', '3.13.0', '3.14.0'];

async function compile(args, env) {
  const { code, stderr } = await runShort(uv, ['pip', 'compile', '--quiet', ...args], {
    env,
    timeoutMs: 300_000,
  });
  return code === 0 ? undefined : stderr.trim();
}

/**
 * Whether a release of Python can install the locked packages from wheels on Linux.
 *
 * @param lock the lock file.
 * @returns undefined, or what uv says against it.
 */
export async function faultOn(release, lock = join(folder, 'lock.txt')) {
  const scratch = mkdtempSync(join(tmpdir(), 'stm-lab-lock-'));
  try {
    const platform = ['--python-version', release, '--python-platform', 'x86_64-manylinux_2_28'];
    const args = [...platform, '--only-binary', ':all:', lock, '-o', join(scratch, 'resolved.txt')];
    return await compile(args, await packageSources());
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function lockAll(upgrade) {
  const env = await packageSources();
  const universal = ['--universal', '--generate-hashes', '--python-version', '3.10', '--no-emit-index-url'];
  const options = [...universal, '--custom-compile-command', 'npm run lock:python', ...upgrade];
  const scratch = mkdtempSync(join(tmpdir(), 'stm-lab-lock-'));
  try {
    const installer = join(scratch, 'installer.in');
    writeFileSync(installer, /^uv==\S+/m.exec(readFileSync(join(folder, 'installer.txt'), 'utf8'))[0]);
    for (const [source, target] of [
      [join(folder, 'requirements.txt'), 'lock.txt'],
      [installer, 'installer.txt'],
    ]) {
      const fault = await compile([...options, '--no-annotate', source, '-o', join(folder, target)], env);
      if (fault !== undefined) return `${source}: ${fault}`;
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return undefined;
}

async function main(args) {
  cleanEnvironment(process.env);
  const fault = args.includes('--check')
    ? undefined
    : await lockAll(args.includes('--upgrade') ? ['--upgrade'] : []);
  if (fault !== undefined) {
    console.log(fault);
    return 1;
  }
  let code = 0;
  for (const release of oldestReleases) {
    const against = await faultOn(release);
    console.log(`Python ${release}: ${against ?? 'can install every locked package'}`);
    if (against !== undefined) code = 1;
  }
  return code;
}

if (argv[1] !== undefined && resolve(argv[1]) === import.meta.filename) exit(await main(argv.slice(2)));
