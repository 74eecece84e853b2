// Longer than 300 lines: one sender of one journal: finding its run, records and files share what was sent.
import * as fs from 'node:fs';
import { messageOf } from 'research-basics/errors';
import { openArtifactStore } from './artifacts';
import type { ArtifactStore } from './artifactStore';
import { packBatch } from './batches';
import { createBatchSender } from './batchSender';
import type { Experiment, MlflowClient, RemoteRun } from './clientTypes';
import type { Delivered } from './delivered';
import { ServerError, isAbsent, isPermanent } from './serverError';
import { readEntries, readStart, spooledFile, spoolFolder, type ReadEntry, type StartEntry } from './journal';
import { deliverModel } from './modelSender';
import { ownTags } from './namespace';
import { monotonicMs, pause } from './retry';
import { createRunModels } from './runModels';
import { forgetSentState, readSentState, writeSentState, type SentState } from './sentState';

/** What the senders of one server share. */
export interface SendContext {
  client: MlflowClient;
  delivered: Delivered;
  /** The experiment of a run, made when missing. `fresh` asks the server whatever is remembered. */
  experiment(start: StartEntry, fresh: boolean): Promise<Experiment>;
  /** Prefix of our own tags in journals that record none. */
  namespace: string;
  /** The server's id of a run, found by its tag `uidTag` where its journal is gone. May make the parent's run. */
  parentRunId(
    parent: { uid: string; journal: string },
    experimentId: string,
    uidTag: string,
  ): Promise<string | undefined>;
  /** The server's id of a model in another journal of the same folder, as `RunSender.modelId`. */
  modelIdIn(journal: string, uid: string): Promise<string | undefined>;
  onWarning(text: string): void;
}

/** A run that cannot go on by repeating: deleted on the server, or its experiment is. */
export class RunHeld extends Error {}

export interface RunSender {
  readonly start: StartEntry;
  /** Known once the run exists on the server. */
  readonly state: SentState | undefined;
  /** Finds or makes the run on the server. Idempotent; calls at the same time make one run. */
  attach(): Promise<SentState>;
  /** The server does not hold the run (its database was replaced): all of it is to be sent again. */
  forget(): void;
  /** The server's id of a model of this journal, made when missing; undefined where servers know no logged models. */
  modelId(uid: string): Promise<string | undefined>;
  /** Delivers everything the journal holds now. Throws ServerError or RunHeld; may then be called again. */
  drain(): Promise<void>;
}

/** How much later than its connection broke a request is still expected to be carried out. */
const LATE_MS = 2000;
/** An upload broken off this often, while the server answers otherwise, is given up. */
const UPLOAD_ATTEMPTS = 10;

/**
 * Delivers one journal to one server, each point exactly once (metrics: see `createBatchSender`; parameters,
 * tags, datasets and artifacts replace themselves and may be repeated). The run is found by its tag
 * `<namespace>.uid`, so that a create request whose answer got lost makes no second one.
 */
