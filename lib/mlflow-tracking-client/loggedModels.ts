import type { Http } from './http';
import { pages } from './pages';
import { withRetries } from './retry';
import { ServerError } from './serverError';
import { pairs, record } from './wire';

/** A metric of a logged model: where it was measured, and on which data. */
export interface LoggedModelMetric {
  name: string;
  value: number;
  step: number;
  timestamp: number;
  runId: string;
  datasetName?: string;
  datasetDigest?: string;
}

/** A model as MLflow 3 keeps it beside the runs: its own id, its own artifact folder. */
export interface LoggedModel {
  id: string;
  name: string;
  experimentId: string;
  sourceRunId: string;
  artifactUri: string;
  status: string;
  type: string;
  tags: Record<string, string>;
  params: Record<string, string>;
  metrics: LoggedModelMetric[];
}

export interface LoggedModelSearch {
  /** e.g. `metrics.f1 > 0.8 and params.units = '512'`. Default: all. */
  filter?: string;
  /** Only metrics on these data count in `filter`; MLflow compares the digests, too. */
  datasets?: readonly { name: string; digest: string }[];
  /** The first named comes first in the order, e.g. `{ field: 'metrics.f1', ascending: false }`. */
  orderBy?: readonly {
    field: string;
    ascending?: boolean;
    dataset?: { name: string; digest: string };
  }[];
  /** Stop after this many. Default: all. */
  limit?: number;
}

/** The calls about logged models, which MLflow has from version 3 on. */
export interface LoggedModelClient {
  createLoggedModel(options: {
    experimentId: string;
    name: string;
    sourceRunId?: string;
    type?: string;
    tags?: Record<string, string>;
    params?: Record<string, string>;
  }): Promise<LoggedModel>;
  getLoggedModel(id: string): Promise<LoggedModel>;
  searchLoggedModels(experimentIds: readonly string[], options?: LoggedModelSearch): Promise<LoggedModel[]>;
  finalizeLoggedModel(id: string, status: 'READY' | 'UPLOAD_FAILED'): Promise<void>;
  deleteLoggedModel(id: string): Promise<void>;
  setLoggedModelTags(id: string, tags: Record<string, string>): Promise<void>;
  deleteLoggedModelTag(id: string, key: string): Promise<void>;
  /** A parameter that the model has already keeps its value; a different one is refused by the server. */
  logModelParams(id: string, params: Record<string, string>): Promise<void>;
  /** Says that a run produced these models, so that the run's page lists them. */
  logOutputs(runId: string, modelIds: readonly string[], step?: number): Promise<void>;
  /** Adds a model to the run's `mlflow.log-model.history` tag (how MLflow 2 lists a run's models). */
  logModelRecord(runId: string, modelJson: string): Promise<void>;
}

interface WirePair {
  key: string;
  value?: string;
}

interface WireLoggedModel {
  info: {
    model_id: string;
    name: string;
    experiment_id: string;
    source_run_id?: string;
    artifact_uri: string;
    status: string | number;
    model_type?: string;
    tags?: WirePair[];
  };
  data?: {
    params?: WirePair[];
    metrics?: {
      key: string;
      value?: number | string;
      step?: number | string;
      timestamp?: number | string;
      run_id?: string;
      dataset_name?: string;
      dataset_digest?: string;
    }[];
  };
}

const API = '/api/2.0/mlflow';

/** Calls for logged models (MLflow 3); reads are tried again up to `retries` times. */
export function createLoggedModelClient(http: Http, retries: number): LoggedModelClient {
  const call = <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object): Promise<T> =>
    withRetries(retries, 'always', () =>
      http.json<T>({ method, path: API + path, ...(payload === undefined ? {} : { json: payload }) }),
    );
  const create = <T>(path: string, json: object): Promise<T> =>
    withRetries(retries, 'unsent', () => http.json<T>({ method: 'POST', path: API + path, json }));
  const at = (id: string): string => `/logged-models/${encodeURIComponent(id)}`;
  const dataset = (one: { name: string; digest: string }): object => ({
    dataset_name: one.name,
    dataset_digest: one.digest,
  });

  return {
    async createLoggedModel({ experimentId, name, sourceRunId, type, tags, params }) {
      const answer = await create<{ model: WireLoggedModel }>('/logged-models', {
        experiment_id: experimentId,
        name,
        source_run_id: sourceRunId,
        model_type: type,
        tags: pairs(tags),
        params: pairs(params),
      });
      return modelFromWire(held(answer));
    },
    async getLoggedModel(id) {
      return modelFromWire(held(await call<{ model: WireLoggedModel }>('GET', at(id))));
    },
    searchLoggedModels: (experimentIds, { filter, datasets, orderBy, limit } = {}) =>
      pages(limit, 100, async (max, token) => {
        const answer = await call<{ models?: WireLoggedModel[]; next_page_token?: string }>(
          'POST',
          '/logged-models/search',
          {
            experiment_ids: experimentIds,
            filter,
            datasets: datasets?.map(dataset),
            order_by: orderBy?.map((order) => ({
              field_name: order.field,
              ascending: order.ascending ?? true,
              ...(order.dataset === undefined ? {} : dataset(order.dataset)),
            })),
            max_results: max,
            page_token: token,
          },
        );
        return { items: (answer.models ?? []).map(modelFromWire), next: answer.next_page_token };
      }),
    async finalizeLoggedModel(id, status) {
      held(
        await call<{ model?: WireLoggedModel }>('PATCH', at(id), {
          model_id: id,
          status: status === 'READY' ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED',
        }),
      );
    },
    async deleteLoggedModel(id) {
      await call('DELETE', at(id));
    },
    async setLoggedModelTags(id, tags) {
      await call('PATCH', `${at(id)}/tags`, { model_id: id, tags: pairs(tags) });
    },
    async deleteLoggedModelTag(id, key) {
      await call('DELETE', `${at(id)}/tags/${encodeURIComponent(key)}`);
    },
    async logModelParams(id, params) {
      await call('POST', `${at(id)}/params`, { model_id: id, params: pairs(params) });
    },
    async logOutputs(runId, modelIds, step = 0) {
      await call('POST', '/runs/outputs', {
        run_id: runId,
        models: modelIds.map((model_id) => ({ model_id, step })),
      });
    },
    async logModelRecord(runId, modelJson) {
      await create('/runs/log-model', { run_id: runId, model_json: modelJson });
    },
  };
}

/** The model of an answer; an object without it comes from some other program. */
function held({ model }: { model?: WireLoggedModel }): WireLoggedModel {
  if (model === undefined) throw new ServerError('foreign', 'the answer about a model holds none');
  return model;
}

function modelFromWire(wire: WireLoggedModel): LoggedModel {
  return {
    id: wire.info.model_id,
    name: wire.info.name,
    experimentId: wire.info.experiment_id,
    sourceRunId: wire.info.source_run_id ?? '',
    artifactUri: wire.info.artifact_uri,
    status: String(wire.info.status),
    type: wire.info.model_type ?? '',
    tags: record(wire.info.tags),
    params: record(wire.data?.params),
    metrics: (wire.data?.metrics ?? []).map((metric) => ({
      name: metric.key,
      value: Number(metric.value ?? 0),
      step: Number(metric.step ?? 0),
      timestamp: Number(metric.timestamp ?? 0),
      runId: metric.run_id ?? '',
      ...(metric.dataset_name === undefined ? {} : { datasetName: metric.dataset_name }),
      ...(metric.dataset_digest === undefined ? {} : { datasetDigest: metric.dataset_digest }),
    })),
  };
}
