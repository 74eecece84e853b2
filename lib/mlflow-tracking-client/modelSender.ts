import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { openArtifactStore } from './artifacts';
import type { ArtifactStore } from './artifactStore';
import type { MlflowClient } from './clientTypes';
import { ServerError } from './serverError';
import type { ModelEntry } from './journal';
import type { SentState } from './sentState';
import { toYaml } from './yaml';

/**
 * Delivers one model: made on the server (or found by its tag `uidTag` after a lost answer), files and
 * MLmodel uploaded, marked ready, tied to its run, registered. Every step may be repeated. Servers before
 * version 3 know no logged models: there the files go among the run's artifacts.
 */
export async function deliverModel(
  entry: ModelEntry,
  to: {
    client: MlflowClient;
    state: SentState;
    folder: string;
    runStore: ArtifactStore;
    /** What `findOrCreateModel` gave. */
    model: RemoteModel | undefined;
    /** Tag of the model's own identity. */
    uidTag: string;
  },
): Promise<void> {
  const { client, state, model } = to;
  const store = model === undefined ? to.runStore : openArtifactStore(client, model.artifactUri);
  const prefix = model === undefined ? `${entry.name}/` : '';
  for (const file of entry.files) await store.put(prefix + file.to, path.join(to.folder, file.spool));

  const mlmodel = {
    artifact_path: model === undefined ? entry.name : model.artifactUri,
    ...entry.mlmodel,
    ...(model === undefined ? {} : { model_id: model.id }),
    run_id: state.runId,
  };
  const temporary = path.join(os.tmpdir(), `${entry.uid}.MLmodel`);
  fs.writeFileSync(temporary, toYaml(mlmodel));
  try {
    await store.put(`${prefix}MLmodel`, temporary);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
  if (model === undefined) {
    await client.logModelRecord(state.runId, JSON.stringify(mlmodel));
  } else {
    await client.finalizeLoggedModel(model.id, 'READY');
    // Servers refuse what they hold already, as after a lost answer.
    if (!(await client.getRun(state.runId)).modelIds.includes(model.id))
      await client.logOutputs(state.runId, [model.id], entry.step);
  }
  if (entry.registerAs !== undefined) {
    const source = model === undefined ? `${state.artifactUri}/${entry.name}` : model.artifactUri;
    await register(entry, entry.registerAs, source, model?.id, client, state, to.uidTag);
  }
}

/** A logged model as the server holds it. */
export interface RemoteModel {
  id: string;
  artifactUri: string;
}

/** The model on the server, made without files when missing; undefined where servers know no logged models. */
export async function findOrCreateModel(
  entry: ModelEntry,
  client: MlflowClient,
  state: SentState,
  { runTags, uidTag }: { runTags: Record<string, string>; uidTag: string },
): Promise<RemoteModel | undefined> {
  try {
    const found = await client.searchLoggedModels([state.experimentId], {
      filter: `tags.\`${uidTag}\` = '${entry.uid}'`,
      limit: 1,
    });
    if (found[0] !== undefined) return found[0];
    return await client.createLoggedModel({
      experimentId: state.experimentId,
      name: entry.name,
      sourceRunId: state.runId,
      // Who made it, from which program and commit: the model's page shows them.
      tags: { ...runTags, ...entry.tags, [uidTag]: entry.uid },
      ...(entry.type === undefined ? {} : { type: entry.type }),
      params: entry.params,
    });
  } catch (error) {
    // A server without these addresses answers 404, but gateways do, too.
    if (
      error instanceof ServerError &&
      error.status === 404 &&
      Number.parseInt(await client.version(), 10) < 3
    )
      return undefined;
    throw error;
  }
}

async function register(
  entry: ModelEntry,
  name: string,
  source: string,
  modelId: string | undefined,
  client: MlflowClient,
  state: SentState,
  uidTag: string,
): Promise<void> {
  await client.ensureRegisteredModel(name);
  const versions = await client.searchModelVersions({ filter: `name = '${name.replace(/'/g, "''")}'` });
  const held = versions.find((version) => version.tags[uidTag] === entry.uid);
  const version =
    held ??
    (await client.createModelVersion({
      name,
      source,
      runId: state.runId,
      ...(modelId === undefined ? {} : { modelId }),
      tags: { [uidTag]: entry.uid },
    }));
  if (entry.alias !== undefined) await client.setModelAlias(name, entry.alias, version.version);
}
