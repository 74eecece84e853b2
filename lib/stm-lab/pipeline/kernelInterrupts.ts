/** The interruptions of a process that stays, such as a notebook's kernel. */
export interface KernelInterrupts {
  /** Aborted by the next interruption; work that starts after one gets a new signal. */
  signal(): AbortSignal;
  /** Stops listening. */
  close(): void;
}

/**
 * Interruptions of a notebook's kernel (SIGINT, as Jupyter's stop button sends it): the kernel gives up the cell, and
 * what the cell had started would continue unseen. Undefined in a process in which nobody listens for SIGINT: it ends by
 * itself then, and must.
 */
export function kernelInterrupts(): KernelInterrupts | undefined {
  if (process.listenerCount('SIGINT') === 0) return undefined;
  let stop = new AbortController();
  const onInterrupt = (): void => {
    const before = stop;
    stop = new AbortController();
    before.abort();
  };
  process.on('SIGINT', onInterrupt);
  return { signal: () => stop.signal, close: () => void process.off('SIGINT', onInterrupt) };
}
