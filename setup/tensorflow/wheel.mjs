import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { arch, platform, report } from 'node:process';
import { runLong, runShort, SetupError } from '../command.mjs';
import { venvPython } from '../paths.mjs';
import { packageSources } from '../steps/packageSources.mjs';
import { findPython, pythonStep } from '../steps/python.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const requirement = join(here, 'wheel.txt');
const wheelBytes = 273_829_956;

export const wheelVersion = /tensorflow-cpu==(\S+)/.exec(readFileSync(requirement, 'utf8'))[1];

/**
 * Takes the TensorFlow libraries out of the wheel that PyPI holds for Python users.
 *
 * @param folder receives `deps/include` and `deps/lib`.
 */
export async function obtainFromWheel(folder, lock) {
  if (platform !== 'linux' || arch !== 'x64' || report.getReport().header.glibcVersionRuntime === undefined) {
    throw new SetupError(
      `there is no known source of native TensorFlow for ${platform} ${arch}`,
      'use Linux on x86-64 with glibc',
    );
  }
  const python = pythonStep.check() ? venvPython : await pythonWithPip();
  const download = join(folder, 'download');
  const temporary = join(folder, 'tmp');
  for (const made of [download, temporary]) mkdirSync(made, { recursive: true });
  await runLong(
    'native TensorFlow',
    python,
    [
      ...['-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
      ...['--no-cache-dir', '--timeout', '30', '--retries', '3', '--no-deps', '--only-binary=:all:'],
      // The C libraries are the same in every wheel of this version; naming one makes any Python 3 able to fetch it.
      ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
      ...['--platform', 'manylinux_2_27_x86_64', '--require-hashes', '-r', requirement, '-d', download],
    ],
    {
      lock,
      env: { ...(await packageSources(python)), TMPDIR: temporary },
      detail: () => `downloading, ${megabytes(sizeOf(folder))} of ${megabytes(wheelBytes)}`,
      cure: 'check that PyPI can be reached ("python3 -m pip download nbclient"), then run "npm run doctor"',
    },
  );
  const wheel = join(download, readdirSync(download)[0]);
  await runLong('native TensorFlow', python, [join(here, 'unpack_wheel.py'), wheel, join(folder, 'deps')], {
    lock,
    detail: () => `unpacking, ${megabytes(sizeOf(join(folder, 'deps')))}`,
    cure: 'free 1.2 GB of disk, or set STM_LAB_CACHE to a folder on another disk',
  });
  for (const done of [download, temporary]) rmSync(done, { recursive: true });
}

async function pythonWithPip() {
  const { path } = await findPython();
  if ((await runShort(path, ['-m', 'pip', '--version'])).code === 0) return path;
  throw new SetupError(
    `${path} has no pip`,
    'install python3-venv ("apt-get install python3-venv"), then run "npm run doctor"',
  );
}

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;

function sizeOf(folder) {
  let bytes = 0;
  try {
    for (const name of readdirSync(folder, { recursive: true })) {
      const entry = statSync(join(folder, name), { throwIfNoEntry: false });
      if (entry?.isFile()) bytes += entry.size;
    }
  } catch {
    // Files come and go while they are counted; the next update counts again.
  }
  return bytes;
}
