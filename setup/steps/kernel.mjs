import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { SetupError } from '../command.mjs';
import { root, venvFolder } from '../paths.mjs';
import { contentOf, writeWhole } from '../stamp.mjs';
import { pythonStep } from './python.mjs';

const kernelFile = join(venvFolder, 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
const tslab = join(root, 'node_modules', 'tslab', 'package.json');
const launcher = join(root, 'setup', 'kernel.cjs');

/** Written for this Node and this folder, so that nothing outside the workbench can change what runs. */
const description = () =>
  `${JSON.stringify(
    {
      argv: [execPath, launcher, '{connection_file}'],
      display_name: 'TypeScript (tslab)',
      language: 'typescript',
      env: { TF_CPP_MIN_LOG_LEVEL: '2' },
    },
    null,
    2,
  )}\n`;

/** The notebook kernel, known to the JupyterLab of `.venv` only. */
export const kernelStep = {
  name: 'kernel',
  title: 'notebook kernel',
  required: false,
  needs: 'python',
  without: 'no notebooks',
  check: () => pythonStep.check() && contentOf(kernelFile)?.toString() === description(),
  make() {
    if (!pythonStep.check()) throw new SetupError('needs the Python packages', 'as for the Python packages');
    if (!existsSync(tslab))
      throw new SetupError('tslab is not among the npm packages', 'run "npm ci --ignore-scripts"');
    writeWhole(kernelFile, description());
  },
};
