// Longer than 300 lines: one handle, whose methods all write to one journal.
import { randomUUID } from 'node:crypto';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { checkMediaName } from './artifactTypes';
import type { RemoteDataset } from './clientTypes';
import type { JournalEntry, JournalWriter, MetricSubject, ModelTarget } from './journal';
import { datasetToRemote, modelToEntry } from './descriptions';
import { imageSeriesPath, pixelsToPng, soundToWav } from './media';
import type { RunMemory } from './runMemory';
import {
  LIMITS,
  characterCount,
  checkName,
  checkStep,
  numberToWire,
  truncateText,
  valueToText,
  type WireNumber,
} from './rules';
import { createSpool, filesUnder, joinArtifactPath } from './spool';
import type { MetricContext, MetricRow, ModelReference, Run, RunReference, TextValue } from './types';
import { toYaml } from './yaml';

export interface RunSetup {
  journal: JournalWriter;
  memory: RunMemory;
  id: string;
  name: string;
  key: string | undefined;
  parent: RunReference | undefined;
  origin: 'new' | 'resumed';
  /** Tag that names the metrics that were not finite somewhere. */
  nonFiniteTag: string;
  remoteId(): string | undefined;
  onWarning(text: string): void;
  onEnd(): void;
}

/** Lines are kept well under one batch's bytes, so that each fits in a request. */
const LINE_BYTES = LIMITS.bytesPerBatch / 4;

const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];
const FIGURE_TYPES = [...IMAGE_TYPES, 'text/html', 'application/pdf'];
const AUDIO_TYPES = ['audio/wav', 'audio/flac', 'audio/mpeg', 'audio/ogg'];

const TABLES_TAG = 'mlflow.loggedArtifacts';

/**
 * The handle by which one run's journal is written.
 *
 * @throws UserError (`input`) from the handle, for a parameter that is given another value.
 */
