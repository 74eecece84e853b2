/** Tells whether a worker is silent for too long. */
export interface SilenceWatch {
  /** The worker gave a sign of life. */
  heard(): void;
  /** To be called every `tickMs`; `silent` once more than `limitMs` were ticked without a sign. */
  tick(limitMs: number): 'waiting' | 'silent';
}

/**
 * Counts silence in ticks of the watcher's own timer, not by a clock: while this process is stopped, the laptop
 * suspended, or its thread busy, no tick happens, however far the clock moves; and the signs that arrived meanwhile are
 * heard before the tick after. At least two ticks pass before a worker counts as silent.
 */
export function createSilenceWatch(tickMs: number): SilenceWatch {
  let ticks = 0;
  return {
    heard: () => void (ticks = 0),
    tick(limitMs) {
      ticks++;
      return ticks > 2 && ticks * tickMs > limitMs ? 'silent' : 'waiting';
    },
  };
}
