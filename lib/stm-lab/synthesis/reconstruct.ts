import { inputError } from 'research-basics/errors';
import { mirroredIndex } from '../base/mirroredIndex';
import { randomState } from 'research-basics/random/mt19937';
import { ANALYSIS_RATE, FRAMES, RATES, SCALES, SCALE_STEP_ROWS } from '../features/stm/axes';
import { FRAME_STEP } from '../features/stm/channelPlan';
import { stmFilterBank, type ChannelSet } from '../features/stm/filterBank';
import { approach, createBlockWorkspace, inBand, MOMENTUM, stepWeights } from './blockFilter';
import { whiteNoise } from './filterSound';
import { blockFramesFor } from './subbandPlan';
import { loadSynthesisKernels } from './subbands';

/** How a sound is sought. */
export interface ReconstructionOptions {
  /** Iterations of the synthesis, 1 or more. Default 60. */
  readonly iterations?: number | undefined;
  /** Of the noise that it starts from, and of the phases of modulations, 1 .. 2^31 - 1. Default 1. */
  readonly seed?: number | undefined;
  /** Filter bank. Default `published`. */
  readonly channels?: ChannelSet | undefined;
}

/** A sound made from levels or modulations. */
export interface ReconstructedSound {
  /** Mono, at the analysis level (a root mean square near 0.1): 128 samples for each frame. */
  readonly samples: Float32Array;
  /** 16,000 Hz. */
  readonly sampleRate: number;
  /** The cochleagram that was sought, dB above 1e-4, channels x frames, row-major; values below 0 mean silence. */
  readonly target: Float32Array;
}

/** Longest cochleagram, frames. */
const MOST_FRAMES = 1000;
/** Frames that are mirrored before and after a cochleagram, where the circular transforms join both ends. */
const MARGIN_FRAMES = 12;

/**
 * A sound with a given cochleagram, from nothing else: the phases are those of noise, changed until the levels are met as
 * far as any sound meets them. Pitch comes back where the channels resolve it.
 *
 * @param levels dB above 1e-4 as in the extraction, channels x frames, row-major; at most 8 s (1,000 frames)
 * @throws UserError (`input`) when the shape is another or a value is not finite.
 *
 * Sources: Griffin & Lim 1984; McDermott & Simoncelli 2011.
 */
export async function soundFromCochleagram(
  levels: Float32Array,
  { iterations = 60, seed = 1, channels }: ReconstructionOptions = {},
): Promise<ReconstructedSound> {
  const bank = stmFilterBank(channels);
  const rows = bank.centreHz.length;
  const frames = levels.length / rows;
  if (!Number.isInteger(frames) || frames < 1 || frames > MOST_FRAMES)
    throw inputError(
      `cochleagram of ${levels.length} values: must be ${rows} channels x 1 to ${MOST_FRAMES} frames`,
    );
  if (!levels.every(Number.isFinite)) throw inputError('cochleagram: holds a value that is not finite');
  const length = blockFramesFor(frames + 2 * MARGIN_FRAMES);
  const first = Math.floor((length - frames) / 2);
  const target = new Float32Array(rows * length);
  for (let n = 0; n < length; n++) {
    const from = mirroredIndex(n - first, frames);
    for (let c = 0; c < rows; c++) target[c * length + n] = levels[c * frames + from]!;
  }
  const { subbands, plane } = createBlockWorkspace(await loadSynthesisKernels(), bank, length);
  const noise = whiteNoise(seed, 0, length * FRAME_STEP);
  const start = inBand(subbands, noise);
  const weight = stepWeights(plane);
  const momentum = MOMENTUM.reconstruction;
  const { spectrum } = approach(subbands, plane, { start, target, weight, iterations, momentum });
  const block = subbands.toBlock(spectrum);
  return {
    samples: block.slice(first * FRAME_STEP, (first + frames) * FRAME_STEP),
    sampleRate: ANALYSIS_RATE,
    target: levels,
  };
}

/**
 * A sound of 4 s with a given modulation spectrum, from its magnitudes alone. They do not determine a sound: when things
 * happen, and where along frequency, is in the phases, which are drawn at random here. What comes back is a texture with
 * the same rates and scales.
 *
 * @param modulation magnitudes as in the extraction before logarithm and scaling, 20 scales x 121 rates, row-major
 * @throws UserError (`input`) when there are not 2,420 of them, or one is negative or not finite.
 */
export async function soundFromModulation(
  modulation: ArrayLike<number>,
  options: ReconstructionOptions = {},
): Promise<ReconstructedSound> {
  const values = Array.from(modulation);
  if (values.length !== SCALES * RATES)
    throw inputError(`modulation spectrum of ${values.length} values: must have ${SCALES * RATES}`);
  if (!values.every((value) => value >= 0 && Number.isFinite(value)))
    throw inputError('modulation spectrum: magnitudes must be finite and not negative');
  const channels = stmFilterBank(options.channels).centreHz.length;
  const random = randomState(options.seed ?? 1);
  const middle = (RATES - 1) / 2;
  const target = new Float32Array(channels * FRAMES).fill(values[middle]! / (channels * FRAMES));
  for (let s = 0; s < SCALES; s++) {
    // The real and imaginary part over time of one row; half of the plane repeats the other.
    const [re, im] = [new Float64Array(FRAMES), new Float64Array(FRAMES)];
    for (let rate = s === 0 ? 1 : -middle; rate <= middle; rate++) {
      const size = (2 * values[s * RATES + middle + rate]!) / (channels * FRAMES);
      const phase = 2 * Math.PI * random.double();
      for (let n = 0; n < FRAMES; n++) {
        const angle = phase + (2 * Math.PI * rate * n) / FRAMES;
        re[n]! += size * Math.cos(angle);
        im[n]! += size * Math.sin(angle);
      }
    }
    for (let c = 0; c < channels; c++) {
      const angle = (2 * Math.PI * s * SCALE_STEP_ROWS * c) / channels;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let n = 0; n < FRAMES; n++) target[c * FRAMES + n]! += re[n]! * cos - im[n]! * sin;
    }
  }
  return soundFromCochleagram(target, options);
}
