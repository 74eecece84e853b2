import { inputError } from 'research-basics/errors';
import type { CorticalParameters, MpsParameters, StmTimeParameters } from '../../features';
import type { ForestOptions, FourierOptions, LogisticOptions, SvmOptions } from '../../models';
import type { ExcerptModelChoice } from '../excerptModel/choice';
import type { ModelChoice, ReductionChoice } from '../modelChoice';
import type { SilenceLimit } from '../silenceLimit';

/** Settings of features on modulation planes; the schema says which a kind has. */
export type PlaneSettings = Partial<
  Pick<CorticalParameters, 'average' | 'filters'> &
    Pick<MpsParameters, 'amplitude'> &
    Pick<StmTimeParameters, 'channels' | 'hopSeconds'>
>;

/** The features of one row of a comparison. */
export type FeatureChoice =
  | {
      readonly kind: 'stm';
      readonly channels?: 'published' | 'paper';
      /**
       * How excerpts become a row. Absent: the published features, of the mean modulation spectrum. `mean`,
       * `statistics`, `unbiased`: see `poolExcerpts`. `attention`: the network learns it (`model.attention`, default 32
       * units). `first`: the first excerpt alone. `count`: nothing but the number of excerpts, as a control:
       * what of a score comes from how long recordings are. `excerpts`: each is a row of its own, for `excerptModel`.
       */
      readonly pooling?: 'mean' | 'statistics' | 'unbiased' | 'attention' | 'first' | 'count' | 'excerpts';
      /** Excerpts of a recording at most: fewer make long recordings less unlike short ones. Default 30. */
      readonly maxExcerpts?: number;
      /** Default the experiment's. */
      readonly maxSilenceSeconds?: SilenceLimit;
    }
  | {
      /**
       * Nothing of the sound: file format, number of excerpts, seconds analysed and mean level of the features, as a
       * control: what of a score comes from how recordings were made.
       */
      readonly kind: 'nuisance';
      /** Default the experiment's. */
      readonly maxSilenceSeconds?: SilenceLimit;
    }
  | {
      readonly kind: 'mel';
      /** `power` (default, as published) or `decibel`. */
      readonly scale?: 'power' | 'decibel';
      /** Default the experiment's. */
      readonly maxSilenceSeconds?: SilenceLimit;
    }
  | ({
      readonly kind: 'am' | 'mps' | 'cortical' | 'stm-time' | 'strf' | 'tmnn';
      /** Of cortical features: each excerpt is a row of its own, for `excerptModel`. */
      readonly pooling?: 'excerpts';
      /** Excerpts of a recording at most. Default 30, of time-resolved STM 1,200. */
      readonly maxExcerpts?: number;
      /** Default the experiment's. */
      readonly maxSilenceSeconds?: SilenceLimit;
    } & PlaneSettings)
  | {
      /** Computed by an ONNX model. */
      readonly kind: 'embedding';
      /** Needed; see `findEmbeddingModel`. */
      readonly model?: string;
      readonly maxExcerpts?: number;
      /** Default the experiment's. */
      readonly maxSilenceSeconds?: SilenceLimit;
    }
  | {
      /** Made elsewhere. */
      readonly kind: 'embeddings';
      /** E.g. "VGGish". */
      readonly name: string;
      /** NPY and CSV as `importEmbeddings` takes them; paths from the working directory. */
      readonly matrix: string;
      readonly index: string;
    };

/** A model and what goes before it; what is left out is the experiment's. */
export interface Recipe {
  /**
   * STM features are first averaged over neighbouring rates: standard deviation in Hz, see `smoothRates`.
   * Default 0: not at all.
   */
  readonly rateSmoothing?: number;
  /** Whether each rate of STM features is averaged with its negative, see `foldRates`. Default false. */
  readonly foldRates?: boolean;
  readonly reduction?: ReductionChoice;
  /** Random Fourier features of the reduced rows, before the model. Default none. */
  readonly fourier?: Omit<FourierOptions, 'seed'>;
  /** A network, unless `logistic`, `svm` or `forest` is given. */
  readonly model?: ModelChoice;
  readonly logistic?: LogisticOptions;
  readonly svm?: Omit<SvmOptions, 'seed'>;
  readonly forest?: Omit<ForestOptions, 'seed'>;
}

