import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { earlierExperimentWarning } from './earlierExperiment';
import { connectSender, type SenderLink } from './senderLink';
import { createJournal, journalName, openJournal, readStart, type StartEntry } from './journal';
import { DEFAULT_NAMESPACE, ownTags } from './namespace';
import { createNullRun } from './nullRun';
import { describeProcess } from 'research-basics/process';
import { createRun } from './run';
import { createRunMemory } from './runMemory';
import { LIMITS } from './rules';
import { nothingDelivered } from './delivered';
import { readSentState } from './sentState';
import { serverSettings } from './settings';
import { systemTags } from './systemTags';
import type { FlushReport, Run, RunOptions, Tracker } from './types';

export interface TrackerOptions {
  /** Server address. Default: `MLFLOW_TRACKING_URI`. User data in it is used and never written. */
  uri?: string;
  /**
   * `online`: journal, and send in the background; `offline`: journal only, for `syncJournals` later;
   * `disabled`: nothing at all. Default: `online` when there is an address, else `offline`.
   */
  mode?: 'online' | 'offline' | 'disabled';
  /** Where the journals lie; made when missing. One folder may serve several processes at once. */
  journalFolder: string;
  /** Name of the MLflow experiment; made when missing. Default: `MLFLOW_EXPERIMENT_NAME`, else `Default`. */
  experiment?: string;
  /** The server's id of an experiment, in place of a name. Default: `MLFLOW_EXPERIMENT_ID`, unless a name is given. */
  experimentId?: string;
  /**
   * Prefix of the tags that the client sets itself: `<namespace>.uid` (by which a run is found again after a lost
   * answer), `.runKey` and `.nonfinite`. Default `mlflow-tracking-client`.
   */
  namespace?: string;
  /** Tags of the experiment. */
  experimentTags?: Record<string, string>;
  /** Tags every run of this tracker starts with, beside the system tags (user, source, commit). */
  tags?: Record<string, string>;
  /** Called with values cut, servers down and up, refusals; at most a few lines a minute. Default: stderr. */
  onWarning?: (text: string) => void;
  /** How often the sender looks for new lines, in ms. Default 500. */
  pollMs?: number;
}

/** One listener for all trackers: a notebook may make many, and Node warns of more than ten listeners. */
const onExit = new Set<(code: number) => void>();
process.on('exit', (code) => onExit.forEach((end) => end(code)));

/**
 * A tracker: writes runs to journals on disk and, when online, sends them to an MLflow server from a thread
 * of its own. Nothing a server does or fails to do delays the caller or loses a point.
 *
 * @throws UserError (`input`) for an unusable address, mode or experiment name.
 */
