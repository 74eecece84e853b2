export { UserError } from 'research-basics/errors';
export { createTracker, type TrackerOptions } from './tracker';
export { syncJournals, type SyncOptions, type SyncReport } from './sync';
export { createMlflowClient, experimentPage } from './client';
export type {
  Batch,
  Experiment,
  MetricPoint,
  MlflowClient,
  RemoteDataset,
  RemoteRun,
  RunStatus,
  SearchOptions,
} from './clientTypes';
export type { ModelVersion, RegisteredModel, RegistryClient, RegistrySearch } from './registryClient';
export type { LoggedModel, LoggedModelClient, LoggedModelMetric, LoggedModelSearch } from './loggedModels';
export { runRows } from './runRows';
export { activeRun, withRun } from './activeRun';
export type { Pixels, Sound } from './media';
export { openArtifactStore, listAllArtifacts } from './artifacts';
export type { ArtifactStore } from './artifactStore';
export { ServerError, type FailureKind } from './serverError';
export {
  findLocalServer,
  findMlflow,
  startLocalServer,
  stopLocalServer,
  type LocalServer,
  type LocalServerOptions,
} from './localServer';
export type { JournalStatus } from './journalStatus';
export type { Delivered } from './delivered';
export type {
  DatasetOptions,
  EndStatus,
  FlushReport,
  MetricContext,
  MetricRow,
  ModelOptions,
  ModelReference,
  Run,
  RunOptions,
  RunReference,
  TensorSpec,
  TextValue,
  Tracker,
} from './types';
export {
  trackFit,
  type FitTracking,
  type TrackedEpoch,
  type TrackedOutcome,
  type TrackedSettings,
} from './trackFit';
export { sampleSystem, type SystemSampling } from './systemMetrics';
export { LIMITS } from './rules';
export { withoutUserInfo } from './secrets';
export { metricName, metricNames } from './metricName';
