import { startResampling } from '../audio/streamResample';
import { concatenate } from '../base/concatenate';
import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { gainTo, SILENCE_RULE } from '../features/excerpts';
import { stmFilterBank, type ChannelSet } from '../features/stm/filterBank';
import { ANALYSIS_RATE, FRAME_RATE } from '../features/stm/axes';
import { EXCERPT_SAMPLES } from '../features/stm/channelPlan';
import { createCochleagramKernel } from '../features/stm/cochleagram';
import {
  createBlockFilter,
  createBlockWorkspace,
  type BlockFilter,
  type BlockWorkspace,
} from './blockFilter';
import { startBlocks, type Block } from './blocks';
import { regionGain, type ModulationGain, type ModulationRegion } from './region';
import { prepareModulationMeter, WINDOW_HOP, type FilterReport } from './report';
import { loadSynthesisKernels } from './subbands';

/** How modulations are filtered. */
export interface ModulationFilterOptions {
  /** What to keep or remove: a region, or a gain for each point of the modulation plane. */
  readonly region: ModulationRegion | ModulationGain;
  /** Iterations of the synthesis, 1 or more. Default 100. */
  readonly iterations?: number | undefined;
  /**
   * What the new envelopes are imposed on. `own` (default): the recording's own subbands, which keep its pitch and fine
   * structure; `noise`: white noise, which leaves nothing but the envelopes.
   */
  readonly carrier?: 'own' | 'noise' | undefined;
  /** Of the noise, 1 .. 2^31 - 1. Default 1. */
  readonly seed?: number | undefined;
  /** Whether sound below 180 Hz and above 6.9 kHz, where there are no channels, passes unchanged. Default false. */
  readonly passOutOfBand?: boolean | undefined;
  /** Filter bank. Default `published`. */
  readonly channels?: ChannelSet | undefined;
}

/** A prepared filter: reuse it for many recordings. */
export interface ModulationFilterKernel {
  /**
   * Starts filtering one recording; one at a time.
   *
   * @param sampleRate Hz of the input, a positive integer
   */
  start(sampleRate: number): ModulationFilter;
}

/** A filter of modulations, fed with blocks of a recording. */
export interface ModulationFilter {
  /** Hz, of the output. */
  readonly sampleRate: number;
  /** Takes the next samples (mono); returns those that are finished, at 16 kHz, possibly none. */
  push(block: Float32Array): Float32Array;
  /** The rest of the output, how far it has what was asked for, and the cochleagrams of the first block. */
  finish(): {
    readonly samples: Float32Array;
    readonly report: FilterReport;
    readonly cochleagrams?: FilteredCochleagrams;
  };
}

/** Cochleagrams of the first seconds of a recording, dB, channels x frames, row-major. */
export interface FilteredCochleagrams {
  readonly before: Float32Array;
  /** What was asked for; negative values, which no cochleagram has, are 0. */
  readonly target: Float32Array;
  readonly after: Float32Array;
  /** Centre of each channel, Hz. */
  readonly channelHz: readonly number[];
  /** Frames a second. */
  readonly frameRateHz: number;
}

/** A sound with filtered modulations. */
export interface FilteredSound {
  /** Mono, as long as the recording, at the recording's level. */
  readonly samples: Float32Array;
  /** 16,000 Hz. */
  readonly sampleRate: number;
  readonly report: FilterReport;
  /** Absent for digital silence. */
  readonly cochleagrams?: FilteredCochleagrams;
}

/** Part of the key of stored sounds; raised when the same options give another sound. */
export const SOUND_FORMAT = 6;
/** Iterations of the synthesis where nothing else is asked for. */
const DEFAULT_ITERATIONS = 100;
/** Level to which a block is scaled before its analysis, as in the extraction. */
const TARGET_RMS = SILENCE_RULE.targetRms;
/** Shortest sound that has modulations worth filtering, seconds. */
const LEAST_SECONDS = 0.25;

