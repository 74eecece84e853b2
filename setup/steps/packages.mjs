import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { arch, env, execPath, platform, versions } from 'node:process';
import { runLong } from '../command.mjs';
import { packageFolders, root } from '../paths.mjs';
import { contentOf, hashOf, readStamp, writeStamp } from '../stamp.mjs';

const stampFile = join(root, 'node_modules', '.stm-lab.json');
const lockFile = join(root, 'package-lock.json');

const key = () =>
  hashOf(
    ...['package-lock.json', 'package.json', ...packageFolders.map((folder) => `${folder}/package.json`)].map(
      (name) => contentOf(join(root, name)),
    ),
    `${platform} ${arch} ${versions.modules}`,
  );

/** `node_modules` exactly as the lockfile says. */
export const packagesStep = {
  name: 'packages',
  title: 'npm packages',
  required: true,
  blocks: true,
  check() {
    if (readStamp(stampFile)?.key === key()) return true;
    if (!matchesLockfile()) return false;
    writeStamp(stampFile, { key: key() });
    return true;
  },
  async make({ lock }) {
    const npm = npmCommand();
    await runLong(
      'npm packages',
      npm[0],
      // Scripts stay off: the only one that matters downloads TensorFlow, which has its own step.
      [
        ...npm.slice(1),
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--fetch-retry-maxtimeout=15000',
        '--no-fund',
      ],
      {
        lock,
        detail: () => 'about 15 s on a fast line',
        cure: 'check that the npm registry can be reached ("npm ping") and run the command again',
      },
    );
    writeStamp(stampFile, { key: key() });
  },
};

/** The npm that started us, else the one on the path. */
export function npmCommand() {
  const starter = env.npm_execpath;
  return starter && basename(starter).startsWith('npm') && existsSync(starter)
    ? [execPath, starter]
    : ['npm'];
}

/**
 * Whether `node_modules` already holds what the lockfile asks for, as after `npm install` by hand: npm
 * writes its own record last, so an interrupted installation does not pass.
 */
function matchesLockfile() {
  const wanted = readStamp(lockFile)?.packages;
  const present = readStamp(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link || !path.includes('node_modules/')) return true;
    if (entry.optional) return true;
    const found = present[path];
    if (found?.version !== entry.version) return false;
    if ((found.integrity ?? entry.integrity) !== entry.integrity) return false;
    return readStamp(join(root, path, 'package.json'))?.version === entry.version;
  });
}
