import { readEntries, type MetricSubject } from './journal';
import type { WireNumber } from './rules';

/** What a run's handle must remember of its journal. */
export interface RunMemory {
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly nonFinite: Set<string>;
  /** Datasets that the run names, by name and digest as JSON. */
  readonly datasets: Set<string>;
  /** Models that the run names as used, as JSON. */
  readonly models: Set<string>;
  /** Identities of the models that the run has logged, by name. */
  readonly ownModels: Map<string, string>;
  /** A time for the next point, `now` or so much later that no two points of a name are the same to a server. */
  earliest(name: string, step: number, now: number): number;
  note(name: string, step: number, timestamp: number): void;
  lastStep(name: string): number | undefined;
  /** Whether an earlier session of this run journaled this very point. */
  isRepeat(name: string, step: number, value: WireNumber, subject?: MetricSubject): boolean;
}

/** An empty memory, or one refilled from a journal that is continued. */
export function createRunMemory(nonFiniteTag: string, journal?: string): RunMemory {
  const last = new Map<string, { step: number; timestamp: number; highest: number }>();
  const earlier = new Map<string, Map<number, Set<WireNumber>>>();
  const memory: RunMemory = {
    params: new Map(),
    tags: new Map(),
    nonFinite: new Set(),
    datasets: new Set(),
    models: new Set(),
    ownModels: new Map(),
    earliest(name, step, now) {
      const point = last.get(name);
      // A server knows a point by time, step and value. Time never runs backwards within a name, and moves on
      // by a millisecond where the step does not.
      if (point === undefined) return now;
      return Math.max(now, step > point.step ? point.timestamp : point.timestamp + 1);
    },
    note(name, step, timestamp) {
      const point = last.get(name);
      if (point === undefined) last.set(name, { step, timestamp, highest: step });
      else {
        point.step = step;
        point.timestamp = Math.max(point.timestamp, timestamp);
        if (step > point.highest) point.highest = step;
      }
    },
    lastStep: (name) => last.get(name)?.highest,
    isRepeat: (name, step, value, subject) =>
      earlier.size > 0 && earlier.get(subjectKey(name, subject))?.get(step)?.has(value) === true,
  };

  const remember = (
    name: string,
    step: number,
    value: WireNumber,
    timestamp: number,
    subject?: MetricSubject,
  ): void => {
    memory.note(name, step, timestamp);
    const key = subjectKey(name, subject);
    let steps = earlier.get(key);
    if (steps === undefined) earlier.set(key, (steps = new Map()));
    const values = steps.get(step);
    if (values === undefined) steps.set(step, new Set([value]));
    else values.add(value);
  };

  if (journal !== undefined) {
    for (let offset = 0; ;) {
      const { entries, end } = readEntries(journal, offset);
      if (end === offset) break;
      offset = end;
      for (const { entry } of entries) {
        if (entry.op === 'metrics') {
          for (const [name, value] of Object.entries(entry.x)) remember(name, entry.s, value, entry.t, entry);
        } else if (entry.op === 'rows') {
          for (const [name, value, timestamp, step] of entry.x) remember(name, step, value, timestamp);
        } else if (entry.op === 'dataset') {
          memory.datasets.add(JSON.stringify([entry.x.name, entry.x.digest]));
        } else if (entry.op === 'inputs') {
          for (const model of entry.models) memory.models.add(JSON.stringify(model));
        } else if (entry.op === 'model') {
          memory.ownModels.set(entry.name, entry.uid);
        } else if (entry.op === 'params') {
          for (const [name, text] of Object.entries(entry.x)) memory.params.set(name, text);
        } else if (entry.op === 'tags') {
          for (const [name, text] of Object.entries(entry.x)) memory.tags.set(name, text);
        }
      }
    }
    const odd = memory.tags.get(nonFiniteTag);
    for (const name of odd === undefined ? [] : odd.split(', ')) memory.nonFinite.add(name);
  }
  return memory;
}

/** Equal for points of one name, one model and one dataset. */
function subjectKey(name: string, { m, d }: MetricSubject = {}): string {
  return m === undefined && d === undefined ? name : JSON.stringify([name, m, d]);
}
