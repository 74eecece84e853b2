export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface Experiment {
  id: string;
  name: string;
  artifactLocation: string;
  lifecycle: 'active' | 'deleted';
  /** ms since 1970; 0 where the server does not say. */
  creationTime: number;
  tags: Record<string, string>;
}

/** A run as the server holds it. Metrics are the latest value of each name. Times are ms since 1970. */
export interface RemoteRun {
  id: string;
  name: string;
  experimentId: string;
  status: RunStatus;
  startTime: number;
  endTime?: number;
  artifactUri: string;
  lifecycle: 'active' | 'deleted';
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: Record<string, number>;
  datasets: { name: string; digest: string; source: string; context?: string }[];
  /** Logged models that it produced. */
  modelIds: string[];
  /** Logged models that it used. */
  inputModelIds: string[];
}

export interface MetricPoint {
  name: string;
  value: number;
  timestamp: number;
  step: number;
}

/** A record as MLflow's list of key and value. */
export function pairs(values: Record<string, string> = {}): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/** MLflow's list of key and value as a record. */
export function record(list: readonly { key: string; value?: string }[] | undefined): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, value ?? '']));
}

/* The server's JSON, as far as it is read. */

export interface WireExperiment {
  experiment_id: string;
  name: string;
  artifact_location?: string;
  lifecycle_stage?: string;
  creation_time?: number | string;
  tags?: { key: string; value: string }[];
}

export interface WireMetric {
  key: string;
  value?: number | string;
  timestamp: number | string;
  step?: number | string;
}

export interface WireRun {
  info: {
    run_id: string;
    run_name?: string;
    experiment_id: string;
    status: RunStatus;
    start_time?: number | string;
    end_time?: number | string;
    artifact_uri?: string;
    lifecycle_stage?: string;
  };
  data?: {
    metrics?: WireMetric[];
    params?: { key: string; value: string }[];
    tags?: { key: string; value: string }[];
  };
  inputs?: {
    dataset_inputs?: {
      dataset: { name: string; digest: string; source?: string };
      tags?: { key: string; value: string }[];
    }[];
    model_inputs?: { model_id: string }[];
  };
  outputs?: { model_outputs?: { model_id: string }[] };
}

/** An experiment from MLflow's JSON. */
export function experimentFromWire(wire: WireExperiment): Experiment {
  return {
    id: wire.experiment_id,
    name: wire.name,
    artifactLocation: wire.artifact_location ?? '',
    lifecycle: wire.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
    creationTime: Number(wire.creation_time ?? 0),
    tags: record(wire.tags),
  };
}

/** A run from MLflow's JSON. */
export function runFromWire(wire: WireRun): RemoteRun {
  return {
    id: wire.info.run_id,
    name: wire.info.run_name ?? '',
    experimentId: wire.info.experiment_id,
    status: wire.info.status,
    startTime: Number(wire.info.start_time ?? 0),
    ...(wire.info.end_time === undefined ? {} : { endTime: Number(wire.info.end_time) }),
    artifactUri: wire.info.artifact_uri ?? '',
    lifecycle: wire.info.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
    params: record(wire.data?.params),
    tags: record(wire.data?.tags),
    metrics: Object.fromEntries((wire.data?.metrics ?? []).map((m) => [m.key, Number(m.value ?? 0)])),
    datasets: (wire.inputs?.dataset_inputs ?? []).map(({ dataset, tags }) => {
      const context = record(tags)['mlflow.data.context'];
      return {
        name: dataset.name,
        digest: dataset.digest,
        source: dataset.source ?? '',
        ...(context === undefined ? {} : { context }),
      };
    }),
    modelIds: (wire.outputs?.model_outputs ?? []).map((output) => output.model_id),
    inputModelIds: (wire.inputs?.model_inputs ?? []).map((input) => input.model_id),
  };
}

/** A metric point from MLflow's JSON. */
export function pointFromWire(wire: WireMetric): MetricPoint {
  return {
    name: wire.key,
    value: Number(wire.value ?? 0),
    timestamp: Number(wire.timestamp),
    step: Number(wire.step ?? 0),
  };
}
