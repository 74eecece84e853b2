/** A process of `pool.ts`: runs the searches sent to it, one after another. */
import type { PeerName } from '../peerPython';
import { peerMethods, startPeer, type Peer } from './peer';
import { problems } from './problems';
import type { Task } from './results';
import { search } from './searches';
import { testProblems } from './testProblems';

const all = new Map([...problems(), ...testProblems()].map((problem) => [problem.name, problem]));
const peers = new Map<PeerName, Peer>();

async function run({ problem, method, seed, trials }: Task): Promise<void> {
  const name = peerMethods[method];
  if (name !== undefined && !peers.has(name)) peers.set(name, startPeer(name));
  process.send!(await search(all.get(problem)!, method, seed, trials, name && peers.get(name)));
}

process.on('message', (task: Task) => {
  run(task).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => peers.forEach((peer) => peer.close()));