/** One row of a comparison: features and a model. */
export interface ComparisonRowChoice extends Recipe {
  readonly name: string;
  /** Left out with a warning where its embedding model is not installed, as are rows that combine it. Default false: an error. */
  readonly optional?: boolean;
  /**
   * A model of single excerpts, averaged over recordings; `default` is the one of `stm-lab train --features`. Of several, one
   * is chosen in every fold: the best on collections held out within its training rows.
   */
  readonly excerptModel?: ExcerptModelChoice | 'default' | readonly (ExcerptModelChoice | 'default')[];
  /** Default: the experiment's features; with `excerptModel`: excerpts of STM features. */
  readonly features?: FeatureChoice;
  /**
   * Rows that standardiser and components are fitted on. `training` (default). `each-part`: training and
   * test rows each on their own, as the published mel baseline does by mistake: test rows lie in a basis of
   * their own (where they are too few for all components, the rest are 0).
   */
  readonly basis?: 'training' | 'each-part';
  /** Networks per fold, of different seeds, whose probabilities are averaged. Default 1. */
  readonly ensemble?: number;
  /**
   * Chooses among recipes within the training rows of every fold: group-wise cross-validation there, by
   * macro-F1 (the first of equals). The test rows have no say. With `average: 'candidate'` the average of all
   * of them may be chosen too.
   */
  readonly choose?: {
    readonly folds: number;
    readonly among: readonly Recipe[];
    readonly average?: 'candidate';
  };
  /** Fits every one of these recipes (each an `ensemble`) and averages their probabilities; not with `choose`. */
  readonly average?: readonly Recipe[];
  /**
   * Names of rows above, of any features: their log-probabilities of each test recording are averaged. Nothing else of the
   * row is given, and nothing is fitted.
   */
  readonly combine?: readonly string[];
}

/** The part of an experiment that `compareStage` runs. */
export interface ComparisonChoice {
  readonly folds: number;
  /** Repeats: a division into folds and a training each. */
  readonly seeds: number;
  /** Name of the row that the others are compared with. */
  readonly reference: string;
  /** Resamples of intervals and of the exchange test; default 2000. */
  readonly resamples?: number;
  /** Thins out one class before everything else, as published (keep 100,000, seed 23). */
  readonly undersampling?: { readonly label: string; readonly keep: number; readonly seed?: number };
  readonly rows: readonly ComparisonRowChoice[];
  /** What others have published for the corpus and its folds, shown beside the rows. */
  readonly published?: readonly PublishedScore[];
}

/** A score that others have published. */
export interface PublishedScore {
  readonly name: string;
  readonly metric: 'accuracy' | 'macroF1' | 'microRocAuc';
  readonly value: number;
  /** Where it is printed, e.g. a DOI. */
  readonly source: string;
}

/** Less of a comparison: some of its rows, fewer folds or repeats. */
export interface ComparisonPart {
  /** Names of rows; the reference is always among them. Default all. */
  readonly rows?: readonly string[];
  readonly folds?: number;
  readonly seeds?: number;
}

/**
 * The part of a comparison.
 *
 * @throws UserError (`input`) for the name of no row.
 */
export function partOfComparison(
  comparison: ComparisonChoice | undefined,
  part: ComparisonPart | undefined,
): ComparisonChoice | undefined {
  if (comparison === undefined || part === undefined) return comparison;
  const { rows: names, ...sizes } = part;
  const unknown = names?.find((name) => !comparison.rows.some((row) => row.name === name));
  if (unknown !== undefined)
    throw inputError(
      `comparison row "${unknown}": there is none; rows are ${comparison.rows.map(({ name }) => name).join(', ')}`,
    );
  const wanted = new Set(names === undefined ? undefined : [...names, comparison.reference]);
  for (const { name, combine = [] } of comparison.rows)
    if (wanted.has(name)) for (const member of combine) wanted.add(member);
  const rows = comparison.rows.filter(({ name }) => names === undefined || wanted.has(name));
  return { ...comparison, ...sizes, rows };
}
