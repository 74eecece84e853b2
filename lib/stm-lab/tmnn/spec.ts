import { inputError } from 'research-basics/errors';
import type { PassBand } from '../features/tmnn/filterBank';
import { type Analysis, PUBLISHED_ANALYSIS } from '../features/spectrogram';

/** Turns a power spectrogram, or a waveform, into bands. */
export type FrontEnd =
  | {
      readonly kind: 'mel';
      /** Default 128 (HTK scale, height 1). */
      readonly bands?: number;
    }
  | {
      readonly kind: 'harmonic';
      /** 1 (190 bands) .. 6 (128 bands each). */
      readonly harmonics: number;
      /** Default 2: quarter tones. */
      readonly perSemitone?: number;
      /**
       * What is trained besides the bandwidth. `fixed` (default): nothing. `tied`: the centres of the first
       * harmonic, which the others follow. `free`: the centre of every band of every harmonic.
       */
      readonly centres?: 'fixed' | 'tied' | 'free';
      /** First quality factor, shared by all bands and trained; default 1. */
      readonly q?: number;
    }
  | {
      /** Trained band-pass filters on the waveform (SincNet's), then their power in every hop. */
      readonly kind: 'sinc';
      /** Filters, adjoining on the mel scale at the start; default 128. */
      readonly filters?: number;
      /** Length of the kernels, odd; default 251. */
      readonly taps?: number;
      /** Samples between the values of a filtered signal that are taken; a divisor of the hop, default 4. */
      readonly stride?: number;
    }
  /** The waveform itself, for the back end `samples`. */
  | { readonly kind: 'waveform' };

/** Filters along time, the same for every band and harmonic. */
export interface Modulation {
  /** Number of filters; 0 leaves the block out. Default 1. */
  readonly filters?: number;
  /** `sinc` (default): band-pass with two edges; `gaussian`: low-pass; `gabor`: band-pass with rate and width. */
  readonly kind?: 'sinc' | 'gaussian' | 'gabor';
  /** Length of the kernels, odd; default 101 (1.6 s). */
  readonly taps?: number;
  /** Where the first pass bands lie: adjoining from `lowHz` to `highHz`. Sinc and Gabor; default `log`. */
  readonly spacing?: 'log' | 'linear';
  /** Default 0.5. */
  readonly lowHz?: number;
  /** Default 30.25 for sinc, 16 for Gabor. */
  readonly highHz?: number;
  /** First pass bands of sinc filters one by one, instead of adjoining ones. */
  readonly bands?: readonly PassBand[];
  /** Bandwidth below which no sinc filter goes, Hz; default 1. */
  readonly minBandHz?: number;
  /** What lies beyond the ends: `zero` (default; the data have mean 0) or `reflect`. */
  readonly padding?: 'zero' | 'reflect';
  /** Whether the filtered channels are normalised once more; default `after`. */
  readonly normalise?: 'after' | 'none';
  /** What is filtered: the normalised decibels that also pass by (default), or the bands' power. */
  readonly input?: 'decibel' | 'power';
}

/** Turns channels over frequency and time into one vector. */
export interface BackEnd {
  /**
   * `resnet` (default): 12 convolutions in 7 blocks. `frames`: two 1 x 1 convolutions and the mean square over
   * frequency and time, which sees no order in time: differences in rate reach it through the modulation
   * filters alone. `samples`: SampleCNN, 11 convolutions of 3 samples on the waveform.
   */
  readonly kind?: 'resnet' | 'frames' | 'samples';
  /** Channels of the first layers; default 128. */
  readonly width?: number;
}

/** A temporal-modulation network. */
export interface TmnnOptions {
  readonly frontEnd: FrontEnd;
  readonly modulation?: Modulation;
  readonly backEnd?: BackEnd;
  /** Number of tags or classes. */
  readonly outputs: number;
  /** Share dropped before the last layer; default 0.5. */
  readonly dropout?: number;
  readonly analysis?: Partial<Analysis>;
  /** Factors on the learning rate of the front end's few parameters; default 1 each. */
  readonly rates?: { readonly q?: number; readonly centres?: number; readonly modulation?: number };
  /** Whether weight decay also acts on bandwidth, centres and modulation filters; default `yes`. */
  readonly frontEndDecay?: 'yes' | 'no';
}

/** `TmnnOptions` with every default filled in. */
export interface TmnnSpec {
  readonly frontEnd:
    | { readonly kind: 'mel'; readonly bands: number }
    | Required<Extract<FrontEnd, { kind: 'harmonic' | 'sinc' }>>
    | { readonly kind: 'waveform' };
  readonly modulation: Required<Omit<Modulation, 'bands'>> & Pick<Modulation, 'bands'>;
  readonly backEnd: Required<BackEnd>;
  readonly outputs: number;
  readonly dropout: number;
  readonly analysis: Analysis;
  readonly rates: Required<NonNullable<TmnnOptions['rates']>>;
  readonly frontEndDecay: 'yes' | 'no';
}