export function createTracker(options: TrackerOptions): Tracker {
  const uri = options.uri ?? process.env['MLFLOW_TRACKING_URI'];
  const mode = chooseMode(options.mode, uri);
  const { experiment, experimentId } = chooseExperiment(options);
  if (mode === 'disabled') return createDisabledTracker(experiment, options.journalFolder);
  const settings = mode === 'online' ? serverSettings(uri!) : undefined;
  const warn = options.onWarning ?? ((text: string) => void process.stderr.write(`tracking: ${text}\n`));
  const { namespace = DEFAULT_NAMESPACE } = options;
  const folder = path.resolve(options.journalFolder);
  const remoteIds = new Map<string, string>();
  const open = new Map<string, { run: Run; close(): void }>();
  const journals = new Set<string>();
  let tags: Record<string, string> | undefined;
  let link: SenderLink | undefined;
  let closed = false;

  if (settings !== undefined) {
    link = connectSender({
      settings,
      namespace,
      folder,
      pollMs: options.pollMs ?? 500,
      onWarning: warn,
      onRunId: (journal, runId) => remoteIds.set(journal, runId),
    });
  }

  // A process that ends without a word ends its runs; one that is killed cannot, and syncJournals does it.
  const atExit = (code: number): void => {
    for (const { run } of [...open.values()]) {
      try {
        run.end(code === 0 ? 'FINISHED' : 'FAILED');
      } catch {
        // The disk is full or gone; the exit continues.
      }
    }
  };
  onExit.add(atExit);

  function startRun(given: RunOptions = {}): Run {
    if (closed) throw inputError('the tracker is closed; make another one to start runs');
    const id = randomBytes(16).toString('hex');
    const runId = given.runId ?? runIdOfEnvironment(given);
    const request = {
      ...given,
      name: given.name ?? `run-${(runId ?? id).slice(0, 8)}`,
      key: given.key ?? (runId === undefined ? undefined : `run-${runId}`),
    };
    const { parent } = request;
    if (parent !== undefined && 'parent' in parent && parent.parent !== undefined) {
      throw inputError(
        `run "${request.name}": its parent "${parent.name}" is itself nested; MLflow shows one level only, so use the outermost run as parent`,
      );
    }
    if (request.name.trim() === '' || request.name.length > LIMITS.keyCharacters) {
      throw inputError(
        `run name "${request.name.slice(0, 40)}": must have 1 to ${LIMITS.keyCharacters} characters`,
      );
    }
    const file = path.join(folder, journalFile(id, request.key));
    const already = open.get(file);
    if (already !== undefined) {
      describe(already.run, request);
      return already.run;
    }
    let origin: Run['origin'] = hasStart(file) ? 'resumed' : 'new';
    if (origin === 'new') {
      // A run that someone else made keeps the tags of its maker.
      if (runId === undefined) tags ??= { ...systemTags(), ...options.tags };
      const first: StartEntry = {
        op: 'start',
        format: 1,
        uid: id,
        namespace,
        ...(request.key === undefined ? {} : { key: request.key }),
        name: request.name,
        experiment,
        ...(experimentId === undefined ? {} : { experimentId }),
        ...(runId === undefined ? {} : { runId }),
        ...(options.experimentTags === undefined ? {} : { experimentTags: options.experimentTags }),
        ...(parent === undefined
          ? {}
          : { parent: { uid: parent.id, journal: journalFile(parent.id, parent.key) } }),
        tags: runId === undefined ? tags! : {},
        t: Date.now(),
        writer: describeProcess(),
      };
      // Several processes may start the run of one key at once: the first makes it, the others continue in it.
      if (createJournal(file, first) === 'exists') origin = 'resumed';
    }
    const start = readStart(file);
    const journal = openJournal(file);
    const nonFiniteTag = ownTags(start.namespace ?? namespace).nonFinite;
    const memory = createRunMemory(nonFiniteTag, origin === 'resumed' ? file : undefined);
    const moved = origin === 'resumed' ? earlierExperimentWarning(folder, start, experiment) : undefined;
    if (moved !== undefined) warn(moved);
    if (origin === 'resumed' || runId !== undefined)
      journal.append({ op: 'resume', t: Date.now(), writer: describeProcess() });
    journals.add(file);
    const run = createRun({
      journal,
      memory,
      id: start.uid,
      name: start.name,
      key: start.key,
      parent,
      origin,
      nonFiniteTag,
      remoteId: () =>
        remoteIds.get(file) ??
        start.runId ??
        (settings === undefined ? undefined : readSentState(file, settings.uri)?.runId),
      onWarning: warn,
      onEnd() {
        open.delete(file);
        journal.close();
      },
    });
    open.set(file, { run, close: () => journal.close() });
    link?.watch(file);
    describe(run, request);
    return run;
  }

  async function flush(timeoutMs = 30_000): Promise<FlushReport> {
    if (link === undefined) {
      return { state: 'local', delivered: nothingDelivered(), runs: [], pendingBytes: 0, problems: [] };
    }
    return link.flush([...journals], timeoutMs);
  }

  return {
    mode,
    experiment,
    journalFolder: folder,
    uri: settings?.uri,
    startRun,
    flush,
    async close(timeoutMs) {
      const report = await flush(timeoutMs);
      closed = true;
      onExit.delete(atExit);
      for (const { close } of open.values()) close();
      open.clear();
      await link?.stop();
      return report;
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

function journalFile(id: string, key: string | undefined): string {
  return `${key === undefined ? id : journalName(key)}.jsonl`;
}

function chooseExperiment(options: TrackerOptions): { experiment: string; experimentId?: string } {
  const name = options.experiment ?? (process.env['MLFLOW_EXPERIMENT_NAME'] || undefined);
  const id = options.experimentId ?? (process.env['MLFLOW_EXPERIMENT_ID'] || undefined);
  if (id !== undefined && (name === undefined || options.experimentId !== undefined)) {
    if (options.experiment !== undefined)
      throw inputError(`experiment "${name}" and experiment id ${id} are both given; give one of them`);
    return { experiment: `experiment ${id}`, experimentId: id };
  }
  const experiment = name ?? 'Default';
  if (experiment.trim() === '' || experiment.length > LIMITS.experimentNameCharacters)
    throw inputError(
      `experiment name "${experiment.slice(0, 40)}": must have 1 to ${LIMITS.experimentNameCharacters} characters and not be blank`,
    );
  return { experiment };
}

/** `MLFLOW_RUN_ID` is for one run, as in Python: the first that names nothing else. */
function runIdOfEnvironment({ key, parent, name }: RunOptions): string | undefined {
  const runId = process.env['MLFLOW_RUN_ID'] || undefined;
  if (runId === undefined || key !== undefined || parent !== undefined || name !== undefined)
    return undefined;
  delete process.env['MLFLOW_RUN_ID'];
  return runId;
}

function describe(run: Run, request: Pick<RunOptions, 'description' | 'tags' | 'params'>): void {
  if (request.description !== undefined) run.note(request.description);
  if (request.tags !== undefined) run.setTags(request.tags);
  if (request.params !== undefined) run.logParams(request.params);
}

/** A journal whose very first line was cut by a crash holds nothing that a call returned for. */
function hasStart(file: string): boolean {
  if (!fs.existsSync(file)) return false;
  try {
    readStart(file);
    return true;
  } catch (error) {
    if (fs.readFileSync(file).includes(0x0a)) throw error;
    fs.rmSync(file);
    return false;
  }
}

function chooseMode(wanted: TrackerOptions['mode'], uri: string | undefined): Tracker['mode'] {
  const mode = wanted ?? (uri ? 'online' : 'offline');
  if (!['online', 'offline', 'disabled'].includes(mode)) {
    throw inputError(`tracking mode ${JSON.stringify(mode)}: must be online, offline or disabled`);
  }
  if (mode === 'online' && !uri) {
    throw inputError(
      'tracking is set to online, but no server is given; set MLFLOW_TRACKING_URI or use offline',
    );
  }
  return mode;
}

function createDisabledTracker(experiment: string, journalFolder: string): Tracker {
  const report: FlushReport = {
    state: 'local',
    delivered: nothingDelivered(),
    runs: [],
    pendingBytes: 0,
    problems: [],
  };
  return {
    mode: 'disabled',
    experiment,
    journalFolder,
    uri: undefined,
    startRun: createNullRun,
    flush: () => Promise.resolve(report),
    close: () => Promise.resolve(report),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
