/** Sounds whose results are remembered. */
const REMEMBERED = 4;

/**
 * A computation on sounds that remembers its last four results, found again by the samples: what is computed of a
 * recording is the same for each region that it is filtered with.
 */
export function rememberLast<T>(compute: (samples: Float32Array) => T): (samples: Float32Array) => T {
  const known: { readonly samples: Float32Array; readonly result: T }[] = [];
  return (samples) => {
    const found = known.find(
      (entry) =>
        entry.samples.length === samples.length && samples.every((value, i) => value === entry.samples[i]),
    );
    if (found !== undefined) return found.result;
    const result = compute(samples);
    known.unshift({ samples: samples.slice(), result });
    known.length = Math.min(known.length, REMEMBERED);
    return result;
  };
}
