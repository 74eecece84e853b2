import { createHttp } from './http';
import { createLoggedModelClient } from './loggedModels';
import { pageItems, pages, type Page } from './pages';
import { createRegistryClient } from './registryClient';
import { backOffMs, pause, withRetries } from './retry';
import { ServerError, foreignError, isAbsent } from './serverError';
import { serverSettings, type ServerSettings } from './settings';
import {
  experimentFromWire,
  pairs,
  pointFromWire,
  runFromWire,
  type Experiment,
  type MetricPoint,
  type RemoteRun,
  type WireExperiment,
  type WireMetric,
  type WireRun,
} from './wire';
import type { MlflowClient, SearchOptions } from './clientTypes';

const API = '/api/2.0/mlflow';
/** Without it, MLflow 3 shows an empty experiment in the dress for language models. */
const NEW_EXPERIMENT = { 'mlflow.experimentKind': 'custom_model_development' };
/** Written by people, too. */
const DESCRIPTION = 'mlflow.note.content';
const PAGE = 1000;
const HISTORY_PAGE = 25_000;
const RUNS_PER_HISTORY = 100;

/**
 * A client for one server.
 *
 * @param server its address, or settings made by `serverSettings`. Default: `MLFLOW_TRACKING_URI`.
 */
export function createMlflowClient(
  server: string | ServerSettings = process.env['MLFLOW_TRACKING_URI'] ?? '',
): MlflowClient {
  const settings = typeof server === 'string' ? serverSettings(server) : server;
  const http = createHttp(settings);
  const read = <T>(
    path: string,
    query: Record<string, string | number | readonly string[] | undefined>,
  ): Promise<T> =>
    withRetries(settings.retries, 'always', () => http.json<T>({ method: 'GET', path: API + path, query }));
  const search = <T>(path: string, json: unknown): Promise<T> =>
    withRetries(settings.retries, 'always', () => http.json<T>({ method: 'POST', path: API + path, json }));
  // Setting the same thing twice is the same as once, so these may be repeated as well.
  const set = async (path: string, json: unknown): Promise<void> => {
    await search(path, json);
  };
  const once = <T>(path: string, json: unknown): Promise<T> =>
    withRetries(settings.retries, 'unsent', () => http.json<T>({ method: 'POST', path: API + path, json }));

  /** The named part of an answer; an object without it comes from some other program. */
  const part = <T>(answer: Record<string, unknown>, name: string, place: string): T => {
    if (answer[name] === undefined) throw foreignError(place, `the answer holds no "${name}"`, settings);
    return answer[name] as T;
  };

  async function getExperiment(name: string): Promise<Experiment | undefined> {
    const place = '/experiments/get-by-name';
    try {
      const answer = await read<Record<string, unknown>>(place, { experiment_name: name });
      return experimentFromWire(part<WireExperiment>(answer, 'experiment', place));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** The experiment of this name, made when missing: at most as many attempts as a repeatable request has. */
  async function findOrCreateExperiment(name: string, tags: Record<string, string>): Promise<Experiment> {
    for (let attempt = 0; ; attempt++) {
      const found = await getExperiment(name);
      if (found !== undefined) return found;
      let failure: unknown;
      try {
        await http.json({
          method: 'POST',
          path: `${API}/experiments/create`,
          json: { name, tags: pairs({ ...NEW_EXPERIMENT, ...tags }) },
        });
      } catch (error) {
        failure = error;
        // Another process was faster, or the answer got lost: a second look tells.
        const raced = (error as { code?: string }).code === 'RESOURCE_ALREADY_EXISTS';
        if (!raced && (error as { failure?: string }).failure !== 'ambiguous') throw error;
      }
      const made = await getExperiment(name);
      if (made !== undefined) return made;
      failure ??= new ServerError(
        'ambiguous',
        `experiment "${name}" was created on ${settings.uri}, which then does not hold it`,
      );
      if (attempt >= settings.retries) throw failure;
      await pause(backOffMs(attempt, failure));
    }
  }

  const runPage =
    (experimentIds: readonly string[], options: SearchOptions) =>
    async (max: number, token: string | undefined): Promise<Page<RemoteRun>> => {
      const answer = await search<{ runs?: WireRun[]; next_page_token?: string }>('/runs/search', {
        experiment_ids: experimentIds,
        ...searchBody(options, max, token),
        run_view_type: VIEW[options.lifecycle ?? 'active'],
      });
      return { items: (answer.runs ?? []).map(runFromWire), next: answer.next_page_token };
    };

  const client: MlflowClient = {
    uri: settings.uri,
    settings,
    http,
    ...createRegistryClient(http, settings.retries),
    ...createLoggedModelClient(http, settings.retries),
    async version() {
      const response = await http.stream({ method: 'GET', path: '/version' });
      let text = '';
      for await (const chunk of response) text += String(chunk);
      if (!/^\d+\.\d+/.test(text.trim()))
        throw foreignError(`GET ${settings.uri}/version`, 'the answer is not a version number', settings);
      return text.trim();
    },
    getExperiment,
    async getExperimentById(id) {
      return experimentFromWire(
        part<WireExperiment>(
          await read<Record<string, unknown>>('/experiments/get', { experiment_id: id }),
          'experiment',
          '/experiments/get',
        ),
      );
    },
    async ensureExperiment(name, tags = {}) {
      const experiment = await findOrCreateExperiment(name, tags);
      for (const [key, value] of Object.entries(tags)) {
        if (key === DESCRIPTION && experiment.tags[key]) continue;
        if (experiment.tags[key] !== value) await client.setExperimentTag(experiment.id, key, value);
      }
      return { ...experiment, tags: { ...tags, ...experiment.tags, ...withoutDescription(tags) } };
    },
    searchExperiments: (options = {}) =>
      pages(options.limit, PAGE, async (max, token) => {
        const answer = await search<{ experiments?: WireExperiment[]; next_page_token?: string }>(
          '/experiments/search',
          searchBody(options, max, token),
        );
        return { items: (answer.experiments ?? []).map(experimentFromWire), next: answer.next_page_token };
      }),
    setExperimentTag: (id, key, value) =>
      set('/experiments/set-experiment-tag', { experiment_id: id, key, value }),
    async deleteExperimentTag(id, key) {
      await once('/experiments/delete-experiment-tag', { experiment_id: id, key });
    },
    async createExperiment(name, { artifactLocation, tags } = {}) {
      const answer = await once<Record<string, unknown>>('/experiments/create', {
        name,
        artifact_location: artifactLocation,
        tags: pairs({ ...NEW_EXPERIMENT, ...tags }),
      });
      return part<string>(answer, 'experiment_id', '/experiments/create');
    },
    renameExperiment: (id, name) => set('/experiments/update', { experiment_id: id, new_name: name }),
    deleteExperiment: (id) => set('/experiments/delete', { experiment_id: id }),
    restoreExperiment: (id) => set('/experiments/restore', { experiment_id: id }),

    async createRun({ experimentId, name, startTime, tags }) {
      const answer = await once<Record<string, unknown>>('/runs/create', {
        experiment_id: experimentId,
        run_name: name,
        start_time: startTime,
        user_id: tags['mlflow.user'],
        tags: pairs(tags),
      });
      return runFromWire(part<WireRun>(answer, 'run', '/runs/create'));
    },
    async getRun(runId) {
      const answer = await read<Record<string, unknown>>('/runs/get', { run_id: runId });
      return runFromWire(part<WireRun>(answer, 'run', '/runs/get'));
    },
    async getParentRun(runId) {
      const parent = (await client.getRun(runId)).tags['mlflow.parentRunId'];
      return parent === undefined ? undefined : client.getRun(parent);
    },
    iterateRuns: (experimentIds, options = {}) =>
      pageItems(options.limit, PAGE, runPage(experimentIds, options)),
    searchRuns: (experimentIds, options = {}) => pages(options.limit, PAGE, runPage(experimentIds, options)),
    async updateRun(runId, change) {
      const answer = await search<Record<string, unknown>>('/runs/update', {
        run_id: runId,
        status: change.status,
        end_time: change.endTime,
        run_name: change.name,
      });
      part(answer, 'run_info', '/runs/update');
    },
    deleteRun: (runId) => set('/runs/delete', { run_id: runId }),
    restoreRun: (runId) => set('/runs/restore', { run_id: runId }),
    async logBatch(runId, batch) {
      const path = `${API}/runs/log-batch`;
      const answer = await http.json<object>({ method: 'POST', path, json: { run_id: runId, ...batch } });
      if (Object.keys(answer).length === 0) return;
      // MLflow answers nothing here: another program may have taken the port, or the server is MLflow's like.
      const { params, tags } = await client.getRun(runId);
      if (
        batch.metrics.length > 0 ||
        batch.params.some(({ key }) => params[key] === undefined) ||
        batch.tags.some(({ key }) => tags[key] === undefined)
      )
        throw new ServerError('ambiguous', `POST ${settings.uri}${path}: the answer is not MLflow's`);
    },
    setTag: (runId, key, value) => set('/runs/set-tag', { run_id: runId, key, value }),
    deleteTag: (runId, key) => set('/runs/delete-tag', { run_id: runId, key }),
    metricHistory: (runId, name) =>
      pages(undefined, HISTORY_PAGE, async (max, token) => {
        const answer = await read<{ metrics?: WireMetric[]; next_page_token?: string }>(
          '/metrics/get-history',
          {
            run_id: runId,
            metric_key: name,
            max_results: max,
            page_token: token,
          },
        );
        return { items: (answer.metrics ?? []).map(pointFromWire), next: answer.next_page_token };
      }),
    async metricHistories(runIds, name, { maxPoints = 320, startStep, endStep } = {}) {
      const histories = new Map<string, MetricPoint[]>(runIds.map((id) => [id, []]));
      for (let from = 0; from < runIds.length; from += RUNS_PER_HISTORY) {
        const answer = await read<{ metrics?: (WireMetric & { run_id: string })[] }>(
          '/metrics/get-history-bulk-interval',
          {
            run_ids: runIds.slice(from, from + RUNS_PER_HISTORY),
            metric_key: name,
            max_results: maxPoints,
            start_step: startStep,
            end_step: endStep,
          },
        );
        for (const metric of answer.metrics ?? []) histories.get(metric.run_id)?.push(pointFromWire(metric));
      }
      return histories;
    },
    async logInputs(runId, datasets, modelIds = []) {
      const place = '/runs/log-inputs';
      const answer = await search<object>(place, {
        run_id: runId,
        datasets: datasets.map((d) => ({
          dataset: {
            name: d.name,
            digest: d.digest,
            source_type: d.sourceType,
            source: d.source,
            schema: d.schema,
            profile: d.profile,
          },
          tags: d.context === undefined ? [] : [{ key: 'mlflow.data.context', value: d.context }],
        })),
        ...(modelIds.length === 0 ? {} : { models: modelIds.map((model_id) => ({ model_id })) }),
      });
      if (Object.keys(answer).length === 0) return;
      const run = await client.getRun(runId);
      const held = (name: string, digest: string): boolean =>
        run.datasets.some((one) => one.name === name && one.digest === digest);
      if (
        !datasets.every(({ name, digest }) => held(name, digest)) ||
        !modelIds.every((id) => run.inputModelIds.includes(id))
      )
        throw foreignError(`POST ${settings.uri}${API}${place}`, "the answer is not MLflow's", settings);
    },
    close: () => http.close(),
  };
  return client;
}

function withoutDescription({ [DESCRIPTION]: _, ...others }: Record<string, string>): Record<string, string> {
  return others;
}

/**
 * The page of an experiment's runs in MLflow's own interface. The experiment's plain address shows an overview of
 * language models first.
 */
export function experimentPage(uri: string, experimentId: string): string {
  return `${uri}/#/experiments/${experimentId}/runs`;
}

const VIEW = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' } as const;

function searchBody(options: SearchOptions, max: number, token: string | undefined): Record<string, unknown> {
  return {
    filter: options.filter,
    order_by: options.orderBy,
    max_results: max,
    page_token: token,
    view_type: VIEW[options.lifecycle ?? 'active'],
  };
}
