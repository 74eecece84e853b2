import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError } from 'research-basics/errors';
import { homeFolder } from '../../pipeline';
import { type Command } from '../command';
import { terminalContext } from '../context';
import { stopSignal } from '../interrupt';

/** Commands of the workbench's own set-up, which lies beside the library in the repository. */
function setupCommand(name: 'lab' | 'doctor', summary: string, details: string): Command {
  return {
    name,
    summary,
    positionals: '[ARGUMENT...]',
    options: {},
    passesOn: true,
    details,
    example: `stm-lab ${name}`,
    run(_options, positionals, terminal) {
      const script = path.join(homeFolder(), 'setup', 'run.mjs');
      if (!fs.existsSync(script)) {
        throw environmentError(
          `${script} is missing: "stm-lab ${name}" works in a clone of the repository; clone it, or set STM_LAB_HOME`,
        );
      }
      return new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [script, name, ...positionals], { stdio: 'inherit' });
        const { signal } = terminalContext(terminal);
        signal.addEventListener('abort', () => child.kill(stopSignal()), { once: true });
        child.on('error', reject);
        child.on('exit', (code) => resolve(code ?? 1));
      });
    },
  };
}

export const lab = setupCommand(
  'lab',
  'Open JupyterLab on the notebooks, with the TypeScript kernel.',
  'On 127.0.0.1; Ctrl-C stops it.',
);

export const doctor = setupCommand(
  'doctor',
  'Check every component: status, version, fix.',
  'Exit 0 when everything that is required works, else 1.',
);
