import { inputError } from 'research-basics/errors';
import { AM_PARAMETERS, amAxes, createAmKernel } from '../am';
import { CORTICAL_PARAMETERS, corticalAxes, createCorticalKernel } from '../cortical';
import { createEmbeddingKernel, EMBEDDING_PARAMETERS, startEmbeddingAnalysis } from '../embedding';
import type { EmbeddingModel, EmbeddingParameters } from '../embedding';
import type { BandAxes } from '../bandAverage';
import { EXCERPT_SECONDS } from '../excerpts';
import { createMelKernel, MEL_PARAMETERS, melAxes, startMelAnalysis, type MelParameters } from '../mel';
import { createMpsKernel, MPS_PARAMETERS, mpsAxes } from '../mps';
import { createStmTimeKernel, STM_TIME_PARAMETERS, stmTimeAxes } from '../stm/timeResolved';
import { createStmKernel, startStmAnalysis, STM_PARAMETERS, stmAxes, type StmParameters } from '../stm';
import { createStrfFeatureKernel, STRF_FEATURE_PARAMETERS, strfFeatureAxes } from '../strf';
import { createTmnnFeatureKernel, TMNN_FEATURE_PARAMETERS, tmnnFeatureAxes } from '../tmnn';
import { planeColumns, type PlaneAxes } from '../plane';
import { startPlaneAnalysis, type PlaneKernel } from '../planeAnalysis';
import type { Analyser, Kept } from './analysers';

/** All parameters of a kind of features, defaults filled in, as they enter every cache key. */
export type FeatureParameters = Readonly<Record<string, string | number>>;

/** What a kind of features is: everything that the extractor and the stages know of it. */
export interface FeatureKindEntry {
  readonly title: string;
  /** All parameters with their defaults. */
  readonly defaults: FeatureParameters;
  /**
   * Those of them that a configuration may set besides the silence limit, which every kind has: the values of each, or
   * `number`, `count` (whole, from 1) or `text`.
   */
  readonly settings: Readonly<Record<string, readonly string[] | 'number' | 'count' | 'text'>>;
  /** Counts changes of the computation that change its results: part of every cache key. */
  readonly revision: number;
  /** The first revision whose features serve a model as well as today's do. Default: the present one. */
  readonly sameSince?: number | undefined;
  /** Whether every excerpt of a recording can have a row of its own. */
  readonly hasExcerpts: boolean;
  /** The axes of a row, as `axes.json` holds them, and its length (float32 values). */
  describe(
    parameters: FeatureParameters,
    embedding?: EmbeddingModel,
  ): {
    readonly axes: Readonly<Record<string, unknown>>;
    readonly rowLength: number;
  };
  /** Prepares the computation in this thread. */
  prepare(parameters: FeatureParameters, keep: Kept, embedding?: EmbeddingModel): Promise<Analyser>;
  /** Whether native code computes that must not be cut off: its thread ends between two excerpts, of its own accord. */
  readonly isNative?: true;
}

/** Of all from the cochleagram, whose envelopes have lower rates since 2: features moved by some 1e-5. */
const COCHLEAGRAM = { revision: 2, sameSince: 1 } as const;

const stm: FeatureKindEntry = {
  title: 'STM',
  defaults: { ...STM_PARAMETERS },
  settings: { channels: ['published', 'paper'], maxExcerpts: 'count' },
  ...COCHLEAGRAM,
  hasExcerpts: true,
  describe(parameters) {
    const axes = stmAxes(parameters as Partial<StmParameters>);
    return { axes: { ...axes }, rowLength: axes.scaleCycPerOct.length * axes.rateHz.length };
  },
  async prepare(parameters, keep) {
    const options = parameters as Partial<StmParameters>;
    const kernel = await createStmKernel({ channels: options.channels });
    return {
      start: (rate, startSeconds) => startStmAnalysis(kernel, rate, { ...options, startSeconds, keep }),
    };
  },
};

