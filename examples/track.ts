// A run in MLflow, written without a server; "stm-lab sync tracking" sends it when there is one.
//   npx tsx examples/track.ts
import { createTracker } from 'mlflow-tracking-client';

async function main(): Promise<void> {
  const tracker = createTracker({ experiment: 'example', journalFolder: 'tracking', mode: 'offline' });
  const run = tracker.startRun({ name: 'a training', params: { units: 64, rate: 1e-3 } });
  for (let epoch = 0; epoch < 5; epoch++) run.logMetrics({ loss: 1 / (epoch + 1) }, epoch);
  run.logText('notes.txt', 'Converged.');
  run.end();
  const { state } = await tracker.close();
  console.log(`run ${run.name}: ${state === 'local' ? 'in the journal, not sent yet' : state}`);
}

export const finished = main();
