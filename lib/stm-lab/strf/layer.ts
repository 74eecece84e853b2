import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import { convolve, type Parameter, type ParameterTensors } from '../training';
import { PUBLISHED_SHAPE, type GridName, type KernelShape } from '../features/strf/grid';
import {
  classicalFilters,
  classicalKernel,
  initialFilters,
  type InitialOptions,
} from '../features/strf/initial';
import {
  GABOR_PARAMETERS,
  scaleToUnitEnergy,
  type GaborFilter,
  type KernelNorm,
} from '../features/strf/gabor';
import { gaborFactors, kernelTensor, separableStack, type GaborTensors } from './tensors';

/**
 * What stands where the learnable layer does: `learn`; its controls `frozen` (same start, not trained),
 * `fixed` (classical Gabor bank), `free` (ordinary convolution) and `pass` (nothing); a baseline, `mfcc`: nothing, on
 * cepstral coefficients, which the networks with a front part (`createFront`) have; and a topline, `sincnet`: SincNet on the
 * waveform, which the speaker network has.
 */
export type StrfVariant = 'learn' | 'frozen' | 'fixed' | 'free' | 'pass' | 'mfcc' | 'sincnet';

/** All variants, learnable first. */
export const STRF_VARIANTS: readonly StrfVariant[] = [
  'learn',
  'frozen',
  'fixed',
  'free',
  'pass',
  'mfcc',
  'sincnet',
];

/** Variants without maps of a log-mel spectrogram. */
const WITHOUT_FILTERS: readonly StrfVariant[] = ['pass', 'mfcc', 'sincnet'];

/** Maps that leave the layer: parts of the complex response, both, or its modulus. */
export type StrfOutput = 'concat' | 'real' | 'imaginary' | 'modulus';

/** A spectrotemporal layer. */
export interface StrfOptions {
  /** Default `learn`. */
  readonly variant?: StrfVariant;
  /** Complex filters; default 64. */
  readonly filters?: number;
  /** Odd taps; default 9 mel bands x 111 frames. */
  readonly shape?: KernelShape;
  /** Default `centred`. */
  readonly grid?: GridName;
  /** Default `l2`; `free` kernels are not scaled. */
  readonly norm?: KernelNorm;
  /** Default `concat`. */
  readonly output?: StrfOutput;
  /**
   * How it is computed: `separable` (default where kernels are separable) runs each complex filter along
   * time, then along frequency; `plain` is one convolution. Equal except for rounding.
   */
  readonly path?: 'separable' | 'plain';
  /** Draws the start; default seed 1. */
  readonly initial?: InitialOptions;
  /** Lowest and highest sigmas that training may reach, taps. Default 0.5 .. 30 bands, 0.5 .. 60 frames. */
  readonly sigmaBounds?: SigmaBounds;
  /** Factor on the learning rate of the sigmas. Default 5: they live on a scale five to ten times that of the others. */
  readonly sigmaRate?: number;
  /** Starting filters, instead of drawn ones. */
  readonly start?: readonly GaborFilter[];
}

/** Lowest and highest sigmas, taps. */
export interface SigmaBounds {
  readonly sigmaFrequency: readonly [number, number];
  readonly sigmaTime: readonly [number, number];
}

/** Default bounds: at 0 the kernel has no size. */
const SIGMA_BOUNDS: SigmaBounds = { sigmaFrequency: [0.5, 30], sigmaTime: [0.5, 60] };

/** Added inside the root of the modulus, whose slope at 0 is infinite. */
const MODULUS_GUARD = 1e-8;

/** A layer on an engine. Inputs are log-mel spectrograms, float32 (batch, bands, frames). */
export interface StrfLayer {
  readonly variant: StrfVariant;
  /** Trained arrays, named `strf...`; none for `frozen`, `fixed` and `pass`. */
  readonly parameters: readonly Parameter[];
  readonly sigmaBounds: SigmaBounds;
  /** Complex filters; 0 for `pass`, `mfcc` and `sincnet`. */
  readonly count: number;
  /** Maps that leave it: 2 x filters for `concat`, 1 for `pass`. */
  readonly maps: number;
  /** (batch, bands, frames, maps): for `concat` all real maps, then all imaginary ones. */
  apply(parameters: ParameterTensors, x: Tensor3D): Tensor4D;
  /**
   * (maps x bands, batch x frames), the form that a dense layer per frame takes without moving anything.
   * Rows run by filter, then part (real, imaginary), then band.
   */
  stack(parameters: ParameterTensors, x: Tensor3D): Tensor2D;
  /** The filters that parameter values describe; the start for `frozen`, none for the other controls. */
  filters(valuesOf: (name: string) => ArrayLike<number>): GaborFilter[];
  dispose(): void;
}

