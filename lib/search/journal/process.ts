import * as fs from 'node:fs';
import * as os from 'node:os';

/** When a process started, in clock ticks since boot; tells a reused process number apart (Linux only). */
function startTicks(pid: number): string {
  try {
    const status = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

const host = os.hostname().replace(/[\s/]/g, '-');
let own: string | undefined;

/** This process as text without blanks: host/process number/start. */
export function thisProcess(): string {
  own ??= `${host}/${process.pid}/${startTicks(process.pid)}`;
  return own;
}

/** Whether a process (as `thisProcess` names it, more may follow after a slash) lives; `unknown` on another machine. */
export function isAlive(name: string): 'alive' | 'dead' | 'unknown' {
  const [theirHost, pidText, start] = name.split('/');
  const pid = Number(pidText);
  if (theirHost !== host || !Number.isInteger(pid) || pid <= 0) return 'unknown';
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'dead';
  }
  const now = startTicks(pid);
  return now === 'zombie' || (start && now && start !== now) ? 'dead' : 'alive';
}
