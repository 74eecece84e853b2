import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';

/** A process as notes, journals and locks name it, precise enough to tell whether it still lives. */
export interface ProcessNote {
  readonly pid: number;
  readonly host: string;
  /** Start time in kernel ticks (Linux), which tells it from a later process of the same number. */
  readonly ticks?: number;
  /**
   * Machine, start of the machine, and space of process numbers (Linux), since nodes and containers may share a host
   * name: `machine.boot.namespace`, each 8 hexadecimal digits, `-` where unknown.
   */
  readonly place?: string;
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

let ownPlace: string | undefined;

function thisPlace(): string {
  // Hashed: a machine's number is not for files that travel.
  const digest = (read: () => string): string => {
    try {
      return createHash('sha256').update(read().trim()).digest('hex').slice(0, 8);
    } catch {
      return '-';
    }
  };
  return (ownPlace ??= [
    digest(() => fs.readFileSync('/etc/machine-id', 'utf8')),
    digest(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    digest(() => fs.readlinkSync('/proc/self/ns/pid')),
  ].join('.'));
}

/** A process of this machine as a note; `pid` by default this process. */
export function describeProcess(pid: number = process.pid): ProcessNote {
  const { ticks } = kernelRecord(pid);
  return { pid, host: os.hostname(), ...(ticks === undefined ? {} : { ticks }), place: thisPlace() };
}

/**
 * Whether a noted process still runs: `unknown` when it belongs to another machine or container, which cannot be
 * asked (see `watchFile` for its signs of life).
 */
export function processState({ pid, host, ticks, place }: ProcessNote): 'alive' | 'dead' | 'unknown' {
  if (host !== os.hostname()) return 'unknown';
  if (place !== undefined && place !== thisPlace()) {
    const [machine, boot] = thisPlace().split('.');
    const [theirMachine, theirBoot] = place.split('.');
    // This machine, started again since.
    if (theirMachine === machine && machine !== '-' && theirBoot !== boot) return 'dead';
    return 'unknown';
  }
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
