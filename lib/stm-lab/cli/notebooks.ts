import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { sha256, sha256File } from 'research-basics/files';
import { pythonEnvironment } from 'research-basics/pythonEnvironment';
import { throwIfStopped } from 'research-basics/pace';
import {
  environmentProgram,
  homeFolder,
  libraryHash,
  readExtraction,
  readStageRecord,
  runStage,
  type Project,
} from '../pipeline';
import { terminalContext } from './context';
import type { Terminal } from './terminal';

/** Results on which figures and notebooks depend, by hash; a stage that diverged has none, or lacks parts. */
export function resultHashes(lab: Project): Record<string, string> {
  const { features, split, reduction, search, model, evaluation, crossValidation, ablation } = lab.folders;
  const stages = { split, reduction, search, model, evaluation, crossValidation, ablation };
  return {
    features: readExtraction(features).sha256['features.npy'],
    manifest: lab.manifest.hash,
    library: libraryHash(),
    ...Object.fromEntries(
      Object.entries(stages).map(([name, folder]) => {
        const { key, failed } = readStageRecord(folder) ?? { key: 'none', failed: undefined };
        return [name, failed === undefined ? key : sha256({ key, failed })];
      }),
    ),
  };
}

/** Hash of each notebook and of the scripts that execute them: a change of any is a reason to execute again. */
export function notebookHashes(home: string, notebooks: readonly string[]): Record<string, string> {
  const files = [
    ...notebooks.map((name) => path.join(home, 'notebooks', name)),
    ...['notebooks.py', 'notebook_page.py'].map((name) => path.join(home, 'setup', name)),
  ];
  return Object.fromEntries(files.map((file) => [path.basename(file), sha256File(file)]));
}

/** Notebooks that read the corpus alone, so that they can run beside those that build on each other. */
const INDEPENDENT = /^(09-tmnn|10-learnable-strf|11-hearing-modulations|12-open-questions)\.ipynb$/;

/** A kernel with TensorFlow takes up to 1.2 GB and mostly one core. */
function notebooksAtATime(): number {
  // Within a container's limit; 0 where there is none.
  const bytes = Math.min(os.totalmem(), process.constrainedMemory() || Infinity);
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(bytes / 3e9)));
}

/** Executes the notebooks on the results and keeps the executed copies; a failing one gives exit code 1. */
export async function executeNotebooks(
  lab: Project,
  parameters: {
    readonly manifest: string | undefined;
    readonly results: string;
    readonly preset: string;
  },
  terminal: Terminal,
): Promise<{ code: number; files: string[] }> {
  const home = homeFolder();
  const python = environmentProgram('python');
  const folder = path.join(home, 'notebooks');
  const out = path.join(path.dirname(lab.folders.figures), 'notebooks');
  if (!fs.existsSync(python)) {
    terminal.warn(
      'notebooks are not executed: the Python environment is missing; "npm run doctor" names the fix',
    );
    return { code: 0, files: [] };
  }
  if (!fs.existsSync(folder)) {
    terminal.warn(
      `notebooks are not executed: ${folder} is missing; it is part of a clone of the repository`,
    );
    return { code: 0, files: [] };
  }
  const notebooks = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .sort();
  const environment: Record<string, string> = {
    STM_LAB_RESULTS: parameters.results,
    STM_LAB_PRESET: parameters.preset,
    ...(parameters.manifest === undefined ? {} : { STM_LAB_MANIFEST: path.resolve(parameters.manifest) }),
  };
  let code = 0;
  const request = {
    stage: 'notebooks',
    folder: out,
    parameters: { notebooks, experiment: lab.experiment },
    inputs: {
      ...resultHashes(lab),
      ...notebookHashes(home, notebooks),
    },
    onStale: (sentence: string) => terminal.warn(sentence),
    run: async (): Promise<string[]> => {
      code = await spawned(
        python,
        [
          path.join(home, 'setup', 'notebooks.py'),
          '--out', out,
          '--timeout', '1200',
          '--html',
          ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
          '--jobs', String(notebooksAtATime()),
          ...notebooks.filter((name) => INDEPENDENT.test(name)).flatMap((name) => ['--beside', path.join(folder, name)]),
          ...notebooks.filter((name) => !INDEPENDENT.test(name)).map((name) => path.join(folder, name)),
        ],
        terminalContext(terminal).signal,
      ); // prettier-ignore
      return notebooks
        .flatMap((name) => [name, name.replace(/\.ipynb$/, '.html')])
        .filter((name) => fs.existsSync(path.join(out, name)));
    },
  };
  const { record } = await runStage(request);
  // A failed notebook is executed again next time.
  if (code !== 0) fs.rmSync(path.join(out, 'stage.json'), { force: true });
  return { code, files: Object.keys(record.outputs).map((name) => path.join(out, name)) };
}

/** The status of a program that ran to its end; it is ended when this process is asked to stop, or exits. */
async function spawned(program: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env: pythonEnvironment() });
  const end = (): void => void child.kill('SIGTERM');
  const endNow = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  process.once('exit', endNow);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status, by) => resolve(by === null ? (status ?? 1) : 130));
    });
    throwIfStopped(signal, 'executing notebooks');
    return code;
  } finally {
    signal.removeEventListener('abort', end);
    process.off('exit', endNow);
  }
}
