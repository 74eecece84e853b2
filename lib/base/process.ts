import * as fs from 'node:fs';
import * as os from 'node:os';

/** A process as notes, journals and locks name it, precise enough to tell whether it still lives. */
export interface ProcessNote {
  readonly pid: number;
  readonly host: string;
  /** Start time in kernel ticks (Linux), which tells it from a later process of the same number. */
  readonly ticks?: number;
}

/** State letter and start time of a process, where /proc tells them. */
function kernelRecord(pid: number): { state: string | undefined; ticks: number | undefined } {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold spaces and brackets; the fields count from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[19]);
    return { state: fields[0], ticks: Number.isFinite(ticks) ? ticks : undefined };
  } catch {
    return { state: undefined, ticks: undefined };
  }
}

/** A process of this machine as a note; `pid` by default this process. */
export function noteProcess(pid: number = process.pid): ProcessNote {
  const { ticks } = kernelRecord(pid);
  return { pid, host: os.hostname(), ...(ticks === undefined ? {} : { ticks }) };
}

/** Whether a noted process still runs: `unknown` when it belongs to another machine, which cannot be asked. */
export function processState({ pid, host, ticks }: ProcessNote): 'alive' | 'dead' | 'unknown' {
  if (host !== os.hostname()) return 'unknown';
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'dead';
  }
  const now = kernelRecord(pid);
  // A zombie has ended and waits for its parent to notice.
  if (now.state === 'Z') return 'dead';
  return ticks === undefined || now.ticks === ticks ? 'alive' : 'dead';
}
