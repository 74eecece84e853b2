/** A process of `pool.ts`: runs the searches sent to it, one after another; its argument is Optuna's Python. */
import { startPeer } from './peer';
import type { Peer } from './peer';
import { problems } from './problems';
import type { Task } from './results';
import { finalRegret, isOptuna } from './searches';

const all = new Map(problems().map((problem) => [problem.name, problem]));
let peer: Peer | undefined;

async function run({ problem, method, seed, trials }: Task): Promise<void> {
  if (isOptuna(method)) peer ??= startPeer(process.argv[2]!);
  const regret = await finalRegret(all.get(problem)!, method, seed, trials, peer);
  process.send!({ regret });
}

process.on('message', (task: Task) => {
  run(task).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => peer?.close());
