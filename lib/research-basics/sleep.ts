const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread: for the few places that must wait without giving way, such as a lock. */
export function sleep(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}