/**
 * Prepares a layer. Kernels are zero-padded to keep bands and frames, without bias or stride.
 *
 * @throws UserError (`input`) for even taps, or a `start` with another number of filters.
 */
export function createStrfLayer(engine: Engine, options: StrfOptions = {}): StrfLayer {
  const { tf } = engine;
  const {
    variant = 'learn',
    filters = 64,
    shape = PUBLISHED_SHAPE,
    grid = 'centred',
    norm = 'l2',
    output = 'concat',
    initial = {},
    sigmaBounds = SIGMA_BOUNDS,
    sigmaRate = 5,
  } = options;
  const separable = variant === 'learn' || variant === 'frozen';
  const path = separable ? (options.path ?? 'separable') : 'plain';
  checkOptions(options, { filters, shape });
  const start = separable ? (options.start ?? initialFilters(filters, initial)) : [];
  const parts = output === 'real' || output === 'imaginary' ? 1 : 2;
  const hasFilters = !WITHOUT_FILTERS.includes(variant);
  const maps = !hasFilters ? 1 : output === 'concat' ? 2 * filters : filters;
  const columns = Object.fromEntries(
    GABOR_PARAMETERS.map((name) => [name, Float32Array.from(start, (filter) => filter[name])]),
  ) as Record<(typeof GABOR_PARAMETERS)[number], Float32Array>;
  const frozen = new Map<string, Tensor>();
  if (variant === 'frozen')
    for (const name of GABOR_PARAMETERS) frozen.set(name, tf.keep(tf.tensor1d(columns[name])));
  if (variant === 'fixed')
    frozen.set('kernel', tf.keep(classicalKernels(engine, { filters, shape, grid, norm, initial })));

  const parameters: Parameter[] =
    variant === 'learn'
      ? GABOR_PARAMETERS.map((name) => ({
          name: `strf.${name}`,
          shape: [filters],
          start: { kind: 'values', values: columns[name] },
          decay: 'no',
          ...(name === 'sigmaFrequency' || name === 'sigmaTime'
            ? { rate: sigmaRate, bounds: sigmaBounds[name] }
            : {}),
        }))
      : variant === 'free'
        ? [
            {
              name: 'strf.kernel',
              shape: [shape.frequencyTaps, shape.timeTaps, 1, parts * filters],
              start: { kind: 'fan-in', fanIn: shape.frequencyTaps * shape.timeTaps },
            },
          ]
        : [];

  const gabors = (given: ParameterTensors): GaborTensors =>
    Object.fromEntries(
      GABOR_PARAMETERS.map((name) => [name, frozen.get(name) ?? given(`strf.${name}`)]),
    ) as unknown as GaborTensors;
  const kernelOf = (given: ParameterTensors): Tensor4D => {
    if (variant === 'free') return given('strf.kernel') as Tensor4D;
    const both = (frozen.get('kernel') ??
      kernelTensor(engine, gaborFactors(engine, gabors(given), shape, grid, norm))) as Tensor4D;
    if (parts === 2) return both;
    const from = output === 'real' ? 0 : filters;
    return tf.slice(both, [0, 0, 0, from], [-1, -1, -1, filters]);
  };
  /** Real and imaginary (or the one part asked for): (parts, filters) as the last two axes. */
  const plainMaps = (given: ParameterTensors, x: Tensor3D): Tensor4D =>
    convolve(engine, timePatches(engine, x, shape.timeTaps), flattenTime(engine, kernelOf(given)));
  /** (filters, parts, bands, batch x frames). */
  const separableMaps = (given: ParameterTensors, x: Tensor3D): Tensor4D =>
    separableStack(engine, gaborFactors(engine, gabors(given), shape, grid, norm), x, output);
  const modulus = <X extends Tensor>(real: X, imaginary: X): X =>
    tf.sqrt(tf.add(tf.add(tf.square(real), tf.square(imaginary)), MODULUS_GUARD)) as X;

  return {
    variant,
    parameters,
    sigmaBounds,
    count: hasFilters ? filters : 0,
    maps,
    apply: (given, x) => {
      const [batch, bands, frames] = x.shape;
      if (!hasFilters) return tf.expandDims(x, 3) as Tensor4D;
      const all =
        path === 'plain'
          ? plainMaps(given, x)
          : (tf.reshape(
              tf.transpose(
                tf.reshape(separableMaps(given, x), [filters, parts, bands, batch, frames]),
                [3, 2, 4, 1, 0],
              ),
              [batch, bands, frames, parts * filters],
            ) as Tensor4D);
      if (output !== 'modulus') return all;
      const [real, imaginary] = tf.split(all, 2, 3) as [Tensor4D, Tensor4D];
      return modulus(real, imaginary);
    },
    stack: (given, x) => {
      const [batch, bands, frames] = x.shape;
      const columnsOf = batch * frames;
      if (!hasFilters) return tf.reshape(tf.transpose(x, [1, 0, 2]), [bands, columnsOf]) as Tensor2D;
      const stacked =
        path === 'separable'
          ? separableMaps(given, x)
          : (tf.reshape(
              tf.transpose(
                tf.reshape(plainMaps(given, x), [batch, bands, frames, parts, filters]),
                [4, 3, 1, 0, 2],
              ),
              [filters, parts, bands, columnsOf],
            ) as Tensor4D);
      if (output !== 'modulus') return tf.reshape(stacked, [maps * bands, columnsOf]) as Tensor2D;
      const [real, imaginary] = tf.split(stacked, 2, 1) as [Tensor, Tensor];
      return tf.reshape(modulus(real, imaginary), [maps * bands, columnsOf]) as Tensor2D;
    },
    filters: (valuesOf) => {
      if (!separable) return [];
      const values = GABOR_PARAMETERS.map((name) =>
        variant === 'frozen' ? columns[name] : valuesOf(`strf.${name}`),
      );
      return Array.from({ length: filters }, (_, k) => ({
        carrier: values[0]![k]!,
        angle: values[1]![k]!,
        sigmaFrequency: values[2]![k]!,
        sigmaTime: values[3]![k]!,
      }));
    },
    dispose: () => frozen.forEach((tensor) => tensor.dispose()),
  };
}

