import type { Http } from './http';
import { pages } from './pages';
import { withRetries } from './retry';
import { pairs, record } from './wire';

export interface RegisteredModel {
  name: string;
  description: string;
  tags: Record<string, string>;
  /** Version by alias. */
  aliases: Record<string, string>;
}

export interface ModelVersion {
  name: string;
  version: string;
  source: string;
  runId: string;
  description: string;
  status: string;
  tags: Record<string, string>;
  aliases: string[];
}

export interface RegistrySearch {
  /** e.g. `name LIKE 'bird%'`. Default: all. */
  filter?: string;
  /** e.g. `['name ASC']`. */
  orderBy?: string[];
  /** Stop after this many. Default: all. */
  limit?: number;
}

/** The model registry. Names, versions and aliases are as MLflow shows them; each call throws ServerError. */
export interface RegistryClient {
  /** Makes the registered model when missing. */
  ensureRegisteredModel(
    name: string,
    options?: { description?: string; tags?: Record<string, string> },
  ): Promise<void>;
  getRegisteredModel(name: string): Promise<RegisteredModel>;
  searchRegisteredModels(options?: RegistrySearch): Promise<RegisteredModel[]>;
  renameRegisteredModel(name: string, newName: string): Promise<void>;
  updateRegisteredModel(name: string, description: string): Promise<void>;
  deleteRegisteredModel(name: string): Promise<void>;
  setRegisteredModelTag(name: string, key: string, value: string): Promise<void>;
  deleteRegisteredModelTag(name: string, key: string): Promise<void>;
  createModelVersion(options: {
    name: string;
    source: string;
    runId?: string;
    modelId?: string;
    description?: string;
    tags?: Record<string, string>;
  }): Promise<ModelVersion>;
  getModelVersion(name: string, version: string): Promise<ModelVersion>;
  /** Where the version's files lie; `openArtifactStore` reads them. */
  getModelVersionDownloadUri(name: string, version: string): Promise<string>;
  searchModelVersions(options?: RegistrySearch): Promise<ModelVersion[]>;
  updateModelVersion(name: string, version: string, description: string): Promise<void>;
  deleteModelVersion(name: string, version: string): Promise<void>;
  setModelVersionTag(name: string, version: string, key: string, value: string): Promise<void>;
  deleteModelVersionTag(name: string, version: string, key: string): Promise<void>;
  setModelAlias(name: string, alias: string, version: string): Promise<void>;
  deleteModelAlias(name: string, alias: string): Promise<void>;
  getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion>;
}

interface WirePair {
  key: string;
  value?: string;
}

interface WireRegistered {
  name: string;
  description?: string;
  tags?: WirePair[];
  aliases?: { alias: string; version: string | number }[];
}

interface WireVersion {
  name: string;
  version: string;
  source?: string;
  run_id?: string;
  description?: string;
  status?: string;
  tags?: WirePair[];
  aliases?: string[];
}

const API = '/api/2.0/mlflow';

