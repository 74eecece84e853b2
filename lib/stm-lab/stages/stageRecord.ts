/** A part of a stage (a cell, a row, a training) without a result, since its numbers diverged. */
export interface StageFailure {
  readonly name: string;
  /** One sentence. */
  readonly reason: string;
}

/** What a stage has made: its result files, relative to its folder, and the parts that are missing in them. */
export interface StageOutput {
  readonly files: readonly string[];
  readonly failed: readonly StageFailure[];
}

/** What a finished stage leaves beside its results as `stage.json`. */
export interface StageRecord {
  /** Absent in records of format 1. */
  readonly format?: number;
  readonly stage: string;
  /** SHA-256 over stage, parameters and inputs: equal key, equal results. */
  readonly key: string;
  readonly parameters: unknown;
  /** Name of each input and the SHA-256 of its content. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Description of the engine that the numbers depend on; absent when none was used. */
  readonly engine?: string;
  /** `engineStamp` of that time: the engine is still the same where it is, and need not be loaded to know. */
  readonly engineStamp?: string;
  /** Each result file (relative to the folder), its bytes and SHA-256. */
  readonly outputs: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  /** Parts that the results lack; absent when they are whole. */
  readonly failed?: readonly StageFailure[];
  /** Computed without tracking: no run tells of the results. */
  readonly untracked?: true;
}

/** A stage to be run in a folder, or reused when the folder already holds its results. */
export interface StageRequest {
  readonly stage: string;
  readonly folder: string;
  /** Everything that decides the result, besides the inputs. */
  readonly parameters: unknown;
  readonly inputs: Readonly<Record<string, string>>;
  /** Description of the engine, where the results' bits depend on it; see `loadEngine`. */
  readonly engine?: string | undefined;
  /** No run records what is computed now. */
  readonly untracked?: boolean | undefined;
  /** Called with one sentence on why existing results are recomputed. */
  readonly onStale?: ((sentence: string) => void) | undefined;
  /**
   * Does the work; called only when needed. Returns the result files, relative to the folder; with parts that failed,
   * the stage is run again when it is asked for again.
   */
  readonly run: () => Promise<readonly string[] | StageOutput>;
}
