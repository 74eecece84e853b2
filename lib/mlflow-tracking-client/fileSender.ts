import * as fs from 'node:fs';
import { messageOf } from 'research-basics/errors';
import { openArtifactStore } from './artifacts';
import type { ArtifactStore } from './artifactStore';
import type { Delivered } from './delivered';
import { spooledFile, spoolFolder, type JournalEntry } from './journal';
import type { MlflowClient } from './clientTypes';
import { deliverModel } from './modelSender';
import type { RunModels } from './runModels';
import type { SentState } from './sentState';
import { ServerError, isPermanent } from './serverError';

type FileEntry = Extract<JournalEntry, { op: 'artifact' | 'model' }>;

export interface FileSender {
  /**
   * Delivers one artifact or model; what cannot be delivered becomes a problem. Throws ServerError; then call it again
   * with the same.
   *
   * @returns files that are no longer needed here, once the delivery is noted.
   */
  send(entry: FileEntry, state: SentState): Promise<readonly string[]>;
  /** The run is another one from now on. */
  forget(): void;
}

/** An upload broken off this often, while the server answers otherwise, is given up. */
const UPLOAD_ATTEMPTS = 10;

/** Delivers the files of one journal. */
export function createFileSender(
  journal: string,
  context: {
    client: MlflowClient;
    delivered: Delivered;
    models: RunModels;
    /** Tag of a model's own identity. */
    uidTag: string;
    /** Throws when the run itself is why the server refused. */
    checkRun(): Promise<void>;
    onProblem(sentence: string): void;
  },
): FileSender {
  const { client, delivered, models, onProblem } = context;
  let store: ArtifactStore | undefined;
  let failures = 0;

  async function upload(entry: FileEntry, state: SentState, first: string): Promise<void> {
    store ??= openArtifactStore(client, state.artifactUri);
    if (entry.op === 'artifact') {
      await store.put(entry.to, first);
      delivered.artifacts += 1;
      delivered.artifactBytes += entry.bytes;
      return;
    }
    await deliverModel(entry, {
      client,
      state,
      folder: spoolFolder(journal),
      runStore: store,
      model: await models.of(entry),
      uidTag: context.uidTag,
    });
    delivered.models += 1;
  }

  return {
    async send(entry, state) {
      const files = entry.op === 'artifact' ? [entry] : entry.files;
      let kept: readonly string[];
      try {
        kept = files.map((file) => spooledFile(journal, file));
      } catch (error) {
        onProblem(messageOf(error));
        return [];
      }
      const gone = files.find((_, i) => !fs.existsSync(kept[i]!));
      if (gone !== undefined) {
        onProblem(`artifact ${gone.to} is no longer kept here (it was delivered to another server)`);
      } else {
        try {
          await upload(entry, state, kept[0]!);
          failures = 0;
        } catch (error) {
          if (isPermanent(error)) await context.checkRun();
          else if (error instanceof ServerError) {
            failures += error.failure === 'ambiguous' ? 1 : 0;
            if (failures < UPLOAD_ATTEMPTS) throw error;
            await client.getRun(state.runId);
          }
          failures = 0;
          onProblem(`${entry.op} ${entry.op === 'artifact' ? entry.to : entry.name}: ${messageOf(error)}`);
          return [];
        }
      }
      return kept;
    },
    forget() {
      store = undefined;
    },
  };
}
