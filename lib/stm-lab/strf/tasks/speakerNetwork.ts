import type { Engine } from '../../engine';
import type { StrfOptions } from '../layer';
import { createSpeakerNetwork, type StrfNetwork, type TimeDelayStage } from '../networks';
import type { AngularMargin } from '../verification';
import type { NoiseSettings } from './noiseFolder';
import { sizedLayer, type TaskSettings } from './task';
import type { VerificationSettings } from './verification';

/** Settings of the speaker task. */
export interface SpeakerSettings extends TaskSettings {
  readonly contraction: number;
  readonly stages: readonly TimeDelayStage[];
  readonly embedding: number;
  readonly form?: 'plain' | 'weight-normalised';
  readonly margin?: AngularMargin;
  /** Noise in training, where a folder of noise is given. Default 10 to 20 dB. */
  readonly noise?: NoiseSettings;
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
  const { frontEnd, contraction, stages, embedding, form = 'weight-normalised', margin } = settings;
  return createSpeakerNetwork(engine, {
    bands: frontEnd.bands,
    strf: sizedLayer(settings, strf),
    contraction,
    speakers,
    stages,
    embedding,
    form,
    ...(margin === undefined ? {} : { margin }),
  });
}
