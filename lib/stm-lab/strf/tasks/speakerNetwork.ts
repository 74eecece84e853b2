import type { Engine } from '../../engine';
import type { StrfOptions } from '../layer';
import {
  createSpeakerNetwork,
  type SincNetOptions,
  type StrfNetwork,
  type TimeDelayStage,
} from '../networks';
import type { AngularMargin } from '../verification';
import type { NoiseSettings } from './noiseFolder';
import { frontOptions, type FrontSettings } from './task';

/** How trials are prepared and scored. */
export interface VerificationSettings {
  /** Seconds between the windows whose embeddings a recording's is the mean of. Default 0.1. */
  readonly windowEvery?: number;
  /** Cohort speakers that a score is normalised with, at most. Default 400. */
  readonly nearest?: number;
  /** Recordings whose mean stands for a cohort speaker, at most. Default 10. */
  readonly cohortRecordings?: number;
  /** Speakers with less sound to train on are left out, seconds. Default 0; 30 in the published protocol. */
  readonly minimumSeconds?: number;
}

/** Settings of the speaker task. */
export interface SpeakerSettings extends FrontSettings {
  readonly stages: readonly TimeDelayStage[];
  readonly embedding: number;
  readonly form?: 'plain' | 'weight-normalised';
  readonly margin?: AngularMargin;
  /** Noise in training, where a folder of noise is given. Default 10 to 20 dB. */
  readonly noise?: NoiseSettings;
  /** Sizes of the condition `sincnet`; they change no other. */
  readonly sincnet?: SincNetOptions;
  /** For sources with a trial list. */
  readonly verification?: VerificationSettings;
}

/** The network of a speaker task. */
export function speakerNetwork(
  engine: Engine,
  settings: SpeakerSettings,
  strf: StrfOptions,
  speakers: number,
): StrfNetwork {
  const { stages, embedding, form = 'weight-normalised', margin } = settings;
  return createSpeakerNetwork(engine, {
    ...frontOptions(settings, strf),
    sincnet: { ...settings.sincnet, sampleRate: settings.frontEnd.sampleRate },
    speakers,
    stages,
    embedding,
    form,
    ...(margin === undefined ? {} : { margin }),
  });
}
