import { once } from 'research-basics/once';
import { createLogMel, waveformScale, type LogMelParameters } from '../../features/mel/logMel';
import type { StrfVariant } from '../layer';
import { fitFrames } from '../soundSet';
import { logMelOf, samplesFor } from './sounds';
import type { TaskSettings } from './task';

/** What a network reads of a sound. */
export interface SoundInput {
  /** Mel bands; 1 for waveforms. */
  readonly bands: number;
  /** Frames that the network sees; samples of waveforms. */
  readonly frames: number;
  /** Values (bands x frames) around the middle of a waveform, NaN beyond its ends. */
  values(samples: Float32Array): Float32Array;
}

type InputSettings = Pick<TaskSettings, 'frontEnd' | 'frames'>;

/** Log-mel spectrograms, dB. */
export function logMelInput({ frontEnd, frames }: InputSettings): SoundInput {
  const kernel = createLogMel(frontEnd);
  const { bands } = frontEnd;
  return { bands, frames, values: (samples) => fitFrames(logMelOf(samples, kernel), bands, frames) };
}

/** The samples that those frames are computed from, scaled as they are for them. */
export function waveformInput({ frontEnd, frames }: InputSettings): SoundInput {
  const length = samplesFor(frames, frontEnd);
  return { bands: 1, frames: length, values: (samples) => fitFrames(scaled(samples, frontEnd), 1, length) };
}

/** Of the variants of a layer, `sincnet` reads waveforms, all others log-mel spectrograms. */
const readsWaveform = (variant: StrfVariant | undefined): boolean => variant === 'sincnet';

/** What a variant of a layer reads. */
export function inputOf(variant: StrfVariant | undefined, settings: InputSettings): SoundInput {
  return readsWaveform(variant) ? waveformInput(settings) : logMelInput(settings);
}

function scaled(samples: Float32Array, { waveform }: LogMelParameters): Float32Array {
  const { mean, scale } = waveformScale(samples, waveform);
  return samples.map((value) => (value - mean) * scale);
}

/** Computes something once for each kind of input, when it is first asked for. */
export function onceByInput<T>(
  settings: InputSettings,
  compute: (input: SoundInput) => Promise<T>,
): (variant: StrfVariant | undefined) => Promise<T> {
  const ofWaveforms = once(() => compute(waveformInput(settings)));
  const ofLogMel = once(() => compute(logMelInput(settings)));
  return (variant) => (readsWaveform(variant) ? ofWaveforms() : ofLogMel());
}