/**
 * Prepares a filter of modulations. Recordings are worked on in blocks of 8.192 s that are cross-faded, so that memory
 * does not grow with their length.
 *
 * @throws UserError (`input`) for unusable options. The filters throw it from `push` or `finish` when a sample is not
 *   finite, and from `finish` when the recording is shorter than 0.25 s.
 */
export async function createModulationFilter({
  region,
  ...options
}: ModulationFilterOptions): Promise<ModulationFilterKernel> {
  return (await createModulationFilters(options))(region);
}

/**
 * Prepares filters of many regions, which share tables, memory, and what is known of a recording before it is filtered:
 * filter a recording with every region before the next one (or up to four short recordings in turn).
 *
 * @returns gives the filter of a region, one in use at a time; the sounds are those of `createModulationFilter`.
 * @throws as `createModulationFilter`
 */
export async function createModulationFilters({
  iterations = DEFAULT_ITERATIONS,
  carrier = 'own',
  seed = 1,
  passOutOfBand = false,
  channels,
}: Omit<ModulationFilterOptions, 'region'> = {}): Promise<
  (region: ModulationFilterOptions['region']) => ModulationFilterKernel
> {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw inputError(`iterations ${iterations}: must be a whole number from 1`);
  const bank = stmFilterBank(channels);
  const [kernels, cochleagram] = await Promise.all([loadSynthesisKernels(), createCochleagramKernel(bank)]);
  const workspaces = new Map<number, BlockWorkspace>();
  const startMeter = prepareModulationMeter(cochleagram);
  return (region) => {
    const gain = typeof region === 'function' ? region : regionGain(region);
    const filters = new Map<number, BlockFilter>();
    const filterFor = (frames: number): BlockFilter => {
      const workspace = workspaces.get(frames) ?? createBlockWorkspace(kernels, bank, frames);
      workspaces.set(frames, workspace);
      const filter = filters.get(frames) ?? createBlockFilter(workspace, gain, iterations);
      filters.set(frames, filter);
      return filter;
    };

    return {
      start(sampleRate) {
        const resampling = startResampling(sampleRate, ANALYSIS_RATE);
        const meter = startMeter(gain);
        const pairs = startPairs((before, after) => meter.add(before, after, gainTo(TARGET_RMS, before)));
        let [difference, cells, received] = [0, 0, 0];
        let cochleagrams: FilteredCochleagrams | undefined;

        const work = ({ begin, frames, samples }: Block): Float32Array => {
          const level = gainTo(TARGET_RMS, samples);
          if (!Number.isFinite(level))
            throw inputError('holds samples that are not finite (NaN or infinite)');
          if (level === 0) return new Float32Array(samples.length);
          const filter = filterFor(frames);
          const scaled = samples.map((value) => value * level);
          const result = filter.filter(
            scaled,
            carrier === 'own' ? scaled : whiteNoise(seed, begin, samples.length),
          );
          for (let i = 0; i < result.after.length; i++)
            difference += Math.abs(result.after[i]! - Math.max(0, result.target[i]!));
          cells += result.after.length;
          cochleagrams ??= {
            ...{ before: result.before, target: result.target.map((value) => Math.max(0, value)) },
            ...{ after: result.after, channelHz: [...bank.centreHz], frameRateHz: FRAME_RATE },
          };
          const rest = passOutOfBand ? filter.outOfBand(scaled) : undefined;
          return result.samples.map((value, i) => (value + (rest?.[i] ?? 0)) / level);
        };
        const blocks = startBlocks(work);
        const feed = (resampled: Float32Array): Float32Array => {
          pairs.before(resampled);
          const output = blocks.push(resampled);
          pairs.after(output);
          return output;
        };
        return {
          sampleRate: ANALYSIS_RATE,
          push(block) {
            received += block.length;
            return feed(resampling.push(block));
          },
          finish() {
            if (received < LEAST_SECONDS * sampleRate)
              throw inputError(
                `too short: lasts ${(received / sampleRate).toFixed(2)} s, ${LEAST_SECONDS} s are needed`,
              );
            const first = feed(resampling.finish());
            const last = blocks.finish();
            pairs.after(last);
            pairs.finish();
            return {
              samples: concatenate([first, last]),
              report: { ...meter.read(), meanAbsoluteDb: cells === 0 ? NaN : difference / cells },
              ...(cochleagrams === undefined ? {} : { cochleagrams }),
            };
          },
        };
      },
    };
  };
}

