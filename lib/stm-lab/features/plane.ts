/**
 * Axes of features on a modulation plane: planes x rows x rates, row-major. Rows are scales in cycles per octave or per
 * kHz, or cochleagram channels; where none of these is given there is one row.
 */
export interface PlaneAxes {
  /** Temporal modulation of each column, Hz, ascending; negative = ripples that drift upward in frequency. */
  readonly rateHz: readonly number[];
  readonly scaleCycPerOct?: readonly number[];
  readonly scaleCycPerKHz?: readonly number[];
  /** Centre of each row's channels, Hz. */
  readonly channelHz?: readonly number[];
  /** Names of the planes, where there are several: statistics over time, or centre frequencies. */
  readonly planes?: readonly string[];
}

/** The rows of a plane: their values, and what these are. */
export interface PlaneRows {
  readonly values: readonly number[];
  /** With unit, for a figure. */
  readonly title: string;
}

/** The rows of each plane. */
export function planeRows({ scaleCycPerOct, scaleCycPerKHz, channelHz }: PlaneAxes): PlaneRows {
  if (scaleCycPerOct !== undefined) return { values: scaleCycPerOct, title: 'Scale (cyc/oct)' };
  if (scaleCycPerKHz !== undefined) return { values: scaleCycPerKHz, title: 'Scale (cyc/kHz)' };
  return channelHz === undefined
    ? { values: [0], title: 'All channels' }
    : { values: channelHz, title: 'Channel (Hz)' };
}

/** Values of one plane. */
export const planeCells = (axes: PlaneAxes): number => planeRows(axes).values.length * axes.rateHz.length;

/** Values of a row of features: all planes. */
export const planeColumns = (axes: PlaneAxes): number => (axes.planes?.length ?? 1) * planeCells(axes);

/** Whether an axis ascends in even steps. */
export function isEven(axis: readonly number[]): boolean {
  const step = (axis[axis.length - 1]! - axis[0]!) / Math.max(1, axis.length - 1);
  return axis.every((value, i) => Math.abs(value - axis[0]! - i * step) <= 1e-6 * Math.abs(step));
}
