import * as os from 'node:os';
import { noteProcess, processState } from '../../base/process';

const host = os.hostname().replace(/[\s/]/g, '-');
let own: string | undefined;

/** This process as text without blanks: host/process number/start. */
export function thisProcess(): string {
  if (own === undefined) {
    const { pid, ticks = '' } = noteProcess();
    own = `${host}/${pid}/${ticks}`;
  }
  return own;
}

/** Whether a process (as `thisProcess` names it, more may follow after a slash) lives; `unknown` on another machine. */
export function isAlive(name: string): 'alive' | 'dead' | 'unknown' {
  const [theirHost, pidText, start] = name.split('/');
  const pid = Number(pidText);
  if (theirHost !== host || !Number.isInteger(pid) || pid <= 0) return 'unknown';
  return processState({ pid, host: os.hostname(), ...(start ? { ticks: Number(start) } : {}) });
}
