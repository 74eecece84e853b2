import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError, messageOf } from 'research-basics/errors';
import { checkArtifactPath } from './artifacts';
import { spoolFolder, type JournalEntry, type JournalWriter, type SpooledFile } from './journal';
import { modelToEntry, datasetToRemote } from './descriptions';
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
import type { MetricRow, Run, RunReference, TextValue } from './types';

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

const TABLES_TAG = 'mlflow.loggedArtifacts';

/** The handle by which one run's journal is written. */
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

  const spool = (write: (target: string) => void): { spool: string; bytes: number } => {
    const folder = spoolFolder(journal.file);
    const name = randomBytes(8).toString('hex');
    const target = path.join(folder, name);
    try {
      fs.mkdirSync(folder, { recursive: true });
      write(target);
      return { spool: name, bytes: fs.statSync(target).size };
    } catch (error) {
      fs.rmSync(target, { force: true });
      throw environmentError(
        `${target}: the artifact cannot be kept for sending (${messageOf(error)})`,
        error,
      );
    }
  };

  const spoolFile = (file: string, to: string): SpooledFile => {
    checkArtifactPath(to);
    let kind: fs.Stats;
    try {
      kind = fs.statSync(file);
    } catch (error) {
      throw inputError(`${file}: cannot be logged as an artifact (${messageOf(error)})`, error);
    }
    if (!kind.isFile()) throw inputError(`${file}: is no file; log folders with logFolder`);
    // Now, because the file may change before it is sent. A clone where the file system can (no bytes are copied), else a copy.
    const copy = spool((target) => fs.copyFileSync(file, target, fs.constants.COPYFILE_FICLONE));
    return { to, ...copy };
  };

  /** The tag by which the UI knows which artifacts are tables. It has room for about a hundred: later ones stay artifacts. */
  const listAsTable = (name: string): void => {
    let held: { path?: unknown }[] = [];
    try {
      const known: unknown = JSON.parse(memory.tags.get(TABLES_TAG) ?? '[]');
      if (Array.isArray(known)) held = known as typeof held;
    } catch {
      // Set by someone else, or cut: the list starts anew.
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
    logMetrics(metrics, step = 0) {
      const now = Date.now();
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
      const flush = (): void => {
        if (count > 0) append({ op: 'metrics', t, s: step, x });
        x = {};
        count = 0;
      };
      for (const name of names) {
        const value = numberToWire(name, metrics[name]!);
        if (memory.isRepeat(name, step, value)) continue;
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
      append({ op: 'artifact', ...spoolFile(file, join(folder, path.basename(file))) });
    },
    logFolder(localFolder, folder = '') {
      for (const relative of filesUnder(localFolder)) {
        append({ op: 'artifact', ...spoolFile(path.join(localFolder, relative), join(folder, relative)) });
      }
    },
    logText: (name, text) => run.logBytes(name, Buffer.from(text, 'utf8')),
    logBytes(name, bytes) {
      checkArtifactPath(name);
      append({ op: 'artifact', to: name, ...spool((target) => fs.writeFileSync(target, bytes)) });
    },
    logJson: (name, value) => run.logText(name, `${JSON.stringify(value, null, 2)}\n`),
    logTable(name, rows) {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      run.logText(
        name,
        JSON.stringify({ columns, data: rows.map((row) => columns.map((column) => row[column] ?? null)) }),
      );
      listAsTable(name);
    },
    logDataset(dataset) {
      append({ op: 'dataset', x: datasetToRemote(dataset) });
    },
    logModel(model) {
      const files = filesUnder(model.folder).map((relative) =>
        spoolFile(path.join(model.folder, relative), relative),
      );
      append(modelToEntry(model, files));
    },
    note: (text) => run.setTags({ 'mlflow.note.content': text }),
    lastStep: (metric) => memory.lastStep(metric),
    end(final = 'FINISHED') {
      if (status === final) return;
      status = final;
      append({ op: 'end', t: Date.now(), status: final });
      setup.onEnd();
    },
  };
  return run;
}

function join(folder: string, name: string): string {
  const clean = name.split(path.sep).join('/');
  return folder === '' ? clean : `${folder.replace(/\/+$/, '')}/${clean}`;
}

/** Relative paths of all files under a folder, sorted. */
function filesUnder(folder: string): string[] {
  let names: string[];
  try {
    names = fs.readdirSync(folder, { recursive: true }) as string[];
  } catch (error) {
    throw inputError(`${folder}: is no folder that can be read (${messageOf(error)})`, error);
  }
  const root = fs.realpathSync(folder);
  return names
    .filter((name) => {
      const file = path.join(folder, name);
      if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
      if (!fs.realpathSync(file).startsWith(root + path.sep))
        throw inputError(
          `${file}: is a link that leads out of ${folder}; log that file by itself, or remove the link`,
        );
      return true;
    })
    .sort();
}