const mel: FeatureKindEntry = {
  title: 'mel spectrogram',
  defaults: { ...MEL_PARAMETERS },
  settings: { scale: ['power', 'decibel'] },
  revision: 1,
  hasExcerpts: false,
  describe() {
    const axes = melAxes();
    return { axes: { ...axes }, rowLength: axes.bandHz.length * axes.seconds.length };
  },
  async prepare(parameters) {
    const kernel = await createMelKernel();
    const options = parameters as Partial<MelParameters>;
    return { start: (rate, startSeconds) => startMelAnalysis(kernel, rate, { ...options, startSeconds }) };
  },
};

/** What sets a kind apart from others of its sort; at revision 1 unless stated. */
type PlainEntry = Pick<FeatureKindEntry, 'title' | 'defaults' | 'settings'> & Partial<typeof COCHLEAGRAM>;

/** An entry of features of excerpts, with a row for each, whose values are averaged; axes name the kind and its choices. */
function excerptEntry(
  kind: string,
  entry: PlainEntry,
  describe: (parameters: FeatureParameters) => { readonly axes: object; readonly rowLength: number },
  createKernel: (parameters: FeatureParameters) => PlaneKernel | Promise<PlaneKernel>,
): FeatureKindEntry {
  const { settings } = entry;
  return {
    revision: 1,
    ...entry,
    settings: { ...settings, maxExcerpts: 'count' },
    hasExcerpts: true,
    describe(parameters) {
      const { axes, rowLength } = describe(parameters);
      const choices = Object.keys(settings).filter((name) => settings[name] !== 'number');
      const named = Object.fromEntries(choices.map((name) => [name, parameters[name]]));
      return { axes: { features: kind, ...named, ...axes }, rowLength };
    },
    async prepare(parameters, keep) {
      const kernel = await createKernel(parameters);
      return {
        start: (rate, startSeconds) =>
          startPlaneAnalysis(kernel, rate, { ...parameters, startSeconds, keep }),
      };
    },
  };
}

/** An entry of features on a modulation plane. */
const planeEntry = (
  kind: string,
  entry: PlainEntry,
  axesOf: (parameters: FeatureParameters) => PlaneAxes,
  createKernel: (parameters: FeatureParameters) => Promise<PlaneKernel>,
): FeatureKindEntry => {
  const describe = (parameters: FeatureParameters): ReturnType<Parameters<typeof excerptEntry>[2]> => {
    const axes = axesOf(parameters);
    return { axes, rowLength: planeColumns(axes) };
  };
  return excerptEntry(kind, entry, describe, createKernel);
};

const am = planeEntry(
  'am',
  {
    title: 'AM spectrum',
    defaults: { ...AM_PARAMETERS },
    settings: { average: ['none', 'frequency'] },
    ...COCHLEAGRAM,
  },
  amAxes,
  createAmKernel,
);

/** The model of an embedding, which the caller has to find. */
function given(model: EmbeddingModel | undefined): EmbeddingModel {
  if (model === undefined)
    throw inputError('embedding features: no model was named; give one (--model speech, or an ONNX file)');
  return model;
}

const embedding: FeatureKindEntry = {
  title: 'embedding',
  defaults: { ...EMBEDDING_PARAMETERS },
  settings: { model: 'text', maxExcerpts: 'count' },
  revision: 1,
  hasExcerpts: true,
  isNative: true,
  describe(_parameters, model) {
    const { description } = given(model);
    const { name, title, licence, sampleRate, window, hop, dimensions } = description;
    return {
      axes: { embedding: name, dimensions, title, licence, sampleRate, window, hop },
      rowLength: dimensions,
    };
  },
  async prepare(parameters, keep, model) {
    const kernel = await createEmbeddingKernel(given(model));
    // A description that is wrong shows here, before the first recording.
    await kernel.compute(new Float32Array(EXCERPT_SECONDS * kernel.description.sampleRate));
    const options = parameters as Partial<EmbeddingParameters>;
    return {
      start: (rate, startSeconds, onExcerpt) =>
        startEmbeddingAnalysis(kernel, rate, { ...options, startSeconds, keep }, onExcerpt),
    };
  },
};

