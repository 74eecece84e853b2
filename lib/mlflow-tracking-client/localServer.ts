import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, messageOf, UserError } from 'research-basics/errors';
import { createExclusive, writeJson } from 'research-basics/files';
import { describeProcess, processState, type ProcessNote } from 'research-basics/process';
import { pythonEnvironment } from 'research-basics/pythonEnvironment';

import { newDatabase, readNote } from './newDatabase';
import { answers, choosePort, listens } from './ports';
import { monotonicMs, pause } from './retry';

/** A running MLflow server on this machine. */
export interface LocalServer {
  /** `http://127.0.0.1:<port>` */
  uri: string;
  pid: number;
  port: number;
  /** Where its output goes. */
  log: string;
  /** `found` when it was running already. */
  origin: 'started' | 'found';
  stop(): Promise<void>;
  /** Tells it to stop and does not wait: for a process that is exiting itself. */
  end(): void;
}

export interface LocalServerOptions {
  /** Holds the SQLite database, the artifacts, the log and a note of the running process. Made when missing. */
  folder: string;
  /** The `mlflow` program. Default: in `.venv` of this folder or one above, then on the PATH. */
  executable?: string;
  /** Default: the port used last in this folder, else 5000, else any free one; 0: any free one. */
  port?: number;
  /** How long it may take to answer, in ms. Default 60 s. */
  timeoutMs?: number;
  /** Ends the waiting for a server that is starting, and that server. */
  signal?: AbortSignal | undefined;
}

interface ServerNote extends ProcessNote {
  port: number;
}

const noteFile = (folder: string): string => path.join(folder, 'server.json');

/**
 * The MLflow server of a folder: found when it runs, started when not (SQLite store, artifacts by proxy,
 * 127.0.0.1 only, one worker). It is detached and lives on after this process.
 *
 * @throws UserError (`environment`) when MLflow is missing, or does not come up (with the end of its log).
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const folder = path.resolve(options.folder);
  fs.mkdirSync(path.join(folder, 'artifacts'), { recursive: true });
  const unlock = await lockFolder(folder);
  try {
    const found = await findLocalServer(folder);
    if (found !== undefined) return found;
    const executable = options.executable ?? findMlflow();
    for (let attempt = 1; ; attempt++) {
      const port = await choosePort(options.port, readNote<ServerNote>(noteFile(folder))?.port);
      const started = await startAt(port, folder, executable, options);
      if (!(started instanceof UserError)) return started;
      // Another server may have taken the port since it was found free.
      const isTaken = (options.port ?? 0) === 0 && /address already in use/i.test(started.message);
      if (attempt === 3 || !isTaken) throw started;
    }
  } finally {
    unlock();
  }
}

/**
 * Starts a server of a folder at a port.
 *
 * @returns where it does not start, the error that says why, with the end of its log.
 */
async function startAt(
  port: number,
  folder: string,
  executable: string,
  options: LocalServerOptions,
): Promise<LocalServer | UserError> {
  const log = path.join(folder, 'server.log');
  const database = newDatabase(folder, (pid) => signalGroup(pid, 'SIGKILL'));
  const output = fs.openSync(log, 'a');
  const before = fs.fstatSync(output).size;
  const child = spawn(
    executable,
    [
      'server',
      // Relative to the working folder: inside an address, the folder's own name may mean something else (? # %).
      ...['--backend-store-uri', 'sqlite:///mlflow.db'],
      ...['--artifacts-destination', './artifacts'],
      ...['--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ],
    {
      cwd: folder,
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        ...pythonEnvironment(),
        // Otherwise a set address makes the server its own client.
        MLFLOW_TRACKING_URI: '',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
      },
    },
  );
  fs.closeSync(output);
  let failure: string | undefined;
  child.on('error', (error) => (failure = messageOf(error)));
  child.on('exit', (code, signal) => (failure ??= `it ended with ${signal ?? `status ${code}`}`));
  child.unref();
  const pid = child.pid;
  if (pid !== undefined) database.madeBy(describeProcess(pid));
  // Nobody would know of a server that came up after this process.
  const abandon = (): void => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  };
  process.once('exit', abandon);
  const deadline = monotonicMs() + (options.timeoutMs ?? 60_000);
  while (pid !== undefined && failure === undefined && monotonicMs() < deadline && !options.signal?.aborted) {
    // Two servers may start at one port: what answers is ours once ours says that it listens there.
    if (listens(log, before, port) && (await answers(port))) {
      process.off('exit', abandon);
      database.finished();
      const note: ServerNote = { ...describeProcess(pid), port };
      writeJson(noteFile(folder), note);
      return handle(folder, note, 'started');
    }
    await pause(150);
  }
  abandon();
  process.off('exit', abandon);
  if (options.signal?.aborted)
    throw new UserError('interrupted', 'starting the MLflow server was stopped on request');
  await pause(50);
  return environmentError(
    `the MLflow server does not start (${failure ?? 'no answer in time'}); the end of ${log}: ${tail(log)}`,
  );
}