/** Calls for the model registry; what may be repeated without harm is tried again up to `retries` times. */
export function createRegistryClient(http: Http, retries: number): RegistryClient {
  const read = <T>(path: string, query: Record<string, string | number | readonly string[] | undefined>) =>
    withRetries(retries, 'always', () => http.json<T>({ method: 'GET', path: API + path, query }));
  // Doing the same twice is the same as once, so these may be repeated.
  const set = async (method: 'POST' | 'PATCH', path: string, json: object): Promise<void> => {
    await withRetries(retries, 'always', () => http.json({ method, path: API + path, json }));
  };
  // A repeated deletion would find nothing to delete, and a repeated creation make a second version.
  const once = <T>(method: 'POST' | 'DELETE', path: string, json: object): Promise<T> =>
    withRetries(retries, 'unsent', () => http.json<T>({ method, path: API + path, json }));
  const remove = async (path: string, json: object): Promise<void> => {
    await once('DELETE', path, json);
  };
  const version = async (path: string, query: Record<string, string>): Promise<ModelVersion> =>
    versionFromWire((await read<{ model_version: WireVersion }>(path, query)).model_version);

  return {
    async ensureRegisteredModel(name, { description, tags } = {}) {
      try {
        await once('POST', '/registered-models/create', { name, description, tags: pairs(tags) });
      } catch (error) {
        if ((error as { code?: string }).code !== 'RESOURCE_ALREADY_EXISTS') throw error;
      }
    },
    async getRegisteredModel(name) {
      const answer = await read<{ registered_model: WireRegistered }>('/registered-models/get', { name });
      return registeredFromWire(answer.registered_model);
    },
    searchRegisteredModels: ({ filter, orderBy, limit } = {}) =>
      pages(limit, 1000, async (max, token) => {
        const answer = await read<{ registered_models?: WireRegistered[]; next_page_token?: string }>(
          '/registered-models/search',
          { filter, order_by: orderBy, max_results: max, page_token: token },
        );
        return {
          items: (answer.registered_models ?? []).map(registeredFromWire),
          next: answer.next_page_token,
        };
      }),
    renameRegisteredModel: async (name, newName) => {
      await once('POST', '/registered-models/rename', { name, new_name: newName });
    },
    updateRegisteredModel: (name, description) =>
      set('PATCH', '/registered-models/update', { name, description }),
    deleteRegisteredModel: (name) => remove('/registered-models/delete', { name }),
    setRegisteredModelTag: (name, key, value) =>
      set('POST', '/registered-models/set-tag', { name, key, value }),
    deleteRegisteredModelTag: (name, key) => remove('/registered-models/delete-tag', { name, key }),
    async createModelVersion({ name, source, runId, modelId, description, tags }) {
      const answer = await once<{ model_version: WireVersion }>('POST', '/model-versions/create', {
        name,
        source,
        run_id: runId,
        model_id: modelId,
        description,
        tags: pairs(tags),
      });
      return versionFromWire(answer.model_version);
    },
    getModelVersion: (name, number) => version('/model-versions/get', { name, version: number }),
    async getModelVersionDownloadUri(name, number) {
      const answer = await read<{ artifact_uri: string }>('/model-versions/get-download-uri', {
        name,
        version: number,
      });
      return answer.artifact_uri;
    },
    searchModelVersions: ({ filter, orderBy, limit } = {}) =>
      pages(limit, 1000, async (max, token) => {
        const answer = await read<{ model_versions?: WireVersion[]; next_page_token?: string }>(
          '/model-versions/search',
          { filter, order_by: orderBy, max_results: max, page_token: token },
        );
        return { items: (answer.model_versions ?? []).map(versionFromWire), next: answer.next_page_token };
      }),
    updateModelVersion: (name, number, description) =>
      set('PATCH', '/model-versions/update', { name, version: number, description }),
    deleteModelVersion: (name, number) => remove('/model-versions/delete', { name, version: number }),
    setModelVersionTag: (name, number, key, value) =>
      set('POST', '/model-versions/set-tag', { name, version: number, key, value }),
    deleteModelVersionTag: (name, number, key) =>
      remove('/model-versions/delete-tag', { name, version: number, key }),
    setModelAlias: (name, alias, number) =>
      set('POST', '/registered-models/alias', { name, alias, version: number }),
    deleteModelAlias: (name, alias) => remove('/registered-models/alias', { name, alias }),
    getModelVersionByAlias: (name, alias) => version('/registered-models/alias', { name, alias }),
  };
}

function registeredFromWire(wire: WireRegistered): RegisteredModel {
  return {
    name: wire.name,
    description: wire.description ?? '',
    tags: record(wire.tags),
    aliases: Object.fromEntries((wire.aliases ?? []).map(({ alias, version }) => [alias, String(version)])),
  };
}

function versionFromWire(wire: WireVersion): ModelVersion {
  return {
    name: wire.name,
    version: String(wire.version),
    source: wire.source ?? '',
    runId: wire.run_id ?? '',
    description: wire.description ?? '',
    status: wire.status ?? '',
    tags: record(wire.tags),
    aliases: wire.aliases ?? [],
  };
}
