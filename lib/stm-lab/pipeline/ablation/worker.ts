import { messageOf, UserError } from 'research-basics/errors';
import { once } from 'research-basics/once';
import { loadEngine } from '../../engine';
import type { AblationWorkerOrder, FromAblationWorker, ToAblationWorker } from './pool';
import { readAblationData, type AblationData } from './data';
import { scoreCell } from './score';

let order: AblationWorkerOrder | undefined;
const data = once(async (): Promise<AblationData> =>
  readAblationData(order!.features, await loadEngine(), order!.plan),
);

async function answer(
  task: Extract<ToAblationWorker, { task: unknown }>['task'],
): Promise<FromAblationWorker> {
  try {
    const { plan, cells } = order!;
    return { outcome: await scoreCell(task, await data(), plan, cells) };
  } catch (error) {
    return { error: messageOf(error), kind: error instanceof UserError ? error.kind : 'other' };
  }
}

// Without its parent a worker stops at once; its cell is done again when the ablation continues.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.on('message', (message: ToAblationWorker) => {
  if ('order' in message) order = message.order;
  else void answer(message.task).then((reply) => process.send?.(reply));
});
