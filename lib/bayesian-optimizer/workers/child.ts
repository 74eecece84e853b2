import { pathToFileURL } from 'node:url';
import { inputError, messageOf } from 'research-basics/errors';
import { optimize } from '../optimize';
import type { Objective } from '../runStudy';
import { createStudy } from '../createStudy';
import type { Trial } from '../studyTypes';
import type { WorkerOrder, WorkerReply } from './run';

type Exported = (trial: Trial, data: unknown) => ReturnType<Objective>;

async function loadObjective({
  module,
  name = 'objective',
  data,
}: WorkerOrder['objective']): Promise<Objective> {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  } catch (error) {
    throw inputError(`${module}: cannot be loaded (${messageOf(error)})`, error);
  }
  // A CommonJS module's exports may arrive under `default`.
  const found = loaded[name] ?? (loaded['default'] as Record<string, unknown> | undefined)?.[name];
  if (typeof found !== 'function') throw inputError(`${module}: exports no function ${name}`);
  return (trial) => (found as Exported)(trial, data);
}

async function work(order: WorkerOrder): Promise<WorkerReply> {
  const objective = await loadObjective(order.objective);
  const study = createStudy(order.study);
  process.send?.({ ready: true } satisfies WorkerReply);
  return { result: await optimize(study, objective, order.optimize) };
}

// The parent lets go of a worker that has answered, and a worker without its parent stops at once: its trial is
// taken up when the search continues. A signal, since an objective's open handles would keep the process alive.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.once('message', (order: WorkerOrder) => {
  void work(order)
    .catch((error: unknown): WorkerReply => ({ error: messageOf(error) }))
    .then((reply) => process.send?.(reply));
});
