import { htkMelToHz, hzToHtkMel } from '../mel/htkBank';

/** Symmetric Hamming window of `taps` values, 0.54 - 0.46 cos(2 pi i / (taps - 1)). */
export function hammingWindow(taps: number): Float64Array {
  return Float64Array.from(
    { length: taps },
    (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (taps - 1)),
  );
}

/** Kernel of odd length, symmetric about its middle; `half(i)` gives tap +-i. */
function mirrored(taps: number, half: (i: number) => number): Float64Array {
  const middle = (taps - 1) / 2;
  return Float64Array.from({ length: taps }, (_, at) => half(Math.abs(at - middle)));
}

/**
 * Band-pass from `lowHz` to `highHz` in SincNet's form (Ravanelli & Bengio 2018): the difference of two ideal
 * low-passes, divided by twice the bandwidth, in a Hamming window. Tap 0 is 1; the gain in the pass band is about
 * frameRate / (2 (highHz - lowHz)), half of that at the edges. 0 Hz to half the frame rate gives a unit impulse.
 *
 * @param frameRate of the signal to be filtered, Hz.
 * @param taps odd.
 */
export function sincKernel(lowHz: number, highHz: number, frameRate: number, taps: number): Float64Array {
  const window = hammingWindow(taps);
  const middle = (taps - 1) / 2;
  return mirrored(taps, (i) => {
    if (i === 0) return 1;
    const t = i / frameRate;
    const ideal = (Math.sin(2 * Math.PI * highHz * t) - Math.sin(2 * Math.PI * lowHz * t)) / (Math.PI * t);
    return (window[middle + i]! * ideal) / (2 * (highHz - lowHz));
  });
}

/** Gaussian low-pass of sum 1: exp(-(i / (half sigma))^2 / 2), half = (taps - 1) / 2. Gain 1 at 0 Hz. */
export function gaussianKernel(sigma: number, taps: number): Float64Array {
  const half = (taps - 1) / 2;
  const kernel = mirrored(taps, (i) => Math.exp(-0.5 * (i / (half * sigma)) ** 2));
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

/** Gaussian of `sigma` frames and area 1, times cos(2 pi rateHz t). Gain about 1/2 at the rate. */
export function gaborKernel(rateHz: number, sigma: number, frameRate: number, taps: number): Float64Array {
  return mirrored(
    taps,
    (i) =>
      (Math.exp(-0.5 * (i / sigma) ** 2) / (Math.sqrt(2 * Math.PI) * sigma)) *
      Math.cos((2 * Math.PI * rateHz * i) / frameRate),
  );
}

/** Magnitude of a kernel's frequency response at `hz`. */
export function responseAt(kernel: ArrayLike<number>, hz: number, frameRate: number): number {
  let real = 0;
  let imaginary = 0;
  for (let i = 0; i < kernel.length; i++) {
    const phase = (2 * Math.PI * hz * i) / frameRate;
    real += kernel[i]! * Math.cos(phase);
    imaginary += kernel[i]! * Math.sin(phase);
  }
  return Math.hypot(real, imaginary);
}

/** Scales that values are spaced on; `mel` is HTK's. */
export type Spacing = 'linear' | 'log' | 'mel';

const SPACINGS: Readonly<Record<Spacing, readonly [to: (x: number) => number, back: (x: number) => number]>> =
  {
    linear: [(x) => x, (x) => x],
    log: [Math.log, Math.exp],
    mel: [hzToHtkMel, htkMelToHz],
  };

/** `count` values from `first` to `last`, equally spaced on the scale; a single one lies in the middle. */
export function spaced(first: number, last: number, count: number, scale: Spacing): number[] {
  const [to, back] = SPACINGS[scale];
  if (count === 1) return [back((to(first) + to(last)) / 2)];
  return Array.from({ length: count }, (_, i) =>
    i === 0 ? first : i === count - 1 ? last : back(to(first) + ((to(last) - to(first)) * i) / (count - 1)),
  );
}

/** A pass band, Hz. */
export interface PassBand {
  readonly lowHz: number;
  readonly highHz: number;
}

/** Adjoining bands that divide `lowHz` .. `highHz`, e.g. 0.5 .. 30.25 Hz into 2: 0.5 - 3.889 - 30.25 (`log`). */
export function adjoiningBands(filters: number, lowHz: number, highHz: number, scale: Spacing): PassBand[] {
  const edges = spaced(lowHz, highHz, filters + 1, scale);
  return Array.from({ length: filters }, (_, m) => ({ lowHz: edges[m]!, highHz: edges[m + 1]! }));
}
