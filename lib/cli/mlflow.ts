import * as fs from 'node:fs';
import * as path from 'node:path';
import { homeFolder } from '../pipeline';
import { findMlflow } from '../tracking';

/** The MLflow that set-up installed beside the project, else the one on the search path. */
export function mlflowExecutable(): string {
  const own = path.join(homeFolder(), '.venv', 'bin', 'mlflow');
  return fs.existsSync(own) ? own : findMlflow();
}