const mps = planeEntry(
  'mps',
  { title: 'MPS', defaults: { ...MPS_PARAMETERS }, settings: { amplitude: ['log', 'linear'] } },
  mpsAxes,
  createMpsKernel,
);

const cortical = planeEntry(
  'cortical',
  {
    title: 'cortical',
    defaults: { ...CORTICAL_PARAMETERS },
    settings: {
      average: ['time-frequency', 'time', 'frequency', 'none'],
      filters: ['seed', 'gabor'],
    },
    ...COCHLEAGRAM,
  },
  corticalAxes,
  createCorticalKernel,
);

const stmTime = planeEntry(
  'stm-time',
  {
    title: 'STM over time',
    defaults: { ...STM_TIME_PARAMETERS },
    settings: { channels: ['published', 'paper'], hopSeconds: 'number' },
    ...COCHLEAGRAM,
  },
  stmTimeAxes,
  createStmTimeKernel,
);

const AVERAGES: FeatureKindEntry['settings'] = { average: ['time', 'time-frequency'] };

/** Axes with the length of a feature vector: filters, times bands unless these are averaged. */
const rowOf = <A extends BandAxes>(
  axes: A,
  filters: number,
): { readonly axes: A; readonly rowLength: number } => ({
  axes,
  rowLength: filters * (axes.bandHz?.length ?? 1),
});

const strf = excerptEntry(
  'strf',
  { title: 'starting STRFs', defaults: { ...STRF_FEATURE_PARAMETERS }, settings: AVERAGES },
  (parameters) => {
    const axes = strfFeatureAxes(parameters);
    return rowOf(axes, axes.filters.length);
  },
  createStrfFeatureKernel,
);

const tmnn = excerptEntry(
  'tmnn',
  { title: 'starting TMNN filters', defaults: { ...TMNN_FEATURE_PARAMETERS }, settings: AVERAGES },
  (parameters) => {
    const axes = tmnnFeatureAxes(parameters);
    return rowOf(axes, axes.passBandHz.length);
  },
  createTmnnFeatureKernel,
);

/** The features an extraction can make, by name: a new kind is an entry here. */
export const FEATURE_KINDS = {
  stm,
  mel,
  am,
  mps,
  cortical,
  'stm-time': stmTime,
  strf,
  tmnn,
  embedding,
} as const satisfies Readonly<Record<string, FeatureKindEntry>>;

/** Name of a kind of features. */
export type FeatureKind = keyof typeof FEATURE_KINDS;

/** All names, in the order of the table. */
export const FEATURE_KIND_NAMES = Object.keys(FEATURE_KINDS) as FeatureKind[];

/** The entry of a kind. */
export const featureKind = (kind: FeatureKind): FeatureKindEntry => FEATURE_KINDS[kind];

/** What an extraction computed: new recordings analysed by the same have features of the same meaning. */
export interface ExtractionIdentity {
  readonly kind: string;
  /** All parameters, also those at their defaults; of an embedding, with the hash of its model. */
  readonly parameters: FeatureParameters;
  readonly revision: number;
}

/** What of it differs from the defaults of its kind. */
export function unusualParameters({ kind, parameters }: ExtractionIdentity): FeatureParameters {
  const defaults = Object.hasOwn(FEATURE_KINDS, kind) ? featureKind(kind as FeatureKind).defaults : {};
  return Object.fromEntries(Object.entries(parameters).filter(([name, value]) => value !== defaults[name]));
}

/** What a kind of feature is, apart from computing it. */
export interface FeatureDescription {
  readonly parameters: FeatureParameters;
  readonly rowLength: number;
  readonly axes: Readonly<Record<string, unknown>>;
  readonly revision: number;
}

/** All parameters, defaults filled in, and the shape of a row. */
export function describeFeatures(
  kind: FeatureKind,
  parameters: Partial<FeatureParameters> = {},
  embedding?: EmbeddingModel,
): FeatureDescription {
  const { defaults, revision, describe } = featureKind(kind);
  const full = { ...defaults, ...parameters } as FeatureParameters;
  return { parameters: full, revision, ...describe(full, embedding) };
}
