import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { runLong, runShort, SetupError } from '../command.mjs';
import { root, venvFolder, venvPython } from '../paths.mjs';
import { contentOf, hashOf, readStamp, removeStamp, writeStamp, writeWhole } from '../stamp.mjs';

const stampFile = join(venvFolder, '.stm-lab.json');
const unfinished = join(venvFolder, '.unfinished');
const requirements = join(root, 'setup', 'requirements.txt');
const constraints = join(root, 'setup', 'constraints.txt');

// A virtual environment holds absolute paths, so one that was moved is rebuilt.
const key = () => hashOf(contentOf(requirements), contentOf(constraints), root);

/** `.venv`: JupyterLab, nbclient and MLflow at exact versions. */
export const pythonStep = {
  name: 'python',
  title: 'Python packages',
  required: false,
  without: 'no notebooks, and runs are kept in the local journal only (send them later with "stm-lab sync")',
  check: () => readStamp(stampFile)?.key === key() && existsSync(venvPython),
  async make({ lock }) {
    const stamp = readStamp(stampFile);
    const reusable = existsSync(venvPython) && !existsSync(unfinished) && (stamp?.root ?? root) === root;
    if (!reusable) {
      const python = await findPython();
      rmSync(venvFolder, { recursive: true, force: true });
      writeWhole(unfinished, '');
      await runLong('Python environment', python, ['-m', 'venv', venvFolder], { lock, detail: () => python });
    }
    removeStamp(stampFile);
    writeWhole(unfinished, '');
    const version = (
      await runShort(venvPython, ['-c', 'import sys; print(sys.version_info[1])'])
    ).stdout.trim();
    await runLong(
      'Python packages',
      venvPython,
      [
        ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
        ...['--timeout', '30', '--retries', '3', '-r', requirements],
        // The full list was resolved on 3.11; an older Python needs older versions of some packages.
        ...(Number(version) >= 11 ? ['-c', constraints] : []),
      ],
      {
        lock,
        cure: 'check that PyPI can be reached ("python3 -m pip download nbclient"), then run "npm run doctor"',
      },
    );
    writeStamp(stampFile, { key: key(), root });
    rmSync(unfinished);
  },
};

/**
 * The first Python from 3.10 on that can make virtual environments; `STM_LAB_PYTHON` goes first.
 *
 * @throws SetupError saying which of Python and its venv module is missing.
 */
export async function findPython() {
  const candidates = [env.STM_LAB_PYTHON, 'python3.11', 'python3', 'python3.12', 'python3.13', 'python3.10'];
  let bare;
  for (const candidate of candidates.filter(Boolean)) {
    const found = await runShort(candidate, [
      '-c',
      'import sys; print("%d.%d" % sys.version_info[:2]); import venv, ensurepip',
    ]);
    const version = found.stdout.trim();
    if (!/^3\.\d+$/.test(version) || Number(version.slice(2)) < 10) continue;
    if (found.code === 0) return candidate;
    bare ??= version;
  }
  if (bare !== undefined) {
    throw new SetupError(
      `Python ${bare} is there, but cannot make virtual environments`,
      'install the package python3-venv ("apt-get install python3-venv"), then run "npm run doctor"',
    );
  }
  throw new SetupError(
    'no Python from 3.10 on was found',
    'install python3 and python3-venv ("apt-get install python3-venv"), then run "npm run doctor"',
  );
}
