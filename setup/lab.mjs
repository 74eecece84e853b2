import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exit, kill, pid, stdin } from 'node:process';
import { root, venvPython } from './paths.mjs';
import { say } from './progress.mjs';
import { kernelStep } from './steps/kernel.mjs';

/** JupyterLab on `notebooks/`, reachable from this machine only. `args` go to JupyterLab. */
export function lab(args) {
  if (!kernelStep.check()) {
    say('JupyterLab or its kernel is not installed; "npm run doctor" says why and how to get it');
    exit(3);
  }
  const notebooks = join(root, 'notebooks');
  mkdirSync(notebooks, { recursive: true });
  const child = spawn(
    venvPython,
    [
      ...['-m', 'jupyterlab', '--ServerApp.ip=127.0.0.1', `--ServerApp.root_dir=${notebooks}`],
      ...[
        '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
        '--LabApp.news_url=None',
        ...args,
      ],
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' } },
  );
  handSignalsTo(child);
}

/** A child's end becomes ours; signals reach it, except those the terminal has already sent to both. */
export function handSignalsTo(child) {
  const heard = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of heard) {
    process.on(signal, () => {
      if (!(signal === 'SIGINT' && stdin.isTTY)) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    say(error.message);
    exit(3);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) exit(code);
    process.removeAllListeners(signal);
    kill(pid, signal);
  });
}
