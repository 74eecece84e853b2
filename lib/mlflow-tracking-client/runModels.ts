import * as path from 'node:path';
import type { PackedBatch } from './batches';
import type { Batch, MlflowClient } from './clientTypes';
import { findModel, type ModelEntry, type ModelTarget } from './journal';
import { findOrCreateModel, type RemoteModel } from './modelSender';
import type { SentState } from './sentState';

/** The logged models that one journal makes or names, by the server's ids. */
export interface RunModels {
  /** A model of this journal, made without files when missing; undefined where servers know no logged models. */
  of(entry: ModelEntry): Promise<RemoteModel | undefined>;
  /** The same by our own identity. */
  id(uid: string): Promise<string | undefined>;
  /** The server's ids of models of this or another journal; those that nobody knows are left out. */
  resolve(targets: readonly ModelTarget[]): Promise<string[]>;
  /** A batch whose metrics name their models by the server's ids. */
  name(batch: PackedBatch): Promise<Batch>;
  clear(): void;
}

/** Logs models of one run: entries of its journal, files in its spool, identifiers once the server has given them. */
export function createRunModels(context: {
  journal: string;
  client: MlflowClient;
  /** Tags of every model of this run, and the tag of a model's own identity. */
  runTags: Record<string, string>;
  uidTag: string;
  attach(): Promise<SentState>;
  modelIdIn(journal: string, uid: string): Promise<string | undefined>;
}): RunModels {
  const { journal, client } = context;
  const models = new Map<string, Promise<RemoteModel | undefined>>();

  /** Asked for by its upload and by the metrics of several runs at once: it is made once. */
  function of(entry: ModelEntry): Promise<RemoteModel | undefined> {
    let model = models.get(entry.uid);
    if (model === undefined) {
      model = context.attach().then((known) => findOrCreateModel(entry, client, known, context));
      models.set(entry.uid, model);
      model.catch(() => models.delete(entry.uid));
    }
    return model;
  }

  async function id(uid: string): Promise<string | undefined> {
    const known = models.get(uid);
    if (known !== undefined) return (await known)?.id;
    const entry = findModel(journal, uid);
    return entry === undefined ? undefined : (await of(entry))?.id;
  }

  async function resolveOne(target: ModelTarget): Promise<string | undefined> {
    if ('id' in target) return target.id;
    return target.journal === path.basename(journal)
      ? id(target.uid)
      : context.modelIdIn(target.journal, target.uid);
  }

  return {
    of,
    id,
    async resolve(targets) {
      const ids = await Promise.all(targets.map(resolveOne));
      return ids.filter((one) => one !== undefined);
    },
    async name(batch) {
      if (!batch.metrics.some(({ model }) => model !== undefined)) return batch;
      const metrics: Batch['metrics'] = [];
      // A batch names one or two models in up to a thousand metrics.
      const ids = new Map<string, string | undefined>();
      for (const { model, ...metric } of batch.metrics) {
        const key = model === undefined ? undefined : JSON.stringify(model);
        if (key !== undefined && !ids.has(key)) ids.set(key, await resolveOne(model!));
        const known = key === undefined ? undefined : ids.get(key);
        metrics.push({ ...metric, ...(known === undefined ? {} : { model_id: known }) });
      }
      return { ...batch, metrics };
    },
    clear: () => models.clear(),
  };
}