/**
 * Filters the modulations of a sound: the result's modulation spectrum equals the sound's inside a region of the
 * modulation plane and is as small as possible outside.
 *
 * The cochleagram (dB) is filtered by its 2-D transform, and a sound with the filtered cochleagram is sought by iteration,
 * since not every cochleagram belongs to a sound. The operation is not linear: what a region keeps and what its complement
 * keeps do not add up to the sound.
 *
 * @param samples mono, any level, at least 0.25 s
 * @param sampleRate Hz, a positive integer
 * @throws UserError (`input`) when the sound is too short or a sample is not finite.
 *
 * Sources: Elliott & Theunissen 2009 (modulation filtering of speech); Griffin & Lim 1984 (signal from a modified
 * spectrogram); McDermott & Simoncelli 2011 (envelopes imposed on subbands).
 */
export async function filterModulations(
  samples: Float32Array,
  sampleRate: number,
  options: ModulationFilterOptions,
): Promise<FilteredSound> {
  return filterWhole(await createModulationFilter(options), samples, sampleRate);
}

/** Filters all samples of a sound with a kernel that exists already: see `filterModulations`. */
export function filterWhole(
  kernel: ModulationFilterKernel,
  samples: Float32Array,
  sampleRate: number,
): FilteredSound {
  const filter = kernel.start(sampleRate);
  const first = filter.push(samples);
  const { samples: last, ...rest } = filter.finish();
  return { ...rest, samples: concatenate([first, last]), sampleRate: filter.sampleRate };
}

/** Samples that share one state of the generator, so that noise can be drawn from any place on. */
const NOISE_SEGMENT = 4096;

/** White noise at the analysis level: the same at each place of a recording however it is cut into blocks. */
export function whiteNoise(seed: number, begin: number, length: number): Float32Array {
  const output = new Float32Array(length);
  const firstSegment = Math.floor(begin / NOISE_SEGMENT);
  const lastSegment = Math.floor((begin + length - 1) / NOISE_SEGMENT);
  for (let segment = firstSegment; segment <= lastSegment; segment++) {
    const random = randomState((Math.imul(seed, 0x9e3779b1) + segment) >>> 0);
    for (let i = 0; i < NOISE_SEGMENT; i++) {
      const value = TARGET_RMS * random.normal();
      const at = segment * NOISE_SEGMENT + i - begin;
      if (at >= 0 && at < length) output[at] = value;
    }
  }
  return output;
}

/** Brings a stream and what was made of it, which lags behind, together in windows of 4 s that overlap by half. */
interface Pairs {
  before(samples: Float32Array): void;
  after(samples: Float32Array): void;
  /** A sound shorter than one window is repeated until it fills one. */
  finish(): void;
}

function startPairs(use: (before: Float32Array, after: Float32Array) => void): Pairs {
  let before: Float32Array = new Float32Array(0);
  let after: Float32Array = new Float32Array(0);
  let windows = 0;
  const drain = (): void => {
    while (before.length >= EXCERPT_SAMPLES && after.length >= EXCERPT_SAMPLES) {
      use(before.slice(0, EXCERPT_SAMPLES), after.slice(0, EXCERPT_SAMPLES));
      windows++;
      before = before.slice(WINDOW_HOP);
      after = after.slice(WINDOW_HOP);
    }
  };
  return {
    before(samples) {
      before = concatenate([before, samples]);
    },
    after(samples) {
      after = concatenate([after, samples]);
      drain();
    },
    finish() {
      if (windows > 0) return;
      const fill = (samples: Float32Array): Float32Array =>
        Float32Array.from({ length: EXCERPT_SAMPLES }, (_, i) => samples[i % samples.length]!);
      use(fill(before), fill(after));
    },
  };
}
