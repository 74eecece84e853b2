import type { ModulationRegion } from '../../synthesis/region';

/** A sound as the page hands it to the worker: the bytes of a file, or samples that the browser decoded. */
export type SoundInput =
  | { readonly kind: 'wav'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'channels'; readonly channels: Float32Array[]; readonly sampleRate: number };

/** What the page asks of the worker. */
export type ToWorker =
  | { readonly task: 'analyse'; readonly name: string; readonly input: SoundInput }
  | {
      readonly task: 'filter';
      readonly id: number;
      readonly samples: Float32Array;
      readonly sampleRate: number;
      readonly region: ModulationRegion;
      readonly iterations: number;
    };

/** Class probabilities, each summing to 1. */
export interface ClassCourse {
  readonly probabilities: readonly number[];
  readonly course: readonly { readonly startSeconds: number; readonly probabilities: readonly number[] }[];
}

/** The features of a sound; the numbers of `stm-lab extract`. */
export interface Analysis {
  readonly features: Float32Array;
  readonly excerpts: readonly { readonly startSeconds: number; readonly modulation: Float64Array }[];
  readonly classes: ClassCourse | undefined;
}

/** What the worker answers. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'samples';
      readonly samples: Float32Array<ArrayBuffer>;
      readonly sampleRate: number;
      readonly peaks: Float32Array;
    }
  | { readonly kind: 'cochleagram'; readonly frame: number; readonly levels: Uint8Array }
  | { readonly kind: 'analysis'; readonly analysis: Analysis }
  | {
      readonly kind: 'filtered';
      readonly id: number;
      readonly samples: Float32Array<ArrayBuffer>;
      readonly sampleRate: number;
      readonly suppressionDb: number;
      readonly distortionDb: number;
    }
  | { readonly kind: 'problem'; readonly sentence: string };

/** Columns of the waveform's overview: lowest and highest sample of each. */
export const PEAK_COLUMNS = 2000;
/** Levels of a cochleagram are sent as bytes: dB x 3. */
export const LEVEL_STEP = 3;
