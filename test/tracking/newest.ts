/**
 * The comparison with Python's client, and the presigned addresses of a real store, on the newest MLflow of the package
 * index instead of the locked one.
 *
 *   npm run test:tracking:newest [-- --folder DIR]
 *
 * Installs MLflow into an environment below DIR (default: a temporary folder, deleted afterwards; one that is given is
 * kept and used again).
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder } from './support';

const { values } = parseArgs({ options: { folder: { type: 'string' } } });
const root = path.resolve(__dirname, '../..');
const folder = values.folder ?? temporaryFolder();
const programs = path.join(folder, 'newest', 'bin');

function run(program: string, args: string[], env: NodeJS.ProcessEnv): void {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`, { cause: error });
}

function main(): void {
  if (!fs.existsSync(programs))
    run(path.join(root, '.venv/bin/python'), ['-m', 'venv', path.dirname(programs)], {});
  const pip = (...args: string[]): void =>
    run(path.join(programs, 'python'), ['-m', 'pip', 'install', '-q', '--upgrade', ...args], {});
  pip('mlflow', 'pillow', 'boto3', 'moto[server]');
  // Parts of MLflow that the index receives later (mlflow-skinny) would hold the resolver at an older version;
  // the package itself contains them all.
  pip('--no-deps', 'mlflow');
  run(path.join(programs, 'python'), ['-c', 'import mlflow; print("MLflow", mlflow.__version__)'], {});
  const tests = ['python', 'presigned'].map((name) => `test/tracking/${name}.test.ts`);
  run(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=spec', ...tests], {
    STM_LAB_TEST_PYTHON: programs,
  });
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (values.folder === undefined) fs.rmSync(folder, { recursive: true, force: true });
}
