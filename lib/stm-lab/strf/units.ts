import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { gridStep, type GridName, type KernelShape } from '../features/strf/grid';
import type { ComplexKernel, GaborFilter } from '../features/strf/gabor';

/** What turns taps into physical units; belongs to a task, not to a filter. */
export interface UnitContext {
  /** Frames per second. */
  readonly frameRate: number;
  /** Mel bands per octave (above 1 kHz). */
  readonly bandsPerOctave: number;
  readonly shape: KernelShape;
  /** Default `centred`. */
  readonly grid?: GridName;
}

/** Modulation tuning of a filter: sign and wrapping settled, scale 0 or more. */
export interface FilterTuning {
  /** Temporal modulation, Hz: positive moves down in frequency with time, negative up. */
  readonly rateHz: number;
  /** Spectral modulation, cycles per octave (holds above 1 kHz). */
  readonly scaleCycPerOct: number;
  /** The same in cycles per frame, -1/2 .. 1/2. */
  readonly cyclesPerFrame: number;
  /** The same in cycles per mel band, 0 .. 1/2. */
  readonly cyclesPerBand: number;
  /** Standard deviation of the amplitude response along rate, Hz, of the kernel without its cut ends. */
  readonly rateBandwidthHz: number;
  /** The same along scale, cyc/oct. */
  readonly scaleBandwidthCycPerOct: number;
  /** Standard deviation of the envelope, ms. */
  readonly sigmaMs: number;
  /** Standard deviation of the envelope, mel bands. */
  readonly sigmaBands: number;
}

/** A number of cycles per tap brought to -1/2 .. 1/2, where a sampled carrier is the same. */
export function wrapCycles(cycles: number): number {
  return cycles - Math.floor(cycles + 0.5);
}

/** The signs for which scale is 0 or more; for scale 0, rate is 0 or more. */
function settleSigns(cyclesPerFrame: number, cyclesPerBand: number): { frame: number; band: number } {
  const turned = cyclesPerBand < 0 || (cyclesPerBand === 0 && cyclesPerFrame < 0);
  const positive = (x: number): number => (x === 0 ? 0 : x);
  return turned
    ? { frame: positive(-cyclesPerFrame), band: positive(-cyclesPerBand) }
    : { frame: cyclesPerFrame, band: cyclesPerBand };
}

/**
 * Modulation tuning of a filter in physical units: rate = c_t r F cos(angle) / 2 pi, scale = c_f p F
 * sin(angle) / 2 pi with the grid's steps c, the frame rate r and the bands per octave p; wrapped at half
 * a cycle per tap. A real or modulus output cannot tell (rate, scale) from (-rate, -scale).
 *
 * A layer correlates (it does not mirror the kernel), so a filter answers to cos(2 pi (rate t + scale x))
 * with the same signs.
 */
export function filterTuning(filter: GaborFilter, context: UnitContext): FilterTuning {
  const { frameRate, bandsPerOctave, shape, grid = 'centred' } = context;
  const timeStep = gridStep(shape.timeTaps, grid);
  const bandStep = gridStep(shape.frequencyTaps, grid);
  const turn = filter.carrier / (2 * Math.PI);
  const exact = (x: number): number => (Math.abs(x) < 1e-12 ? 0 : x);
  const { frame, band } = settleSigns(
    exact(wrapCycles(timeStep * turn * Math.cos(filter.angle))),
    exact(wrapCycles(bandStep * turn * Math.sin(filter.angle))),
  );
  return {
    rateHz: frameRate * frame,
    scaleCycPerOct: bandsPerOctave * band,
    cyclesPerFrame: frame,
    cyclesPerBand: band,
    rateBandwidthHz: (frameRate * timeStep) / (2 * Math.PI * Math.abs(filter.sigmaTime)),
    scaleBandwidthCycPerOct: (bandsPerOctave * bandStep) / (2 * Math.PI * Math.abs(filter.sigmaFrequency)),
    sigmaMs: (1000 * Math.abs(filter.sigmaTime)) / timeStep / frameRate,
    sigmaBands: Math.abs(filter.sigmaFrequency) / bandStep,
  };
}

/** Power response of a kernel over modulations: rows are cycles per band, columns cycles per frame. */
export interface ModulationResponse {
  /** `bandCycles.length` x `frameCycles.length`, row-major. */
  readonly power: Float64Array;
  /** 0 .. 1/2, rising. */
  readonly bandCycles: Float64Array;
  /** -1/2 .. below 1/2, rising. */
  readonly frameCycles: Float64Array;
}

/**
 * Power response of a kernel's two parts together to ripples cos(2 pi (u t + v x)) of u cycles per frame
 * and v per band: |K(u, v)|^2 + |K(-u, -v)|^2 with K its zero-padded transform, as a real ripple has both.
 *
 * @param size of the padded transform; default 64 bands x 512 frames; both even.
 */
export function modulationResponse(
  kernel: ComplexKernel,
  shape: KernelShape,
  size: { readonly bands: number; readonly frames: number } = { bands: 64, frames: 512 },
): ModulationResponse {
  const { bands, frames } = size;
  const rows = Array.from({ length: bands }, (_, i) => {
    const [re, im] = [new Float64Array(frames), new Float64Array(frames)];
    if (i < shape.frequencyTaps)
      for (let j = 0; j < shape.timeTaps; j++) {
        re[j] = kernel.real[i * shape.timeTaps + j]!;
        im[j] = kernel.imaginary[i * shape.timeTaps + j]!;
      }
    return { re, im };
  });
  const along = fourierTransform(frames);
  rows.slice(0, shape.frequencyTaps).forEach(({ re, im }) => along.transform(re, im));
  const across = fourierTransform(bands);
  const half = bands / 2 + 1;
  const power = new Float64Array(half * frames);
  const add = (v: number, u: number, value: number): void => {
    if (v < half) power[v * frames + ((u + frames / 2) % frames)]! += value;
  };
  const [re, im] = [new Float64Array(bands), new Float64Array(bands)];
  for (let u = 0; u < frames; u++) {
    rows.forEach((row, i) => {
      re[i] = row.re[u]!;
      im[i] = row.im[u]!;
    });
    across.transform(re, im);
    for (let v = 0; v < bands; v++) {
      const value = re[v]! ** 2 + im[v]! ** 2;
      add(v, u, value);
      add((bands - v) % bands, (frames - u) % frames, value);
    }
  }
  return {
    power,
    bandCycles: Float64Array.from({ length: half }, (_, v) => v / bands),
    frameCycles: Float64Array.from({ length: frames }, (_, u) => u / frames - 0.5),
  };
}
