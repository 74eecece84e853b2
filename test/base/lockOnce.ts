// A process of its own for the tests of locks: takes a lock many times and counts in a file under it.
import * as fs from 'node:fs';
import { acquireLock } from 'research-basics/lock';
import { UserError } from 'research-basics/errors';

const [lockFile, counter, times] = process.argv.slice(2) as [string, string, string];
for (let done = 0; done < Number(times);) {
  let lock;
  try {
    lock = acquireLock(lockFile, 'counter', { leaseSeconds: 1 });
  } catch (error) {
    if (!(error instanceof UserError) || !/locked by/.test(error.message)) throw error;
    continue;
  }
  // Read, wait, write: two holders at once lose a count.
  const count = Number(fs.readFileSync(counter, 'utf8'));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  fs.writeFileSync(counter, String(count + 1));
  done++;
  // Every third time it is left behind as by a killed process: the next one has to take it over.
  if (done % 3 === 0)
    fs.writeFileSync(
      lockFile,
      JSON.stringify({ ...JSON.parse(fs.readFileSync(lockFile, 'utf8')), ticks: 1, pid: 999_999_999 }),
    );
  lock.release();
}
