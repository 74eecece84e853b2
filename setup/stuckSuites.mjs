import { execFileSync } from 'node:child_process';
import { kill, stdout } from 'node:process';

/** A test file that runs longer has stopped making progress: the slowest takes 3 min on 2 cores. */
const LIMIT_SECONDS = 15 * 60;

/** The processes of this machine: number, parent, age in seconds, and the line to print. */
function processes() {
  const text = execFileSync('ps', ['-eo', 'pid=,ppid=,etimes=,time=,stat=,wchan:20=,args='], {
    encoding: 'utf8',
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [pid, parent, age] = line.trim().split(/\s+/, 3).map(Number);
      return { pid, parent, age, line };
    });
}

/** A line's ends: newer Nodes put a dozen options before the name of a test file. */
const shortened = (line) => (line.length <= 260 ? line : `${line.slice(0, 110)} … ${line.slice(-140)}`);

/** A process and all below it, itself first. */
function family(all, top) {
  const found = [top];
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.pid));
  return found;
}

/**
 * Ends, once a minute, every test file below the process `runner` that has run for too long, with all it started, after
 * printing what each of them was doing. The runner then reports the file as failed and continues with the next, where it
 * would otherwise wait for ever.
 *
 * @returns a function that ends the watch.
 */
export function endStuckSuites(runner, { limitSeconds = LIMIT_SECONDS, everySeconds = 60 } = {}) {
  const timer = setInterval(() => {
    let all;
    try {
      all = processes();
    } catch {
      return; // No ps: nothing is watched.
    }
    const suites = all.filter(({ parent, line }) => parent === runner && line.includes('.test.ts'));
    for (const suite of suites.filter(({ age }) => age > limitSeconds)) {
      const members = family(all, suite);
      stdout.write(
        `\nstuck for ${Math.round(suite.age / 60)} min and ended (number, parent, age in s, processor time, state, waits in, command):\n` +
          `${members.map(({ line }) => shortened(line)).join('\n')}\n`,
      );
      for (const { pid } of members.reverse()) {
        try {
          kill(pid, 'SIGKILL');
        } catch {
          // Ended by itself meanwhile.
        }
      }
    }
  }, everySeconds * 1000);
  return () => clearInterval(timer);
}
