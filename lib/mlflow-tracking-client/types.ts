import type { JournalStatus } from './journalStatus';
import type { Delivered } from './delivered';
import type { Pixels, Sound } from './media';

export type EndStatus = 'FINISHED' | 'FAILED' | 'KILLED';

/** Values of parameters and tags. Objects are stored as JSON. */
export type TextValue = string | number | boolean | bigint | null | undefined | object;

/** A model that a run has logged, also before a server knows it. */
export interface ModelReference {
  /** 32 hexadecimal digits, ours. */
  readonly uid: string;
  readonly name: string;
  /** File name of the journal that holds it. */
  readonly journal: string;
}

/** What metrics were measured of and on. MLflow 3 ranks models by metrics that name both. */
export interface MetricContext {
  /** What `logModel` returned, or the server's id of a logged model. The run names it as used at its first mention. */
  model?: ModelReference | string;
  /** A dataset; the run names it as used at its first mention, unless `logDataset` did. */
  dataset?: DatasetOptions;
}

export interface RunOptions {
  /** Shown in the UI. Default: `run-` and the first digits of its identity. */
  name?: string;
  /** The server's id of a run to write on, whoever made it. Default: `MLFLOW_RUN_ID`, for the first run without a key. */
  runId?: string;
  /** The text at the head of the run's page, in Markdown. */
  description?: string;
  /** The run this one is nested in; one level only. Another process names it by id and key. */
  parent?: Run | RunReference;
  tags?: Record<string, TextValue>;
  params?: Record<string, TextValue>;
  /** A stable identity. When the journal folder holds a run of this key, that run is continued. */
  key?: string;
}

/** A run of the same journal folder, as another process (a worker) can be told of it. */
export interface RunReference {
  readonly id: string;
  readonly key?: string | undefined;
  readonly name?: string;
}

export interface DatasetOptions {
  name: string;
  /** At most 36 characters that change when the data does, e.g. the first 8 of a SHA-256. */
  digest: string;
  /** Where it comes from: a path, address or description. Default `name`. */
  source?: string;
  /** Default `local`. */
  sourceType?: string;
  /** What it served for, e.g. `training`. */
  context?: string;
  /** Columns and types; any JSON value. */
  schema?: object;
  /** Counts and summaries; any JSON value. */
  profile?: object;
}

/** One column or tensor of a model's signature, in MLflow's terms. */
export interface TensorSpec {
  name?: string;
  /** NumPy's name of the type, e.g. `float32`. */
  dtype: string;
  /** -1 for a free dimension. */
  shape: readonly number[];
}

export interface ModelOptions {
  /** Name under the run, e.g. `model`. */
  name: string;
  /** Folder whose files make the model: `model.json` and weights, for TensorFlow.js; any others, such as a recipe. */
  folder: string;
  /** What the model takes and gives. */
  signature?: {
    inputs: readonly TensorSpec[];
    outputs: readonly TensorSpec[];
    params?: Record<string, TextValue>;
  };
  /** MLmodel flavors, beside the entry for `tfjs` where the folder has a `model.json`. */
  flavors?: Record<string, Record<string, unknown>>;
  params?: Record<string, TextValue>;
  tags?: Record<string, TextValue>;
  /** Kind of the model, e.g. `classifier`; shown in the UI. */
  type?: string;
  /** Step of the run at which it was saved. Default 0. */
  step?: number;
  /** Registers a new version of this registered model, making it when missing. */
  registerAs?: string;
  /** Alias set on that version, e.g. `champion`. */
  alias?: string;
}

export interface MetricRow {
  name: string;
  value: number;
  /** Default 0. */
  step?: number;
  /** ms since 1970. Default now. */
  timestamp?: number;
}

/**
 * A run being written. Every method returns when its content is on disk, whether or not there is a server,
 * and throws UserError (`input`) only for what no server would take (name, value, step), before anything
 * of the call is written. Values too long for MLflow are cut with a warning and kept whole as an artifact.
 */
