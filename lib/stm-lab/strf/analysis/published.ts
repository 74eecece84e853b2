import { filterTuning, type UnitContext } from '../units';
import type { GaborFilter } from '../../features/strf/gabor';

/** Modulations that a study found to matter to human listeners. */
export interface PublishedRange {
  readonly name: string;
  readonly source: string;
  /** |rate|, Hz. */
  readonly rateHz: readonly [number, number];
  /** Spectral modulation, cycles per kHz; Infinity where the study names no limit. */
  readonly cycPerKHz: readonly [number, number];
}

/** Published ranges; contours of cortical tuning are not published as numbers. */
export const PUBLISHED_RANGES: readonly PublishedRange[] = [
  {
    name: 'needed to understand speech',
    source: 'Elliott & Theunissen 2009',
    rateHz: [0, 12],
    cycPerKHz: [0, 4],
  },
  {
    name: 'core of intelligibility',
    source: 'Elliott & Theunissen 2009',
    rateHz: [1, 7],
    cycPerKHz: [0, 1],
  },
  {
    name: 'best reconstructed from auditory cortex',
    source: 'Santoro et al. 2017',
    rateHz: [2, 4],
    cycPerKHz: [0, Infinity],
  },
];

/**
 * Kilohertz (below 1 kHz, where a Slaney mel axis is linear) that take as many bands as an octave does (above,
 * where it is logarithmic), whatever the number of bands: cyc/kHz is cyc/oct divided by it.
 */
export const KHZ_PER_OCTAVE = ((27 * Math.LN2) / Math.log(6.4)) * (200 / 3 / 1000);

/** Share of filters whose tuning lies in a range, 0 .. 1. */
export function shareWithin(
  filters: readonly GaborFilter[],
  units: UnitContext,
  { rateHz, cycPerKHz }: PublishedRange,
): number {
  const inside = filters.filter((filter) => {
    const { rateHz: rate, scaleCycPerOct } = filterTuning(filter, units);
    const density = scaleCycPerOct / KHZ_PER_OCTAVE;
    return (
      Math.abs(rate) >= rateHz[0] &&
      Math.abs(rate) <= rateHz[1] &&
      density >= cycPerKHz[0] &&
      density <= cycPerKHz[1]
    );
  });
  return inside.length / filters.length;
}
