/** Hann window of `length` values, 0 at its beginning; it would be 0 again at `period` (default: just after its end). */
export function hannWindow(length: number, period = length): Float64Array {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / period));
}