/** The running server of a folder, or undefined. */
export async function findLocalServer(folder: string): Promise<LocalServer | undefined> {
  const note = readNote<ServerNote>(noteFile(folder));
  if (note === undefined || processState(note) !== 'alive') return undefined;
  // It may be busy: an open process of the noted identity is given some time to answer.
  for (let attempt = 0; attempt < 20; attempt++) {
    if (await answers(note.port)) return handle(path.resolve(folder), note, 'found');
    if (processState(note) !== 'alive') return undefined;
    await pause(250);
  }
  return undefined;
}

/** Stops the server of a folder. @returns whether one was running. */
export async function stopLocalServer(folder: string): Promise<'stopped' | 'not-running'> {
  const note = readNote<ServerNote>(noteFile(folder));
  if (note === undefined || processState(note) !== 'alive') return 'not-running';
  signalGroup(note.pid, 'SIGTERM');
  for (let waited = 0; waited < 10_000 && groupAlive(note.pid); waited += 100) {
    await pause(100);
    if (waited === 5000) signalGroup(note.pid, 'SIGKILL');
  }
  // The port stays noted, so that the next start takes it again and addresses stay valid.
  writeJson(noteFile(folder), { ...note, pid: 0 });
  return 'stopped';
}

/**
 * The `mlflow` program to use.
 *
 * @throws UserError (`environment`) with the command that installs it.
 */
export function findMlflow(): string {
  const relative = process.platform === 'win32' ? ['Scripts', 'mlflow.exe'] : ['bin', 'mlflow'];
  const candidates: string[] = [];
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    candidates.push(path.join(folder, '.venv', ...relative));
    if (folder === path.dirname(folder)) break;
  }
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (folder !== '') candidates.push(path.join(folder, relative[1]!));
  }
  const found = candidates.find((file) => fs.existsSync(file));
  if (found === undefined) {
    throw environmentError(
      'MLflow is not installed: no .venv here or above holds it and it is not on the PATH; run "python3 -m venv .venv && .venv/bin/pip install mlflow"',
    );
  }
  return found;
}

function handle(folder: string, note: ServerNote, origin: 'started' | 'found'): LocalServer {
  return {
    uri: `http://127.0.0.1:${note.port}`,
    pid: note.pid,
    port: note.port,
    log: path.join(folder, 'server.log'),
    origin,
    async stop() {
      await stopLocalServer(folder);
    },
    end() {
      if (processState(note) === 'alive') signalGroup(note.pid, 'SIGTERM');
    },
  };
}

/** The server is several processes; detached, they form one group. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}

function groupAlive(pid: number): boolean {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 0);
    return true;
  } catch {
    return false;
  }
}

function tail(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-6).join(' | ').slice(-800);
  } catch {
    return '(no log)';
  }
}

/** Two processes starting the same server wait for each other. */
async function lockFolder(folder: string): Promise<() => void> {
  const file = path.join(folder, 'server.lock');
  const own = JSON.stringify(describeProcess());
  for (let waited = 0; ; waited += 200) {
    if (createExclusive(file, own) === 'made') return () => fs.rmSync(file, { force: true });
    let holder: ProcessNote | undefined;
    try {
      holder = JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessNote;
    } catch {
      // Given back meanwhile.
    }
    if ((holder !== undefined && processState(holder) === 'dead') || waited > 90_000)
      fs.rmSync(file, { force: true });
    await pause(200);
  }
}
