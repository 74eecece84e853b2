import type { Experiment, MlflowClient } from './clientTypes';
import type { Delivered } from './delivered';
import type { StartEntry } from './journal';

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