const whole = (name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void => {
  if (!Number.isInteger(value) || value < min || value > max)
    throw inputError(
      `tmnn: ${name} ${value} must be a whole number from ${min}${max < 1e15 ? ` to ${max}` : ''}`,
    );
};

/**
 * Fills in the defaults and checks the ranges.
 *
 * @throws UserError (`input`) naming the option and its value.
 */
export function resolveTmnn(options: TmnnOptions): TmnnSpec {
  const { modulation = {}, backEnd = {} } = options;
  const kind = modulation.kind ?? 'sinc';
  const spec: TmnnSpec = {
    frontEnd: resolveFrontEnd(options.frontEnd),
    modulation: {
      filters: 1,
      kind,
      taps: 101,
      spacing: 'log',
      lowHz: 0.5,
      highHz: kind === 'gabor' ? 16 : 30.25,
      minBandHz: 1,
      padding: 'zero',
      normalise: 'after',
      input: 'decibel',
      ...modulation,
    },
    backEnd: { kind: 'resnet', width: 128, ...backEnd },
    outputs: options.outputs,
    dropout: options.dropout ?? 0.5,
    analysis: { ...PUBLISHED_ANALYSIS, ...options.analysis },
    rates: { q: 1, centres: 1, modulation: 1, ...options.rates },
    frontEndDecay: options.frontEndDecay ?? 'yes',
  };
  checkSpec(spec);
  return spec;
}

function resolveFrontEnd(frontEnd: FrontEnd): TmnnSpec['frontEnd'] {
  switch (frontEnd.kind) {
    case 'mel':
      return { kind: 'mel', bands: frontEnd.bands ?? 128 };
    case 'harmonic':
      return { perSemitone: 2, centres: 'fixed', q: 1, ...frontEnd };
    case 'sinc':
      return { filters: 128, taps: 251, stride: 4, ...frontEnd };
    case 'waveform':
      return { kind: 'waveform' };
  }
}

function checkSpec({ frontEnd, modulation, backEnd, outputs, dropout, analysis }: TmnnSpec): void {
  checkFrontEnd({ frontEnd, modulation, backEnd, analysis });
  const { filters, taps, lowHz, highHz, minBandHz, bands } = modulation;
  whole('filters', filters, 0);
  whole('taps', taps, 3);
  if (taps % 2 === 0) throw inputError(`tmnn: taps ${taps} must be odd, so that the kernel has a middle`);
  whole('width', backEnd.width, 1);
  whole('outputs', outputs, 1);
  whole('fftLength', analysis.fftLength, 32);
  whole('hop', analysis.hop, 1);
  const nyquist = analysis.sampleRate / analysis.hop / 2;
  if (!(lowHz > 0 && lowHz < highHz && highHz <= nyquist))
    throw inputError(
      `tmnn: modulation from ${lowHz} to ${highHz} Hz; it must rise from above 0 to at most ${nyquist} Hz, half the frame rate`,
    );
  if (bands !== undefined && bands.length !== filters)
    throw inputError(`tmnn: ${bands.length} pass bands for ${filters} modulation filters; give one each`);
  for (const band of bands ?? [])
    if (!(band.lowHz >= 0 && band.highHz - band.lowHz >= minBandHz && band.highHz <= nyquist))
      throw inputError(
        `tmnn: pass band ${band.lowHz} to ${band.highHz} Hz; it must be at least ${minBandHz} Hz wide, between 0 and ${nyquist} Hz`,
      );
  if (!(dropout >= 0 && dropout < 1)) throw inputError(`tmnn: dropout ${dropout} must lie in 0 .. <1`);
}

function checkFrontEnd({
  frontEnd,
  modulation,
  backEnd,
  analysis,
}: Pick<TmnnSpec, 'frontEnd' | 'modulation' | 'backEnd' | 'analysis'>): void {
  if ((frontEnd.kind === 'waveform') !== (backEnd.kind === 'samples'))
    throw inputError(
      `tmnn: front end ${frontEnd.kind} with back end ${backEnd.kind}; the front end waveform and the back end samples need each other`,
    );
  switch (frontEnd.kind) {
    case 'mel':
      return whole('bands', frontEnd.bands, 1);
    case 'harmonic':
      whole('harmonics', frontEnd.harmonics, 1, 12);
      whole('perSemitone', frontEnd.perSemitone, 1);
      if (!(frontEnd.q > 0)) throw inputError(`tmnn: q ${frontEnd.q} must be above 0`);
      return;
    case 'sinc':
      whole('frontEnd.filters', frontEnd.filters, 1);
      whole('frontEnd.taps', frontEnd.taps, 3);
      if (frontEnd.taps % 2 === 0)
        throw inputError(`tmnn: frontEnd.taps ${frontEnd.taps} must be odd, so that the kernel has a middle`);
      whole('frontEnd.stride', frontEnd.stride, 1);
      if (analysis.hop % frontEnd.stride !== 0)
        throw inputError(
          `tmnn: frontEnd.stride ${frontEnd.stride} must divide the hop of ${analysis.hop} samples`,
        );
      return;
    case 'waveform':
      if (modulation.filters > 0)
        throw inputError(
          `tmnn: ${modulation.filters} modulation filters for the front end waveform, which has no bands; set modulation.filters to 0`,
        );
  }
}

/** Frames a second. */
export function frameRate({ analysis }: Pick<TmnnSpec, 'analysis'>): number {
  return analysis.sampleRate / analysis.hop;
}

/** Whether a network reads waveforms rather than power spectrograms. */
export function readsWaveform({ frontEnd }: Pick<TmnnSpec, 'frontEnd'>): boolean {
  return frontEnd.kind === 'sinc' || frontEnd.kind === 'waveform';
}

/** Numbers that a network reads at each step of time: the bins of a power spectrogram, or one sample. */
export function inputWidth(spec: Pick<TmnnSpec, 'frontEnd' | 'analysis'>): number {
  return readsWaveform(spec) ? 1 : spec.analysis.fftLength / 2 + 1;
}
