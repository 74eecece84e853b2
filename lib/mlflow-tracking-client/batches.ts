import type { Batch, MetricPoint } from './clientTypes';
import type { JournalEntry, MetricSubject, ModelTarget, ReadEntry } from './journal';
import { LIMITS } from './rules';

/** Entries whose content travels by log-batch. */
type BatchEntry = Extract<JournalEntry, { op: 'tags' | 'params' | 'metrics' | 'rows' }>;

/** A batch whose models are still named as the journal names them. */
export interface PackedBatch extends Batch {
  metrics: (Batch['metrics'][number] & { model?: ModelTarget })[];
}

function isBatchEntry(entry: JournalEntry): entry is BatchEntry {
  return entry.op === 'tags' || entry.op === 'params' || entry.op === 'metrics' || entry.op === 'rows';
}

/**
 * The largest batch that starts at `entries[from]`: consecutive tags, parameters and metrics within every
 * limit by count and bytes. Artifacts and models in between are passed over (they go their own way); any
 * other entry ends the batch, so that the order of what matters is kept. Each journal line fits in one
 * batch by construction.
 *
 * @returns the batch and the index after it; an empty batch when `entries[from]` is not a batch entry.
 */
export function packBatch(entries: readonly ReadEntry[], from: number): { batch: PackedBatch; next: number } {
  const batch: PackedBatch = { metrics: [], params: [], tags: [] };
  const params = new Set<string>();
  const tags = new Map<string, number>();
  let bytes = 0;
  let next = from;
  for (; next < entries.length; next++) {
    const { entry } = entries[next]!;
    if (entry.op === 'artifact' || entry.op === 'model') continue;
    if (!isBatchEntry(entry)) break;
    const items = entry.op === 'rows' ? entry.x.length : Object.keys(entry.x).length;
    // Metrics grow on the way from line to request: each repeats its time and step (about 70 bytes).
    const each = entry.op === 'metrics' ? 70 + subjectBytes(entry) : 70;
    const cost = Buffer.byteLength(JSON.stringify(entry.x)) + each * items;
    const held = batch.metrics.length + batch.params.length + batch.tags.length;
    const full =
      held + items > LIMITS.itemsPerBatch ||
      (entry.op === 'params' && batch.params.length + items > LIMITS.paramsPerBatch) ||
      (entry.op === 'tags' && batch.tags.length + items > LIMITS.tagsPerBatch) ||
      bytes + cost > LIMITS.bytesPerBatch;
    if (full && held > 0) break;
    bytes += cost;
    addEntry(batch, entry, params, tags);
  }
  return { batch, next };
}

/** What naming model and dataset adds to a metric in a request. */
function subjectBytes({ m, d }: MetricSubject): number {
  return (m === undefined ? 0 : 60) + (d === undefined ? 0 : 40 + Buffer.byteLength(JSON.stringify(d)));
}

function addEntry(
  batch: PackedBatch,
  entry: BatchEntry,
  params: Set<string>,
  tags: Map<string, number>,
): void {
  switch (entry.op) {
    case 'metrics':
      for (const [key, value] of Object.entries(entry.x)) {
        batch.metrics.push({
          key,
          value,
          timestamp: entry.t,
          step: entry.s,
          ...(entry.m === undefined ? {} : { model: entry.m }),
          ...(entry.d === undefined ? {} : { dataset_name: entry.d[0], dataset_digest: entry.d[1] }),
        });
      }
      break;
    case 'rows':
      for (const [key, value, timestamp, step] of entry.x)
        batch.metrics.push({ key, value, timestamp, step });
      break;
    case 'params':
      // The writer lets a parameter have one value only, so a second mention says nothing new.
      for (const [key, value] of Object.entries(entry.x)) {
        if (!params.has(key)) batch.params.push({ key, value });
        params.add(key);
      }
      break;
    case 'tags':
      for (const [key, value] of Object.entries(entry.x)) {
        const index = tags.get(key);
        if (index === undefined) {
          tags.set(key, batch.tags.length);
          batch.tags.push({ key, value });
        } else {
          batch.tags[index] = { key, value };
        }
      }
  }
}

/** Number of metrics, params and tags of a batch. */
export function batchSize(batch: Batch): number {
  return batch.metrics.length + batch.params.length + batch.tags.length;
}

/** Two halves of a batch of at least two items. */
export function splitBatch(batch: Batch): [Batch, Batch] {
  const items = [
    ...batch.params.map((item) => ['params', item] as const),
    ...batch.tags.map((item) => ['tags', item] as const),
    ...batch.metrics.map((item) => ['metrics', item] as const),
  ];
  const build = (part: typeof items): Batch => {
    const half: Batch = { metrics: [], params: [], tags: [] };
    for (const [kind, item] of part) (half[kind] as unknown[]).push(item);
    return half;
  };
  const middle = items.length >> 1;
  return [build(items.slice(0, middle)), build(items.slice(middle))];
}

/**
 * What makes a metric point the same point on the server: time, step and value within one name. Servers
 * keep an infinity as the largest double.
 */
export function pointIdentity(point: { timestamp: number; step: number; value: number | string }): string {
  const value = Number(point.value);
  const text = Math.abs(value) >= Number.MAX_VALUE ? (value > 0 ? 'inf' : '-inf') : String(value + 0);
  return `${point.timestamp}/${point.step}/${text}`;
}

/** The metrics of a batch that the server does not hold yet, given its histories by name. */
export function missingMetrics(
  metrics: Batch['metrics'],
  held: ReadonlyMap<string, ReadonlySet<string>>,
): Batch['metrics'] {
  return metrics.filter((metric) => held.get(metric.key)?.has(pointIdentity(metric)) !== true);
}

/** Identities of points, by which those that MLflow holds already are found. */
export function identitySet(points: readonly MetricPoint[]): Set<string> {
  return new Set(points.map(pointIdentity));
}
