/**
 * Runs something the first time it is asked for; everyone who asks meanwhile or later shares the result. A failure is
 * not kept: the next to ask runs it again, unless it `wouldFailAgain`.
 */
export function once<T>(
  run: () => Promise<T>,
  wouldFailAgain: (error: unknown) => boolean = () => false,
): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    if (started !== undefined) return started;
    const own = run().catch((error: unknown) => {
      if (started === own && !wouldFailAgain(error)) started = undefined;
      throw error;
    });
    started = own;
    return own;
  };
}
