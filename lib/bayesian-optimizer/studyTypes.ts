import type { Direction } from './journal/records';
import type { PrunerChoice } from './pruners';
import type { Sampler, TrialRecord } from './sampler';
import type { SamplerChoice } from './samplers';
import type { Space, Value, Values, ValuesOf } from './space';

export interface StudyOptions<S extends Space = Space> {
  /** Names the study inside its journal; an existing study of this name is resumed. */
  readonly name: string;
  /**
   * The parameters. Left out, a recorded study keeps its own, and trials of a new one get theirs as the objective asks
   * for them (`trial.suggestFloat`, `suggestInt`, `suggestCategorical`).
   */
  readonly space?: S;
  /** Default: as recorded, else `minimize`. */
  readonly direction?: Direction;
  /** In place of `direction`, one per objective: the objective then returns as many numbers. */
  readonly directions?: readonly Direction[];
  /** Default `gp`. May change on resume; each trial records its sampler. */
  readonly sampler?: SamplerChoice | Sampler;
  /** Integer 1 .. 2^31 - 1, default 1. On resume the recorded seed is used when this is left out. */
  readonly seed?: number;
  /** The journal file (made when missing). In memory when left out. */
  readonly journal?: string;
  /** Default `none`. */
  readonly pruner?: PrunerChoice;
  /**
   * When the recorded space differs: `refuse` (default) says how; `adopt` continues in the new space, with
   * the earlier trials that lie inside of it.
   */
  readonly spaceChange?: 'refuse' | 'adopt';
  /**
   * Prefix of the system attributes that a new study writes into the journal, `<namespace>:study` for one; a recorded
   * study keeps its own. Default `bayesian-optimizer`.
   */
  readonly namespace?: string;
  /** A trial whose process died this many times is failed instead of started again. Default 3 restarts. */
  readonly maxRestarts?: number;
}

/** A trial in progress, held by the process that asked for it. */
export interface Trial<S extends Space = Space> {
  readonly number: number;
  readonly values: ValuesOf<S>;
  /**
   * A number of a parameter that is named where it is needed; for studies without a declared space. Asked again in the
   * same trial, the answer is the same.
   *
   * @throws UserError (`input`) for a range that makes no sense or another one than before in this trial.
   */
  suggestFloat(name: string, min: number, max: number, options?: SuggestOptions): number;
  /** A whole number, as `suggestFloat`. */
  suggestInt(name: string, min: number, max: number, options?: SuggestOptions): number;
  /** One of unordered choices, as `suggestFloat`; the choices of a name must be the same in all trials. */
  suggestCategorical<const T extends Value>(name: string, choices: readonly T[]): T;
  /** 1 at the first start, 2 when an earlier worker died with it ... */
  readonly attempt: number;
  /**
   * Records an intermediate value (finite) at a step (whole number from 0; an epoch, usually). `lost` when the trial
   * was taken from this process meanwhile: nothing was recorded.
   */
  report(step: number, value: number): Recorded;
  /** Whether the pruner would stop this trial, compared at its last report; also when the trial is lost. */
  shouldPrune(): boolean;
  /** Stores a JSON value with the trial, shown by Optuna's dashboard. */
  setAttribute(key: string, value: unknown): Recorded;
  /**
   * Records how far the trial is from meeting a constraint: at 0 or below it is met. The samplers keep to where all are,
   * and `best` and `paretoFront` leave out the trials that break one. In the journal as Optuna's.
   */
  setConstraint(name: string, value: number): Recorded;
}

export interface SuggestOptions {
  /** Measured from `min`; not with a log scale. */
  readonly step?: number;
  /** Default `linear`. */
  readonly scale?: 'linear' | 'log';
}

/** Whether something was recorded with a trial, which may have been taken from this process and given to another. */
export type Recorded = 'recorded' | 'lost';

/** How a trial ended: its objective value (or one per objective), or that it failed or was pruned. */
export type Outcome = number | readonly number[] | 'failed' | 'pruned';

export interface AskOptions {
  /** Create at most this many trials (trials waiting for a restart are still handed out). */
  readonly limit?: number;
}

export interface Study<S extends Space = Space> {
  readonly name: string;
  /** Empty when trials get their parameters as the objective asks for them. */
  readonly space: S;
  /** Of the first objective. */
  readonly direction: Direction;
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly journal: string | undefined;
  /** The name under which this process writes to the journal. */
  readonly worker: string;
  /** A trial to run; undefined when the limit is reached or a finite space is used up. */
  ask(options?: AskOptions): Trial<S> | undefined;
  /**
   * Ends a trial. A value that is not finite counts as failed. Returns what was recorded, `lost` when
   * the trial was taken from this process meanwhile (its lease ran out) and nothing was recorded.
   */
  tell(trial: number | { readonly number: number }, outcome: Outcome, failure?: string): TellResult;
  /**
   * Puts a configuration of your own in line, to be asked for before the sampler's; left alone when the study has a
   * trial of these values already. Without a declared space some of the parameters will do: the sampler gives the others.
   *
   * @throws UserError (`input`) for values that are not a complete configuration of the space.
   */
  enqueue(values: Values): 'enqueued' | 'present';
  /** Puts a trial of this process back in line, to be asked for again. */
  release(trial: number | { readonly number: number }): void;
  /** Stores a JSON value with the study, in the journal as Optuna's user attribute. */
  setAttribute(key: string, value: unknown): void;
  /** The attributes stored with the study, by anyone. */
  attributes(): Readonly<Record<string, unknown>>;
  /** All trials, oldest first. */
  trials(): TrialRecord[];
  /**
   * The complete, feasible trial with the best value, the earliest of equals; undefined before the first.
   *
   * @throws UserError (`input`) in a study of several objectives.
   */
  best(): TrialRecord | undefined;
  /** The complete, feasible trials that no other surpasses in all objectives, oldest first. */
  paretoFront(): TrialRecord[];
}

export type TellResult = 'complete' | 'failed' | 'pruned' | 'lost';
