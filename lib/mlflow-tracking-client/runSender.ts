import * as fs from 'node:fs';
import { packBatch } from './batches';
import { createBatchSender } from './batchSender';
import { createFileSender } from './fileSender';
import { readEntries, readStart, type ReadEntry, type StartEntry } from './journal';
import { ownTags } from './namespace';
import { createRunFinder, deletedRun } from './runFinder';
import { createRunModels } from './runModels';
import type { SendContext } from './sendContext';
import { ServerError, isAbsent, isPermanent } from './serverError';
import { forgetSentState, readSentState, writeSentState, type SentState } from './sentState';

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

/**
 * Delivers one journal to one server, each point exactly once (metrics: see `createBatchSender`; parameters,
 * tags, datasets and artifacts replace themselves and may be repeated).
 */
export function createRunSender(journal: string, context: SendContext): RunSender {
  const { client, delivered } = context;
  const start = readStart(journal);
  const own = ownTags(start.namespace ?? context.namespace);
  let state: SentState | undefined = readSentState(journal, client.uri);
  let attached = false;
  let attaching: Promise<SentState> | undefined;

  const models = createRunModels({
    journal,
    client,
    runTags: start.tags,
    uidTag: own.uid,
    attach,
    modelIdIn: (file, uid) => context.modelIdIn(file, uid),
  });
  const batches = createBatchSender({ client, delivered, checkRun, onRefused: problem });
  const files = createFileSender(journal, {
    client,
    delivered,
    models,
    uidTag: own.uid,
    checkRun,
    onProblem: problem,
  });
  const finder = createRunFinder(start, own, context, {
    knownRunId: () => state?.runId,
    created: () => batches.trust(),
  });

  /** Several children may ask for their parent at once, while its own records are being sent. */
  function attach(): Promise<SentState> {
    if (attached && state !== undefined) return Promise.resolve(state);
    attaching ??= findOrCreate().finally(() => (attaching = undefined));
    return attaching;
  }

  async function findOrCreate(): Promise<SentState> {
    if (state === undefined) {
      const { run, experiment } = await finder.findOrCreate();
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

  function forget(): void {
    state = undefined;
    attached = false;
    files.forget();
    models.clear();
    batches.distrust();
    forgetSentState(journal, client.uri);
  }

  /** Why the server refused: not for the run itself, or this throws. */
  async function checkRun(): Promise<void> {
    const known = state!;
    try {
      const run = await client.getRun(known.runId);
      if (run.lifecycle === 'deleted') throw deletedRun(run.id, start, client.uri);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      // The server has lost the run (its database was replaced). The journal still holds all of it.
      forget();
      throw new ServerError(
        'unreachable',
        `run "${start.name}" is unknown to ${client.uri}; it is sent again`,
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
        const done = await files.send(entry, known);
        known.artifacts = after;
        writeSentState(journal, known);
        for (const file of done) fs.rmSync(file, { force: true });
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
          const file = await drainOneFile();
          if (records === 'idle' && file === 'idle') break;
        }
        // A request given up on may be carried out late, so the last look comes when the run is over.
        if (state!.status !== 'RUNNING') await finder.settle(state!.experimentId);
      } catch (error) {
        const doubtful = !(error instanceof ServerError) || ['ambiguous', 'foreign'].includes(error.failure);
        if (doubtful) batches.distrust();
        throw error;
      }
    },
  };
}
