/** What responses of filters in bands are averaged over. */
export type BandAverage = 'time' | 'time-frequency';

/** Axes of rows that lie filter by filter, band by band. */
export interface BandAxes {
  /** Centre of each band, Hz; absent where bands are averaged. */
  readonly bandHz?: readonly number[];
}

/**
 * The values of an excerpt: as they are, or averaged over bands.
 *
 * @param values filters x bands, averaged over time.
 * @returns filters x bands, or one value per filter.
 */
export function averageBands(values: Float64Array, bands: number, average: BandAverage): Float64Array {
  if (average === 'time') return values;
  return Float64Array.from({ length: values.length / bands }, (_, filter) => {
    const own = values.subarray(filter * bands, (filter + 1) * bands);
    return own.reduce((sum, value) => sum + value, 0) / bands;
  });
}
