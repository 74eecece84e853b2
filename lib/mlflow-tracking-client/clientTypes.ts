import type { Http } from './http';
import type { LoggedModelClient } from './loggedModels';
import type { RegistryClient } from './registryClient';
import type { WireNumber } from './rules';
import type { ServerSettings } from './settings';
import type { Experiment, MetricPoint, RemoteRun, RunStatus } from './wire';

export type { Experiment, MetricPoint, RemoteRun, RunStatus } from './wire';

/** What one log-batch request carries; at most the numbers of `LIMITS`. */
export interface Batch {
  metrics: {
    key: string;
    value: WireNumber;
    timestamp: number;
    step: number;
    /** The server's id of a logged model. */
    model_id?: string;
    dataset_name?: string;
    dataset_digest?: string;
  }[];
  params: { key: string; value: string }[];
  tags: { key: string; value: string }[];
}

export interface RemoteDataset {
  name: string;
  digest: string;
  sourceType: string;
  source: string;
  schema?: string;
  profile?: string;
  /** What the data served for, e.g. `training`. */
  context?: string;
}

export interface SearchOptions {
  /** MLflow's filter language, e.g. `metrics.val_loss < 0.5 and tags.stage = 'final'`. Default: all. */
  filter?: string;
  /** e.g. `['metrics.val_f1 DESC']`. */
  orderBy?: string[];
  /** Stop after this many. Default: all. */
  limit?: number;
  /** Default `active`. */
  lifecycle?: 'active' | 'deleted' | 'all';
}

/** The direct, unjournaled calls to an MLflow server. Each throws ServerError with one clear sentence. */
export interface MlflowClient extends RegistryClient, LoggedModelClient {
  readonly uri: string;
  readonly settings: ServerSettings;
  readonly http: Http;
  version(): Promise<string>;
  getExperiment(name: string): Promise<Experiment | undefined>;
  getExperimentById(id: string): Promise<Experiment>;
  /** The experiment of this name, made when missing. Tags are set in both cases; a description that is there stays. */
  ensureExperiment(name: string, tags?: Record<string, string>): Promise<Experiment>;
  searchExperiments(options?: SearchOptions): Promise<Experiment[]>;
  setExperimentTag(id: string, key: string, value: string): Promise<void>;
  deleteExperimentTag(id: string, key: string): Promise<void>;
  /** Makes an experiment, with its own place for artifacts if wanted. @returns its id. */
  createExperiment(
    name: string,
    options?: { artifactLocation?: string; tags?: Record<string, string> },
  ): Promise<string>;
  renameExperiment(id: string, name: string): Promise<void>;
  deleteExperiment(id: string): Promise<void>;
  restoreExperiment(id: string): Promise<void>;
  createRun(options: {
    experimentId: string;
    name: string;
    startTime: number;
    tags: Record<string, string>;
  }): Promise<RemoteRun>;
  getRun(runId: string): Promise<RemoteRun>;
  /** The run that this one is nested in; undefined for a run of the top level. */
  getParentRun(runId: string): Promise<RemoteRun | undefined>;
  /** Matches one by one, page by page as they are asked for. */
  iterateRuns(
    experimentIds: readonly string[],
    options?: SearchOptions,
  ): AsyncGenerator<RemoteRun, void, undefined>;
  /** All of them in a list; `runRows` makes a table of it. */
  searchRuns(experimentIds: readonly string[], options?: SearchOptions): Promise<RemoteRun[]>;
  updateRun(runId: string, change: { status?: RunStatus; endTime?: number; name?: string }): Promise<void>;
  deleteRun(runId: string): Promise<void>;
  restoreRun(runId: string): Promise<void>;
  /** One log-batch request, as given. Not repeated here: it may be partly carried out. */
  logBatch(runId: string, batch: Batch): Promise<void>;
  setTag(runId: string, key: string, value: string): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  /** Every point of one metric, in order of time and step. */
  metricHistory(runId: string, name: string): Promise<MetricPoint[]>;
  /**
   * One metric of many runs for a chart, at most `maxPoints` (default 320) of each run, evenly chosen by step and with
   * first and last; a request per hundred runs.
   */
  metricHistories(
    runIds: readonly string[],
    name: string,
    options?: { maxPoints?: number; startStep?: number; endStep?: number },
  ): Promise<Map<string, MetricPoint[]>>;
  /** Datasets and logged models that a run used. */
  logInputs(runId: string, datasets: readonly RemoteDataset[], modelIds?: readonly string[]): Promise<void>;
  close(): void;
}
