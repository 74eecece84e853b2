import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type PeerName =
  'keras' | 'torch' | 'hebo' | 'smac' | 'librosa' | 'onnxruntime' | 'musicnn' | 'modulation';

interface Peer {
  /** Environment variable that names another interpreter. */
  readonly variable: string;
  /** Modules that tell whether an interpreter has what is needed. */
  readonly imports: string;
  readonly packages: readonly string[];
  /** Installed without what they depend on. */
  readonly alone?: readonly string[];
  readonly size: string;
}

/** Python environments of the peers that benchmarks measure against. None is part of the workbench itself. */
const PEERS: Readonly<Record<PeerName, Peer>> = {
  keras: {
    variable: 'STM_LAB_KERAS_PYTHON',
    imports: 'keras, tensorflow',
    packages: ['keras==3.15.1', 'tensorflow-cpu==2.21.0'],
    size: '2 GB',
  },
  // Optuna's Gaussian process needs torch, and BoTorch is written in it.
  torch: {
    variable: 'STM_LAB_TORCH_PYTHON',
    imports: 'torch, optuna, scipy',
    packages: ['torch==2.15.0', 'optuna==5.0.0', 'botorch==0.18.1', 'scipy', 'numpy'],
    size: '6 GB',
  },
  // HEBO 0.3.6 asks for a numpy of 2023, and so for all else of that time.
  hebo: {
    variable: 'STM_LAB_HEBO_PYTHON',
    imports: 'hebo.optimizers.hebo',
    packages: [
      'HEBO==0.3.6',
      'numpy==1.24.4',
      'scipy==1.11.4',
      'pandas==2.0.3',
      'torch==2.2.2',
      'scikit-learn==1.3.2',
      'gpytorch==1.11',
      'GPy==1.13.2',
      'pymoo==0.6.0',
      'catboost==1.2.5',
      'matplotlib==3.8.4',
      'setuptools<70',
    ],
    size: '6 GB',
  },
  smac: {
    variable: 'STM_LAB_SMAC_PYTHON',
    imports: 'smac',
    packages: ['smac==2.4.1'],
    size: '500 MB',
  },
  librosa: {
    variable: 'STM_LAB_LIBROSA_PYTHON',
    imports: 'librosa',
    packages: ['librosa==0.11.0'],
    size: '500 MB',
  },
  onnxruntime: {
    variable: 'STM_LAB_ONNXRUNTIME_PYTHON',
    imports: 'onnxruntime, numpy',
    packages: ['onnxruntime==1.32.0', 'numpy'],
    size: '100 MB',
  },
  // Its declared dependencies are of 2019: the package is installed without them, beside today's.
  musicnn: {
    variable: 'STM_LAB_MUSICNN_PYTHON',
    imports: 'musicnn, tf_keras, librosa',
    packages: ['tensorflow-cpu==2.21.0', 'tf-keras==2.21.0', 'librosa==0.11.0'],
    alone: ['musicnn==0.1.0'],
    size: '2 GB',
  },
  // Requires Python 3.11 or later.
  modulation: {
    variable: 'STM_LAB_MODULATION_PYTHON',
    imports: 'soundsig.sound, pygaborstm',
    packages: ['soundsig==3.1.1', 'pygaborstm==0.1.1'],
    size: '1 GB',
  },
};

const folderOf = (name: PeerName): string => join(homedir(), '.cache', 'stm-lab', 'peers', name);
const keptPython = (name: PeerName): string => join(folderOf(name), 'bin', 'python');

const works = (python: string, imports: string): boolean =>
  spawnSync(python, ['-c', `import ${imports}`], { stdio: 'ignore' }).status === 0;

/**
 * The interpreter of a peer where there is one: the one named by its variable, else that of the kept environment,
 * which is whole when it is there.
 */
export function findPeer(name: PeerName): string | undefined {
  const { variable, imports } = PEERS[name];
  const named = process.env[variable];
  if (named !== undefined) return works(named, imports) ? named : undefined;
  const kept = keptPython(name);
  return existsSync(kept) ? kept : undefined;
}

/**
 * The interpreter of a peer; its environment is made once, from PyPI, in `~/.cache/stm-lab/peers`.
 *
 * @throws Error with the fix when it cannot be made, or when the interpreter named by the peer's variable lacks it.
 */
export function peerPython(name: PeerName): string {
  const found = findPeer(name);
  if (found !== undefined) return found;
  const { variable, imports, packages, alone = [], size } = PEERS[name];
  const named = process.env[variable];
  if (named !== undefined)
    throw new Error(`${variable}=${named}: cannot import ${imports}; unset it to have an environment made`);
  const folder = folderOf(name);
  const making = `${folder}.${process.pid}.tmp`;
  console.error(`making a Python environment with ${packages.join(', ')} (${size}, once): ${folder}`);
  try {
    mkdirSync(join(folder, '..'), { recursive: true });
    execFileSync('python3', ['-m', 'venv', making], { stdio: ['ignore', 2, 2] });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--prefer-binary'];
    const install = (...what: readonly string[]): void =>
      void execFileSync(join(making, 'bin', 'python'), [...pip, ...what], { stdio: ['ignore', 2, 2] });
    install(...packages);
    if (alone.length > 0) install('--no-deps', ...alone);
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw new Error(
      `the peer ${name} could not be installed; set ${variable} to a Python that imports ${imports}`,
      { cause: error },
    );
  }
  return keptPython(name);
}

/** Runs a benchmark; one that cannot run ends with one line and exit code 2. */
export async function benchmark(run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
