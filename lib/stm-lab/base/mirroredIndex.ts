/**
 * Where a value lies that is read before the first or after the last of `length`: in their mirror image, in which neither end
 * is repeated. An image longer than the values turns back again.
 *
 * @param index integer, negative too
 * @param length number of values, 1 or more
 * @returns integer, 0 ... length - 1
 */
export function mirroredIndex(index: number, length: number): number {
  const period = Math.max(1, 2 * (length - 1));
  const place = ((index % period) + period) % period;
  return Math.min(place, period - place);
}
