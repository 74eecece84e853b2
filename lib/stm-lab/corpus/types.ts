/** One usable recording of a manifest. */
export interface ManifestRow {
  /** Line in the manifest file, counted from 1 (the header is line 1). */
  readonly line: number;
  /** Path as written in the manifest, relative to the manifest's folder unless absolute. */
  readonly path: string;
  /** Absolute path. */
  readonly file: string;
  /** Class name, e.g. "speech: tonal". */
  readonly label: string;
  /** Speaker, artist, sensor or place: recordings of one group never part in a split. */
  readonly group: string;
  /**
   * The collection (database, repository, archive) that it was taken from, where the manifest says: recordings of one
   * collection share microphones, codecs and editing, which a classifier may learn in place of the class.
   */
  readonly collection?: string;
  /** Seconds skipped at the beginning (per-corpus offsets of the paper); 0 unless the manifest says. */
  readonly startSeconds: number;
  /** Every other column, as text. */
  readonly extra: Readonly<Record<string, string>>;
}

/** A line of a manifest that cannot be used, with the reason in one sentence. */
export interface ManifestProblem {
  readonly line: number;
  readonly path: string;
  readonly reason: string;
  /** `environment`: the system did not let us look for the recording (no permission, a failing disk); try again. */
  readonly cause?: 'environment';
}

/** A corpus as a table of recordings. */
export interface Manifest {
  readonly file: string;
  readonly rows: readonly ManifestRow[];
  readonly problems: readonly ManifestProblem[];
  /** One sentence each; nothing is lost by them (e.g. a column that no stage uses). */
  readonly warnings: readonly string[];
  /** SHA-256 of the manifest file. */
  readonly hash: string;
}