function checkOptions(
  { start }: StrfOptions,
  { filters, shape }: { filters: number; shape: KernelShape },
): void {
  if (!Number.isInteger(filters) || filters < 1)
    throw inputError(`spectrotemporal layer: ${filters} filters; give a whole number from 1`);
  if (shape.frequencyTaps % 2 === 0 || shape.timeTaps % 2 === 0)
    throw inputError(
      `spectrotemporal layer: kernel of ${shape.frequencyTaps} x ${shape.timeTaps} taps; both must be odd, so that it has a middle`,
    );
  if (start !== undefined && start.length !== filters)
    throw inputError(`spectrotemporal layer: ${start.length} starting filters for ${filters}`);
}

/** Kernels of the classical bank as (frequency taps, time taps, 1, 2 x filters). */
function classicalKernels(
  { tf }: Engine,
  {
    filters,
    shape,
    grid,
    norm,
    initial,
  }: Required<Pick<StrfOptions, 'filters' | 'shape' | 'grid' | 'norm' | 'initial'>>,
): Tensor4D {
  const kernels = classicalFilters(filters, initial.seed).map((filter) => {
    const kernel = classicalKernel(filter, shape, grid);
    return norm === 'l2' ? scaleToUnitEnergy(kernel) : kernel;
  });
  const values = [...kernels.map(({ real }) => real), ...kernels.map(({ imaginary }) => imaginary)];
  return tf.tidy(() => {
    const rows = tf.tensor2d(Float32Array.from(values.flatMap((part) => [...part])), [
      2 * filters,
      shape.frequencyTaps * shape.timeTaps,
    ]);
    return tf.reshape(tf.transpose(rows), [shape.frequencyTaps, shape.timeTaps, 1, 2 * filters]) as Tensor4D;
  });
}

/** Every frame beside its neighbours: (batch, bands, frames, taps), zeros beyond the ends. */
function timePatches({ tf }: Engine, x: Tensor3D, taps: number): Tensor4D {
  const side = (taps - 1) / 2;
  const padded = tf.pad(x, [
    [0, 0],
    [0, 0],
    [side, side],
  ]);
  const views = Array.from({ length: taps }, (_, tap) => tf.slice(padded, [0, 0, tap], x.shape));
  return tf.stack(views, 3) as Tensor4D;
}

/** A kernel whose time taps have become input channels: wide rows are what matrix products are fast at. */
function flattenTime({ tf }: Engine, kernel: Tensor4D): Tensor4D {
  const [frequencyTaps, timeTaps, , outputs] = kernel.shape;
  return tf.reshape(kernel, [frequencyTaps, 1, timeTaps, outputs]);
}
