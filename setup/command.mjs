import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { env as ownEnv, kill, pid } from 'node:process';
import { progressLine } from './progress.mjs';
import { root, workFolder } from './paths.mjs';

/** A part that could not be installed: why, and what the user can do about it. Both are whole phrases. */
export class SetupError extends Error {
  constructor(reason, cure) {
    super(reason);
    this.cure = cure;
  }
}

/**
 * Runs a long command behind one progress line, its output going to a log file.
 *
 * @param title what is being done, as the progress line names it.
 * @param options `env` is added to the environment; `detail` is asked for a short text on how far it is
 *   (default: the last line printed); `lock` is the descriptor that keeps the set-up lock while it runs;
 *   `cure` is the advice when it fails.
 * @returns what it printed.
 * @throws SetupError with the last lines printed when it exits with anything but 0.
 */
export async function runLong(title, command, args, { cwd = root, env = {}, detail, lock, cure = '' } = {}) {
  mkdirSync(workFolder, { recursive: true });
  const logFile = join(workFolder, `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.log`);
  const log = createWriteStream(logFile);
  const stdio = ['ignore', 'pipe', 'pipe', ...(lock === undefined ? [] : [lock])];
  const child = spawn(command, args, { cwd, env: { ...ownEnv, ...env }, stdio });
  let printed = '';
  let lastLine = '';
  const collect = (chunk) => {
    printed = (printed + chunk).slice(-100_000);
    lastLine = String(chunk).trim().split(/\r|\n/).pop() || lastLine;
    log.write(chunk);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const progress = progressLine(title, () => (detail === undefined ? lastLine : detail()));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const forward = () => {
      child.kill(signal);
      child.once('close', () => kill(pid, signal));
    };
    process.once(signal, forward);
    return () => process.off(signal, forward);
  });
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  for (const off of signals) off();
  progress.end();
  await new Promise((resolve) => log.end(resolve));
  if (code === 0) return printed;
  const error = new SetupError(
    `${lastWords(printed) || `${command} ended with ${code}`} (log: ${logFile})`,
    cure,
  );
  throw Object.assign(error, { output: printed, unreachable: unreachable.test(printed) });
}

const unreachable =
  /connection (broken|refused|reset)|NewConnectionError|dns error|tcp connect error|error sending request|ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|name resolution/i;

/** The lines that say what went wrong, on one line. */
function lastWords(text) {
  if (unreachable.test(text)) return 'the package registry cannot be reached';
  const lines = text
    .split(/\r|\n/)
    .map((line) => line.replace(/^(npm )?error:?/i, '').trim())
    .filter((line) => line !== '' && !line.startsWith('A complete log'));
  const errors = lines.filter((line) => /error|cannot|not found|no space|denied/i.test(line));
  return (errors.length > 0 ? errors.slice(0, 2) : lines.slice(-2)).join('; ').slice(0, 400);
}

/**
 * Runs a short command silently. Returns its exit code (`null`: could not run) and what it printed; `late` when it was
 * stopped because it took longer than `timeoutMs`.
 */
export function runShort(command, args, { cwd = root, env = {}, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...ownEnv, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const start = performance.now();
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (output.stdout += chunk));
    child.stderr.on('data', (chunk) => (output.stderr += chunk));
    child.on('error', (error) => resolve({ code: null, signal: null, stdout: '', stderr: error.message }));
    child.on('close', (code, signal) => {
      const late = signal === 'SIGKILL' && performance.now() - start >= timeoutMs;
      resolve({ code, signal, late, ...output });
    });
  });
}