export function createRun(setup: RunSetup): Run {
  const { journal, memory } = setup;
  const checked = new Set<string>();
  let status: Run['status'] = 'RUNNING';
  let tablesFull = false;

  const nameOf = (kind: 'metric' | 'param' | 'tag', name: string): void => {
    const key = `${kind}:${name}`;
    if (checked.has(key)) return;
    checkName(kind, name);
    checked.add(key);
  };

  /** Text within the limit; what is cut off is kept as an artifact. */
  const fit = (kind: 'param' | 'tag', name: string, value: TextValue): string => {
    const limit = kind === 'param' ? LIMITS.paramCharacters : LIMITS.tagCharacters;
    const text = valueToText(value);
    if (text.length <= limit || characterCount(text) <= limit) return text;
    const file = `truncated/${kind}-${name.replace(/[^\w.-]+/g, '_')}.txt`;
    setup.onWarning(
      `run "${setup.name}": ${kind} "${name}" has ${characterCount(text)} characters, MLflow takes ${limit}; it is cut, the whole text is the artifact ${file}`,
    );
    run.logText(file, text);
    return truncateText(text, limit);
  };

  const appendTexts = (op: 'params' | 'tags', values: [string, string][], perLine: number): void => {
    let line: Record<string, string> = {};
    let count = 0;
    let bytes = 0;
    for (const [name, text] of values) {
      const cost = Buffer.byteLength(text) + Buffer.byteLength(name) + 40;
      if (count === perLine || (count > 0 && bytes + cost > LINE_BYTES)) {
        journal.append({ op, x: line });
        line = {};
        count = bytes = 0;
      }
      line[name] = text;
      count += 1;
      bytes += cost;
    }
    if (count > 0) journal.append({ op, x: line });
  };

  const markNonFinite = (names: string[]): void => {
    const fresh = names.filter((name) => !memory.nonFinite.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) memory.nonFinite.add(name);
    run.setTags({ [setup.nonFiniteTag]: [...memory.nonFinite].sort().join(', ') });
  };

  const spool = createSpool(journal.file);

  /** The tag by which the UI knows which artifacts are tables. It has room for about a hundred: later ones stay artifacts. */
  const listAsTable = (name: string): void => {
    let held: { path?: unknown }[] = [];
    try {
      const known: unknown = JSON.parse(memory.tags.get(TABLES_TAG) ?? '[]');
      if (Array.isArray(known)) held = known as typeof held;
    } catch {
      // Set by someone else, or cut: the list starts again.
    }
    if (held.some((item) => item?.path === name)) return;
    const text = JSON.stringify([...held, { path: name, type: 'table' }]);
    if (characterCount(text) <= LIMITS.tagCharacters) run.setTags({ [TABLES_TAG]: text });
    else if (!tablesFull) {
      tablesFull = true;
      setup.onWarning(
        `run "${setup.name}": MLflow's list of tables is full, so "${name}" and later ones are artifacts that the UI does not compare between runs`,
      );
    }
  };

  const useModels = (targets: ModelTarget[]): void => {
    const fresh = targets.filter((target) => !memory.models.has(JSON.stringify(target)));
    if (fresh.length === 0) return;
    append({ op: 'inputs', models: fresh });
    for (const target of fresh) memory.models.add(JSON.stringify(target));
  };

  const logRemoteDataset = (x: RemoteDataset): void => {
    append({ op: 'dataset', x });
    memory.datasets.add(JSON.stringify([x.name, x.digest]));
  };

  const append = (entry: JournalEntry): void => journal.append(entry);

  const run: Run = {
    id: setup.id,
    name: setup.name,
    key: setup.key,
    parent: setup.parent,
    origin: setup.origin,
    get status() {
      return status;
    },
    remoteId: setup.remoteId,
    setTags(tags) {
      for (const name of Object.keys(tags)) nameOf('tag', name);
      const values = Object.entries(tags)
        .map(([name, value]): [string, string] => [name, fit('tag', name, value)])
        .filter(([name, text]) => memory.tags.get(name) !== text);
      appendTexts('tags', values, LIMITS.tagsPerBatch);
      for (const [name, text] of values) memory.tags.set(name, text);
    },
    logParams(params) {
      for (const name of Object.keys(params)) nameOf('param', name);
      const values: [string, string][] = [];
      for (const [name, value] of Object.entries(params)) {
        const held = memory.params.get(name);
        const text = held !== undefined && held === valueToText(value) ? held : fit('param', name, value);
        if (held === undefined) values.push([name, text]);
        else if (held !== text) {
          throw inputError(
            `param "${name}" of run "${setup.name}" is "${held.slice(0, 80)}" and cannot become "${text.slice(0, 80)}": MLflow lets a parameter have one value; start another run, or use a tag`,
          );
        }
      }
      appendTexts('params', values, LIMITS.paramsPerBatch);
      for (const [name, text] of values) memory.params.set(name, text);
    },
    logMetrics(metrics, step = 0, about = {}) {
      const now = Date.now();
      const subject = subjectOf(about);
      const dataset = about.dataset === undefined ? undefined : datasetToRemote(about.dataset);
      // All at one time, later than any earlier point of these names that it could be mistaken for.
      let t = now;
      let x: Record<string, WireNumber> = {};
      let count = 0;
      const odd: string[] = [];
      const names = Object.keys(metrics);
      for (const name of names) {
        nameOf('metric', name);
        checkStep(name, step);
        numberToWire(name, metrics[name]!);
        t = Math.max(t, memory.earliest(name, step, t));
      }
      if (subject.m !== undefined) useModels([subject.m]);
      if (dataset !== undefined && !memory.datasets.has(JSON.stringify(subject.d))) logRemoteDataset(dataset);
      const flush = (): void => {
        if (count > 0) append({ op: 'metrics', t, s: step, x, ...subject });
        x = {};
        count = 0;
      };
      for (const name of names) {
        const value = numberToWire(name, metrics[name]!);
        if (memory.isRepeat(name, step, value, subject)) continue;
        if (typeof value === 'string') odd.push(name);
        x[name] = value;
        memory.note(name, step, t);
        if (++count === LIMITS.metricsPerBatch / 2) flush();
      }
      flush();
      if (odd.length > 0) markNonFinite(odd);
    },
    logMetricRows(rows) {
      const now = Date.now();
      const odd: string[] = [];
      const points = rows.map((row: MetricRow): [string, WireNumber, number, number] => {
        nameOf('metric', row.name);
        const step = checkStep(row.name, row.step ?? 0);
        if (row.timestamp !== undefined && !(Number.isSafeInteger(row.timestamp) && row.timestamp >= 0)) {
          throw inputError(
            `metric "${row.name}": timestamp ${row.timestamp} must be whole milliseconds since 1970`,
          );
        }
        return [row.name, numberToWire(row.name, row.value), row.timestamp ?? -1, step];
      });
      let line: typeof points = [];
      for (const point of points) {
        const [name, value, timestamp, step] = point;
        if (memory.isRepeat(name, step, value)) continue;
        if (timestamp < 0) point[2] = memory.earliest(name, step, now);
        memory.note(name, step, point[2]);
        if (typeof value === 'string') odd.push(name);
        line.push(point);
        if (line.length === LIMITS.metricsPerBatch / 2) {
          append({ op: 'rows', x: line });
          line = [];
        }
      }
      if (line.length > 0) append({ op: 'rows', x: line });
      if (odd.length > 0) markNonFinite([...new Set(odd)]);
    },
    logArtifact(file, folder = '') {
      append({ op: 'artifact', ...spool.file(file, joinArtifactPath(folder, path.basename(file))) });
    },
    logFolder(localFolder, folder = '') {
      for (const relative of filesUnder(localFolder)) {
        const copy = spool.file(path.join(localFolder, relative), joinArtifactPath(folder, relative));
        append({ op: 'artifact', ...copy });
      }
    },
    logText: (name, text) => run.logBytes(name, Buffer.from(text, 'utf8')),
    logBytes: (name, bytes) => append({ op: 'artifact', ...spool.bytes(bytes, name) }),
    logJson: (name, value) => run.logText(name, `${JSON.stringify(value, null, 2)}\n`),
    logDict(name, value) {
      if (/\.ya?ml$/i.test(name)) run.logText(name, toYaml(value));
      else run.logJson(name, value);
    },
    logFigure(name, figure) {
      const bytes = typeof figure === 'string' ? Buffer.from(figure, 'utf8') : figure;
      run.logBytes(checkMediaName(name, bytes, FIGURE_TYPES), bytes);
    },
    logImage(image, as) {
      const bytes = image instanceof Uint8Array ? image : pixelsToPng(image);
      if ('name' in as) {
        run.logBytes(checkMediaName(as.name, bytes, IMAGE_TYPES), bytes);
        return;
      }
      const step = checkStep(as.key, as.step ?? 0);
      const name = imageSeriesPath(as.key, step, as.timestamp ?? Date.now(), randomUUID());
      run.logBytes(checkMediaName(name, bytes, ['image/png']), bytes);
      run.setTags({ 'mlflow.loggedImages': 'True' });
    },
    logAudio(name, audio) {
      const bytes = audio instanceof Uint8Array ? audio : soundToWav(audio);
      run.logBytes(checkMediaName(name, bytes, AUDIO_TYPES), bytes);
    },
    logTable(name, rows) {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      run.logText(
        name,
        JSON.stringify({ columns, data: rows.map((row) => columns.map((column) => row[column] ?? null)) }),
      );
      listAsTable(name);
    },
    logDataset: (dataset) => logRemoteDataset(datasetToRemote(dataset)),
    logInputModels(models) {
      useModels(models.map(targetOf));
    },
    logModel(model) {
      const files = filesUnder(model.folder).map((relative) =>
        spool.file(path.join(model.folder, relative), relative),
      );
      const entry = modelToEntry(model, files);
      append(entry);
      memory.ownModels.set(entry.name, entry.uid);
      return run.loggedModel(entry.name)!;
    },
    loggedModel(name) {
      const uid = memory.ownModels.get(name);
      return uid === undefined ? undefined : { uid, name, journal: path.basename(journal.file) };
    },
    note: (text) => run.setTags({ 'mlflow.note.content': text }),
    lastStep: (metric) => memory.lastStep(metric),
    end(final = 'FINISHED') {
      if (status === final) return;
      status = final;
      append({ op: 'end', t: Date.now(), status: final });
      setup.onEnd();
    },
    [Symbol.dispose]() {
      if (status === 'RUNNING') run.end();
    },
  };
  return run;
}

/** A model as the journal names it. */
function targetOf(model: ModelReference | string): ModelTarget {
  return typeof model === 'string' ? { id: model } : { uid: model.uid, journal: model.journal };
}

function subjectOf({ model, dataset }: MetricContext): MetricSubject {
  return {
    ...(model === undefined ? {} : { m: targetOf(model) }),
    ...(dataset === undefined ? {} : { d: [dataset.name, dataset.digest] }),
  };
}