export function createRunSender(journal: string, context: SendContext): RunSender {
  const { client, delivered } = context;
  const start = readStart(journal);
  const own = ownTags(start.namespace ?? context.namespace);
  let state: SentState | undefined = readSentState(journal, client.uri);
  let attached = false;
  let attaching: Promise<SentState> | undefined;
  /** When a create request was given up that may still be carried out. */
  let doubtfulCreate: number | undefined;
  let store: ArtifactStore | undefined;
  let uploadFailures = 0;

  const models = createRunModels({
    journal,
    client,
    runTags: start.tags,
    uidTag: own.uid,
    attach,
    modelIdIn: (file, uid) => context.modelIdIn(file, uid),
  });
  const batches = createBatchSender({ client, delivered, checkRun, onRefused: problem });

  async function findRun(experimentId: string): Promise<RemoteRun | undefined> {
    const found = await client.searchRuns([experimentId], {
      filter: `tags.\`${own.uid}\` = '${start.uid}'`,
      lifecycle: 'all',
    });
    // More than one exists when a create request was answered too late and was repeated: the fullest is ours.
    const weight = (run: RemoteRun): number =>
      (run.lifecycle === 'active' ? 1e9 : 0) +
      (run.id === state?.runId ? 1e6 : 0) +
      Object.keys(run.params).length +
      Object.keys(run.metrics).length +
      Object.keys(run.tags).length;
    found.sort((a, b) => weight(b) - weight(a));
    for (const extra of found.slice(1)) if (extra.lifecycle === 'active') await client.deleteRun(extra.id);
    return found[0];
  }

  /** Several children may ask for their parent at once, while its own records are being sent. */
  function attach(): Promise<SentState> {
    if (attached && state !== undefined) return Promise.resolve(state);
    attaching ??= findOrCreate().finally(() => (attaching = undefined));
    return attaching;
  }

  async function findOrCreate(): Promise<SentState> {
    if (state === undefined) {
      const experiment = start.runId === undefined ? await activeExperiment(false) : undefined;
      const run =
        experiment === undefined
          ? await givenRun(start.runId!)
          : ((await findRun(experiment.id)) ?? (await create(experiment)));
      if (run.lifecycle === 'deleted') throw deletedRun(run.id);
      state = {
        server: client.uri,
        runId: run.id,
        experimentId: run.experimentId,
        ...(experiment !== undefined && experiment.creationTime > 0
          ? { experimentCreated: experiment.creationTime }
          : {}),
        artifactUri: run.artifactUri,
        records: 0,
        artifacts: 0,
        status: run.status,
        problems: [],
      };
      writeSentState(journal, state);
    }
    attached = true;
    return state;
  }

  /** A run that someone else made: continued, never made anew. */
  async function givenRun(runId: string): Promise<RemoteRun> {
    try {
      return await client.getRun(runId);
    } catch (error) {
      if (isAbsent(error))
        throw new RunHeld(`run ${runId} is unknown to ${client.uri}; give the id of a run that it holds`);
      throw error;
    }
  }

  async function activeExperiment(fresh: boolean): Promise<Experiment> {
    let experiment = await context.experiment(start, fresh);
    // It may have been restored since it was last looked at.
    if (experiment.lifecycle === 'deleted' && !fresh) experiment = await context.experiment(start, true);
    if (experiment.lifecycle === 'deleted')
      throw new RunHeld(
        `experiment "${start.experiment}" is deleted on ${client.uri}; restore it there or choose another name`,
      );
    return experiment;
  }

  async function create(experiment: Experiment): Promise<RemoteRun> {
    const parentId = start.parent && (await context.parentRunId(start.parent, experiment.id, own.uid));
    let run: RemoteRun;
    try {
      run = await client.createRun({
        experimentId: experiment.id,
        name: start.name,
        startTime: start.t,
        tags: {
          ...start.tags,
          [own.uid]: start.uid,
          ...(start.key === undefined ? {} : { [own.runKey]: start.key }),
          ...(parentId === undefined ? {} : { 'mlflow.parentRunId': parentId }),
        },
      });
    } catch (error) {
      if (isPermanent(error)) {
        // The experiment may have been deleted, or the database replaced, since its id was looked up.
        const now = await activeExperiment(true);
        if (now.id !== experiment.id)
          throw new ServerError('unreachable', `experiment "${start.experiment}" is another one than before`);
      } else doubtfulCreate = monotonicMs();
      throw error;
    }
    delivered.runs += 1;
    // A run made this moment holds nothing.
    batches.trust();
    return run;
  }

  function forget(): void {
    state = undefined;
    attached = false;
    store = undefined;
    models.clear();
    batches.distrust();
    forgetSentState(journal, client.uri);
  }

  function deletedRun(id: string): RunHeld {
    return new RunHeld(`run "${start.name}" (${id}) is deleted on ${client.uri}; restore it there to go on`);
  }

  /** Why the server refused: not for the run itself, or this throws. */
  async function checkRun(): Promise<void> {
    const known = state!;
    try {
      const run = await client.getRun(known.runId);
      if (run.lifecycle === 'deleted') throw deletedRun(run.id);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      // The server has lost the run (its database was replaced). The journal still holds all of it.
      forget();
      throw new ServerError(
        'unreachable',
        `run "${start.name}" is unknown to ${client.uri}; it is sent anew`,
      );
    }
  }

  function problem(sentence: string): void {
    context.onWarning(`run "${start.name}": ${sentence}`);
    state!.problems.push(sentence);
  }

  async function drainRecords(): Promise<'moved' | 'idle'> {
    let moved: 'moved' | 'idle' = 'idle';
    for (;;) {
      const known = await attach();
      const { entries, end } = readEntries(journal, known.records);
      if (end === known.records) return moved;
      moved = 'moved';
      for (let index = 0; index < entries.length;) {
        const { batch, next } = packBatch(entries, index);
        if (next > index) {
          await batches.send(known.runId, await models.name(batch));
          index = next;
        } else {
          await sendSingle(entries[index]!);
          index += 1;
        }
        known.records = entries[index - 1]!.end;
        writeSentState(journal, known);
      }
      known.records = end;
    }
  }

  async function sendSingle({ entry }: ReadEntry): Promise<void> {
    const known = state!;
    try {
      if (entry.op === 'dataset') {
        await client.logInputs(known.runId, [entry.x]);
        delivered.datasets += 1;
      } else if (entry.op === 'inputs') {
        const ids = await models.resolve(entry.models);
        if (ids.length > 0) await client.logInputs(known.runId, [], ids);
      } else if (entry.op === 'resume') {
        await client.updateRun(known.runId, { status: 'RUNNING' });
        known.status = 'RUNNING';
      } else if (entry.op === 'end') {
        await client.updateRun(known.runId, { status: entry.status, endTime: entry.t });
        known.status = entry.status;
      }
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await checkRun();
      problem(error.message);
    }
  }

  /** One artifact or model, so that records written meanwhile overtake the rest. */
  async function drainOneFile(): Promise<'moved' | 'idle'> {
    const known = await attach();
    for (;;) {
      const { entries, end } = readEntries(journal, known.artifacts);
      if (end === known.artifacts) return 'idle';
      for (const { entry, end: after } of entries) {
        if (entry.op !== 'artifact' && entry.op !== 'model') continue;
        const files = entry.op === 'artifact' ? [entry] : entry.files;
        let kept: readonly string[];
        try {
          kept = files.map((file) => spooledFile(journal, file));
        } catch (error) {
          problem(messageOf(error));
          known.artifacts = after;
          writeSentState(journal, known);
          return 'moved';
        }
        const gone = files.find((_, i) => !fs.existsSync(kept[i]!));
        if (gone !== undefined) {
          problem(`artifact ${gone.to} is no longer kept here (it was delivered to another server)`);
        } else {
          try {
            store ??= openArtifactStore(client, known.artifactUri);
            if (entry.op === 'artifact') {
              await store.put(entry.to, kept[0]!);
              delivered.artifacts += 1;
              delivered.artifactBytes += entry.bytes;
            } else {
              await deliverModel(entry, {
                client,
                state: known,
                folder: spoolFolder(journal),
                runStore: store,
                model: await models.of(entry),
                uidTag: own.uid,
              });
              delivered.models += 1;
            }
            uploadFailures = 0;
          } catch (error) {
            if (isPermanent(error)) await checkRun();
            else if (error instanceof ServerError) {
              uploadFailures += error.failure === 'ambiguous' ? 1 : 0;
              if (uploadFailures < UPLOAD_ATTEMPTS) throw error;
              await client.getRun(known.runId);
            }
            problem(`${entry.op} ${entry.op === 'artifact' ? entry.to : entry.name}: ${messageOf(error)}`);
            uploadFailures = 0;
            known.artifacts = after;
            writeSentState(journal, known);
            return 'moved';
          }
        }
        known.artifacts = after;
        writeSentState(journal, known);
        for (const file of kept) fs.rmSync(file, { force: true });
        return 'moved';
      }
      known.artifacts = end;
      writeSentState(journal, known);
    }
  }

  return {
    start,
    get state() {
      return state;
    },
    attach,
    forget,
    modelId: (uid) => models.id(uid),
    async drain() {
      try {
        for (;;) {
          const records = await drainRecords();
          const files = await drainOneFile();
          if (records === 'idle' && files === 'idle') break;
        }
        // A request given up on may be carried out late, so the last look comes when the run is over.
        if (doubtfulCreate !== undefined && state!.status !== 'RUNNING') {
          await pause(doubtfulCreate + LATE_MS - monotonicMs());
          await findRun(state!.experimentId);
          doubtfulCreate = undefined;
        }
      } catch (error) {
        const doubtful = !(error instanceof ServerError) || ['ambiguous', 'foreign'].includes(error.failure);
        if (doubtful) batches.distrust();
        throw error;
      }
    },
  };
}
