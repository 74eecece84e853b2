import * as fs from 'node:fs';
import * as path from 'node:path';

/** The package's own folder, seen from `dist/stages/`. */
const packageFolder = path.resolve(__dirname, '..', '..');

/** The clone of the repository that this copy of the package is part of; undefined where it was installed. */
function cloneFolder(): string | undefined {
  const top = path.resolve(packageFolder, '..', '..');
  try {
    const { name } = JSON.parse(fs.readFileSync(path.join(top, 'package.json'), 'utf8')) as { name?: string };
    return name === 'stm-lab-workbench' ? top : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where results, the Python environment and notebooks lie: `STM_LAB_HOME`, else the clone of the repository, else the
 * working folder.
 */
export function homeFolder(): string {
  return process.env.STM_LAB_HOME ?? cloneFolder() ?? process.cwd();
}

/** Path of a program in the Python environment that set-up makes in the home folder; it may be missing. */
export function environmentProgram(name: 'mlflow' | 'python'): string {
  return path.join(homeFolder(), '.venv', 'bin', name);
}

/**
 * A folder that travels with stm-lab: that of `STM_LAB_HOME` or of the clone of the repository where there is one, else
 * the copy inside the package.
 */
export function shippedFolder(name: 'experiments' | 'data-manifests'): string {
  const places = [process.env.STM_LAB_HOME, cloneFolder()].filter((place) => place !== undefined);
  const found = places.map((place) => path.join(place, name)).find((folder) => fs.existsSync(folder));
  return found ?? path.join(packageFolder, name);
}
