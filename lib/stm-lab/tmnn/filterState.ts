import type { Engine } from '../engine';
import { unpack } from '../training';
import { responseAt } from '../features/tmnn/filterBank';
import { frameRate } from './spec';
import type { TmnnTrainer } from './trainer';

/** The front end's few trained numbers, in their units. */
export interface FilterState {
  /** Quality factor of the harmonic bands; absent for other front ends. */
  readonly q?: number;
  /** Lower and upper edge of each filter on the waveform, Hz; absent for other front ends. */
  readonly edgesHz?: readonly (readonly [low: number, high: number])[];
  /** Taps of each modulation filter. */
  readonly kernels: readonly (readonly number[])[];
}

/** Reads bandwidth, edges and modulation kernels of a network. */
export function filterState({ tf, ...engine }: Engine, trainer: TmnnTrainer): FilterState {
  const { network, optimiser } = trainer;
  return tf.tidy(() => {
    const p = unpack({ tf, ...engine }, network.layout, optimiser.values);
    const kernels = (network.modulationKernels(p)?.arraySync() ?? []) as number[][];
    const edges = network.sincEdges(p);
    if (edges !== undefined) {
      const [low, high] = [edges.low.dataSync(), edges.high.dataSync()];
      return { kernels, edgesHz: Array.from(low, (hz, i) => [hz, high[i]!] as const) };
    }
    return network.spec.frontEnd.kind === 'harmonic'
      ? { q: p('frontEnd.q').dataSync()[0]!, kernels }
      : { kernels };
  });
}

/** Frequency response of a modulation filter. */
export interface FilterResponse {
  readonly hz: Float64Array;
  /** Magnitude, relative to its largest. */
  readonly gain: Float64Array;
  /** Where the magnitude is at least half its largest, Hz; for a filter with several such places, the one around it. */
  readonly passLowHz: number;
  readonly passHighHz: number;
}

/** Response of a kernel from 0 Hz to half the frame rate, in `points` equal steps; default 251. */
export function filterResponse(
  kernel: ArrayLike<number>,
  spec: Parameters<typeof frameRate>[0],
  points = 251,
): FilterResponse {
  const rate = frameRate(spec);
  const hz = Float64Array.from({ length: points }, (_, i) => (i * rate) / 2 / (points - 1));
  const gain = hz.map((f) => responseAt(kernel, f, rate));
  const largest = gain.reduce((a, b) => Math.max(a, b), 0);
  const relative = gain.map((value) => value / largest);
  let low = relative.indexOf(1);
  let high = low;
  while (low > 0 && relative[low - 1]! >= 0.5) low--;
  while (high < points - 1 && relative[high + 1]! >= 0.5) high++;
  return { hz, gain: relative, passLowHz: hz[low]!, passHighHz: hz[high]! };
}
