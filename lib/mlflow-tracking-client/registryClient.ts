import type { Http } from './http';
import { pages } from './pages';
import { withRetries } from './retry';
import { pairs, record } from './wire';

/** A model as MLflow 3 keeps it beside the runs: its own id, its own artifact folder. */
export interface LoggedModel {
  id: string;
  name: string;
  experimentId: string;
  sourceRunId: string;
  artifactUri: string;
  status: string;
  tags: Record<string, string>;
  params: Record<string, string>;
}

export interface ModelVersion {
  name: string;
  version: string;
  source: string;
  runId: string;
  tags: Record<string, string>;
  aliases: string[];
}

/** Logged models and the model registry. */
export interface RegistryClient {
  createLoggedModel(options: {
    experimentId: string;
    name: string;
    sourceRunId: string;
    type?: string;
    tags?: Record<string, string>;
    params?: Record<string, string>;
  }): Promise<LoggedModel>;
  getLoggedModel(id: string): Promise<LoggedModel>;
  searchLoggedModels(experimentIds: readonly string[], filter?: string): Promise<LoggedModel[]>;
  finalizeLoggedModel(id: string, status: 'READY' | 'UPLOAD_FAILED'): Promise<void>;
  /** Says that a run brought forth these models, so that the run's page lists them. */
  logOutputs(runId: string, modelIds: readonly string[], step?: number): Promise<void>;
  /** Adds a model to the run's `mlflow.log-model.history` tag (how MLflow 2 lists a run's models). */
  logModelRecord(runId: string, modelJson: string): Promise<void>;
  /** Makes the registered model when missing. */
  ensureRegisteredModel(
    name: string,
    options?: { description?: string; tags?: Record<string, string> },
  ): Promise<void>;
  createModelVersion(options: {
    name: string;
    source: string;
    runId?: string;
    modelId?: string;
    description?: string;
    tags?: Record<string, string>;
  }): Promise<ModelVersion>;
  searchModelVersions(filter: string): Promise<ModelVersion[]>;
  setModelAlias(name: string, alias: string, version: string): Promise<void>;
  getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion>;
  deleteRegisteredModel(name: string): Promise<void>;
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
    tags?: WirePair[];
  };
  data?: { params?: WirePair[] };
}
interface WireVersion {
  name: string;
  version: string;
  source?: string;
  run_id?: string;
  tags?: WirePair[];
  aliases?: string[];
}

const API = '/api/2.0/mlflow';

export function createRegistryClient(http: Http, retries: number): RegistryClient {
  const call = <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload: object): Promise<T> =>
    withRetries(retries, 'always', () =>
      http.json<T>({
        method,
        path: API + path,
        ...(method === 'GET' ? { query: payload as Record<string, string | undefined> } : { json: payload }),
      }),
    );
  const create = <T>(path: string, json: object): Promise<T> =>
    withRetries(retries, 'unsent', () => http.json<T>({ method: 'POST', path: API + path, json }));

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
      return modelFromWire(answer.model);
    },
    async getLoggedModel(id) {
      return modelFromWire((await call<{ model: WireLoggedModel }>('GET', `/logged-models/${id}`, {})).model);
    },
    async searchLoggedModels(experimentIds, filter) {
      return pages(undefined, 100, async (max, token) => {
        const answer = await call<{ models?: WireLoggedModel[]; next_page_token?: string }>(
          'POST',
          '/logged-models/search',
          { experiment_ids: experimentIds, filter, max_results: max, page_token: token },
        );
        return { items: (answer.models ?? []).map(modelFromWire), next: answer.next_page_token };
      });
    },
    async finalizeLoggedModel(id, status) {
      await call('PATCH', `/logged-models/${id}`, {
        model_id: id,
        status: status === 'READY' ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED',
      });
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
    async ensureRegisteredModel(name, { description, tags } = {}) {
      try {
        await create('/registered-models/create', { name, description, tags: pairs(tags) });
      } catch (error) {
        if ((error as { code?: string }).code !== 'RESOURCE_ALREADY_EXISTS') throw error;
      }
    },
    async createModelVersion({ name, source, runId, modelId, description, tags }) {
      const answer = await create<{ model_version: WireVersion }>('/model-versions/create', {
        name,
        source,
        run_id: runId,
        model_id: modelId,
        description,
        tags: pairs(tags),
      });
      return versionFromWire(answer.model_version);
    },
    async searchModelVersions(filter) {
      return pages(undefined, 1000, async (max, token) => {
        const answer = await call<{ model_versions?: WireVersion[]; next_page_token?: string }>(
          'GET',
          '/model-versions/search',
          { filter, max_results: max, page_token: token },
        );
        return { items: (answer.model_versions ?? []).map(versionFromWire), next: answer.next_page_token };
      });
    },
    async setModelAlias(name, alias, version) {
      await call('POST', '/registered-models/alias', { name, alias, version });
    },
    async getModelVersionByAlias(name, alias) {
      const answer = await call<{ model_version: WireVersion }>('GET', '/registered-models/alias', {
        name,
        alias,
      });
      return versionFromWire(answer.model_version);
    },
    async deleteRegisteredModel(name) {
      await call('DELETE', '/registered-models/delete', { name });
    },
  };
}

function modelFromWire(wire: WireLoggedModel): LoggedModel {
  return {
    id: wire.info.model_id,
    name: wire.info.name,
    experimentId: wire.info.experiment_id,
    sourceRunId: wire.info.source_run_id ?? '',
    artifactUri: wire.info.artifact_uri,
    status: String(wire.info.status),
    tags: record(wire.info.tags),
    params: record(wire.data?.params),
  };
}

function versionFromWire(wire: WireVersion): ModelVersion {
  return {
    name: wire.name,
    version: String(wire.version),
    source: wire.source ?? '',
    runId: wire.run_id ?? '',
    tags: record(wire.tags),
    aliases: wire.aliases ?? [],
  };
}
