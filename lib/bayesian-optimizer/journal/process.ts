import * as os from 'node:os';
import { describeProcess, processState } from 'research-basics/process';

const host = os.hostname().replace(/[\s/~]/g, '-');
let own: string | undefined;

/** This process as text without blanks: host~place/process number/start (see `ProcessNote`). */
export function thisProcess(): string {
  if (own === undefined) {
    const { pid, ticks = '', place = '' } = describeProcess();
    own = `${host}~${place}/${pid}/${ticks}`;
  }
  return own;
}

/** Whether a process (as `thisProcess` names it, more may follow after a slash) lives; `unknown` on another machine. */
export function isAlive(name: string): 'alive' | 'dead' | 'unknown' {
  const [machine = '', pidText, start] = name.split('/');
  const [theirHost, place] = machine.split('~');
  const pid = Number(pidText);
  if (theirHost !== host || !Number.isInteger(pid) || pid <= 0) return 'unknown';
  return processState({
    pid,
    host: os.hostname(),
    ...(start ? { ticks: Number(start) } : {}),
    ...(place ? { place } : {}),
  });
}
