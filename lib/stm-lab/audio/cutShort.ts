/**
 * The sentence about a recording that ends before its declared end. One rule for every format: the part that could be read is used,
 * and the recording carries this warning; it is refused only when nothing is left.
 *
 * @param have samples per channel that are there
 * @param declared samples per channel that the header promises
 */
export function cutShort(have: number, declared: number, sampleRate: number): string {
  const seconds = (samples: number): string => (samples / sampleRate).toFixed(2);
  return (
    `only ${have} of ${declared} declared samples are there (${seconds(have)} of ${seconds(declared)} s); ` +
    'the file is truncated or its header is wrong, and the part that could be read is used'
  );
}
