import { batchSize, identitySet, missingMetrics, splitBatch } from './batches';
import type { Batch, MlflowClient } from './clientTypes';
import type { Delivered } from './delivered';
import { isPermanent } from './serverError';

export interface BatchSender {
  /** Sends what the server does not hold of the batch yet. Throws ServerError; then call it again with the same. */
  send(runId: string, batch: Batch): Promise<void>;
  /** What the server holds is unknown: ask before sending. The state at the start. */
  distrust(): void;
  /** The run is new and empty. */
  trust(): void;
}

/**
 * Sends batches of one run in order, each metric point exactly once. A request whose answer got lost may be
 * stored wholly, in part or not at all, and metrics append. So after such a failure, and whenever a journal
 * is taken up again, the histories of a batch's metrics are fetched and only missing points are sent, until
 * a batch of which the server held nothing shows that the known part is passed. (MLflow's SQL stores drop
 * doubles by themselves; other stores do not.)
 */
export function createBatchSender(context: {
  client: MlflowClient;
  delivered: Delivered;
  /** Throws when the run itself is why the server refused. */
  checkRun(): Promise<void>;
  /** Called with the server's sentence about an item it refused. */
  onRefused(sentence: string): void;
}): BatchSender {
  const { client, delivered } = context;
  let trusted = false;
  let histories = new Map<string, Set<string>>();

  async function deliver(runId: string, batch: Batch): Promise<void> {
    if (batchSize(batch) === 0) return;
    try {
      await client.logBatch(runId, batch);
      delivered.metrics += batch.metrics.length;
      delivered.params += batch.params.length;
      delivered.tags += batch.tags.length;
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await context.checkRun();
      // One bad item spoils its whole batch: halve until it stands alone.
      if (batchSize(batch) === 1) context.onRefused(error.message);
      else for (const half of splitBatch(batch)) await deliver(runId, half);
    }
  }

  return {
    async send(runId, batch) {
      if (trusted || batch.metrics.length === 0) return deliver(runId, batch);
      for (const name of new Set(batch.metrics.map((metric) => metric.key))) {
        if (!histories.has(name)) histories.set(name, identitySet(await client.metricHistory(runId, name)));
      }
      const metrics = missingMetrics(batch.metrics, histories);
      await deliver(runId, { ...batch, metrics });
      if (metrics.length === batch.metrics.length) {
        trusted = true;
        histories = new Map();
      }
    },
    distrust() {
      trusted = false;
      histories = new Map();
    },
    trust() {
      trusted = true;
    },
  };
}
