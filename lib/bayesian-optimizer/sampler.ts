import type { SpaceCoder } from './coding';
import type { Direction, TrialState } from './journal/records';
import type { Values } from './space';

/** A trial as samplers, pruners and analyses see it. */
export interface TrialRecord {
  /** 0, 1, 2 ... in order of creation. */
  readonly number: number;
  readonly state: TrialState;
  /** The configuration: every existing parameter. */
  readonly values: Values;
  /** The objective, when complete; the last report, when pruned. Undefined in a study of several objectives. */
  readonly value: number | undefined;
  /** Every objective, in the order of the study's directions; empty unless complete. */
  readonly objectives: readonly number[];
  /** Constraints by name, each met at 0 or below. */
  readonly constraints: Readonly<Record<string, number>>;
  /** Reports by step, in ascending order. */
  readonly reports: ReadonlyMap<number, number>;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Why it failed, in one sentence. */
  readonly failure: string | undefined;
  /** Times that it was started, 1 when its worker never died. */
  readonly attempts: number;
  readonly worker: string;
  /** What the sampler stored with it. */
  readonly samplerState: unknown;
  /** Milliseconds since 1970. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

/** What a sampler decides from. A proposal must be a function of this alone. */
export interface ProposalContext {
  /** The space. Of a study without a declared one: every parameter suggested so far, which some trials may lack. */
  readonly coder: SpaceCoder;
  readonly direction: Direction;
  /**
   * Trials before this one, oldest first, all inside the space. Those of a study with several objectives or with
   * constraints come with one value for each, to be minimised (`scalarise`).
   */
  readonly trials: readonly TrialRecord[];
  /** The number of the trial to be made. */
  readonly trialNumber: number;
  readonly studySeed: number;
}

export interface Proposal {
  readonly values: Values;
  /** JSON kept with the trial, for the sampler's own later use. */
  readonly state?: unknown;
}

/** Chooses the next configuration; undefined when a finite space holds no untried one. */
export interface Sampler {
  readonly name: string;
  propose(context: ProposalContext): Proposal | undefined;
}
