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

/** How long a child may take to end after it was asked to, ms. */
const GRACE_MS = 1500;

/**
 * A child's end becomes ours; signals reach it, except those the terminal has already sent to both. One that was asked
 * to stop ends with the status of the signal.
 */
export function handSignalsTo(child) {
  const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  let received;
  for (const signal of Object.keys(statuses)) {
    process.on(signal, () => {
      // On a terminal, JupyterLab asks whether Ctrl-C was meant.
      if (signal === 'SIGINT' && stdin.isTTY) return;
      received ??= signal;
      child.kill('SIGTERM');
      setTimeout(() => exit(statuses[received]), GRACE_MS);
    });
  }
  child.on('error', (error) => {
    say(error.message);
    exit(3);
  });
  child.on('exit', (code, signal) => {
    if (received !== undefined) exit(statuses[received]);
    if (signal === null) exit(code);
    process.removeAllListeners(signal);
    kill(pid, signal);
  });
}
