import * as fs from 'node:fs';
import * as os from 'node:os';
import type { Writer } from './journal';

/** Start time of a process in kernel ticks, where /proc tells it. */
export function processTicks(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command (field 2) may hold spaces and brackets; field 22 counts from behind it.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}

/** This process, as noted in journals and locks. */
export function thisProcess(): Writer {
  const ticks = processTicks(process.pid);
  return { pid: process.pid, host: os.hostname(), ...(ticks === undefined ? {} : { ticks }) };
}

/** Whether a noted process still runs: `unknown` when it belongs to another machine. */
export function processState(writer: Writer): 'alive' | 'dead' | 'unknown' {
  if (writer.host !== os.hostname()) return 'unknown';
  try {
    process.kill(writer.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'dead';
  }
  if (writer.ticks !== undefined && processTicks(writer.pid) !== writer.ticks) return 'dead';
  return 'alive';
}
