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
  /** Each result file (relative to the folder), its bytes and SHA-256. */
  readonly outputs: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
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
  /** Told in one sentence why results that are there are computed anew. */
  readonly onStale?: ((sentence: string) => void) | undefined;
  /** Does the work; called only when needed. Returns the result files, relative to the folder. */
  readonly run: () => Promise<readonly string[]>;
}
