/** Joins pieces of a signal: all samples of the first, then those of the next. */
export function concatenate(pieces: readonly Float32Array[]): Float32Array {
  const output = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    output.set(piece, at);
    at += piece.length;
  }
  return output;
}