export interface Run {
  /** 32 hexadecimal digits, ours; the run's tag `<namespace>.uid` on every server. */
  readonly id: string;
  readonly name: string;
  readonly key: string | undefined;
  readonly parent: RunReference | undefined;
  /** `resumed` when a run of this key was continued. */
  readonly origin: 'new' | 'resumed';
  readonly status: 'RUNNING' | EndStatus;
  /** The server's id of this run, once the sender has heard of it; undefined before, and offline. */
  remoteId(): string | undefined;
  setTags(tags: Record<string, TextValue>): void;
  logParams(params: Record<string, TextValue>): void;
  /**
   * One value per name at one step (default 0), of a model and on a dataset where `context` says so. In a resumed run
   * a point that is already journaled with the same name, step, value and context is not written twice, so that
   * training may restart from a checkpoint.
   */
  logMetrics(metrics: Record<string, number>, step?: number, context?: MetricContext): void;
  logMetricRows(rows: readonly MetricRow[]): void;
  /** Copies the file now; it may be changed afterwards. `folder` is a path among the run's artifacts. */
  logArtifact(file: string, folder?: string): void;
  /** All files under a local folder, recursively. */
  logFolder(localFolder: string, folder?: string): void;
  logText(name: string, text: string): void;
  logBytes(name: string, bytes: Uint8Array): void;
  logJson(name: string, value: unknown): void;
  /** A plain value as YAML where the name ends in `.yaml` or `.yml`, else as JSON. */
  logDict(name: string, value: Record<string, unknown>): void;
  /** A figure that is drawn already: SVG, HTML, PNG, JPEG, PDF, as its name says. */
  logFigure(name: string, figure: string | Uint8Array): void;
  /**
   * A picture: an image file's bytes, or pixels, which become PNG. With `key` it joins the series that the UI shows over
   * steps; with `name` it is an artifact of that name.
   */
  logImage(
    image: Uint8Array | Pixels,
    as: { name: string } | { key: string; step?: number; timestamp?: number },
  ): void;
  /** Sound: an audio file's bytes, or samples, which become a WAV file of 32-bit floats. */
  logAudio(name: string, audio: Uint8Array | Sound): void;
  /** Rows of equal keys, shown by the UI as a table that can be compared between runs. */
  logTable(name: string, rows: readonly Record<string, unknown>[]): void;
  logDataset(dataset: DatasetOptions): void;
  /** Models that the run used, e.g. those it evaluates. */
  logInputModels(models: readonly (ModelReference | string)[]): void;
  /** Copies the files now. What is returned may be named in `logMetrics` at once. */
  logModel(model: ModelOptions): ModelReference;
  /** The model of this name that the run has logged last, also in an earlier session of it. */
  loggedModel(name: string): ModelReference | undefined;
  /** The text at the head of the run's page, in Markdown. Replaces the one before. */
  note(text: string): void;
  /** The largest step journaled of a metric. */
  lastStep(metric: string): number | undefined;
  /** Default `FINISHED`. Calling it again, or logging after it, is allowed (MLflow allows it too). */
  end(status?: EndStatus): void;
  /** Ends a run that is still open as FINISHED: `using run = tracker.startRun(...)`. */
  [Symbol.dispose](): void;
}

export interface FlushReport {
  /** `complete`: the server holds everything; `partial`: something is left for later; `local`: there is no server. */
  state: 'complete' | 'partial' | 'local';
  delivered: Delivered;
  runs: JournalStatus[];
  pendingBytes: number;
  /** One sentence each: what the server refused, or why it was not reached. */
  problems: string[];
}

export interface Tracker {
  readonly mode: 'online' | 'offline' | 'disabled';
  readonly experiment: string;
  readonly journalFolder: string;
  /** The server's address, without secrets. */
  readonly uri: string | undefined;
  startRun(options?: RunOptions): Run;
  /** Waits until this tracker's runs are on the server, at most `timeoutMs` (default 30 s). Never throws for a server's fault. */
  flush(timeoutMs?: number): Promise<FlushReport>;
  /** `flush`, then stops the sender and closes the journals. Runs not ended stay open, to be resumed by key. */
  close(timeoutMs?: number): Promise<FlushReport>;
  /** `close()`: `await using tracker = createTracker(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}
