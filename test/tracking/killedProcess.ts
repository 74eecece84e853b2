import { createTracker } from 'mlflow-tracking-client';

/** Logs one point after another, telling its parent of each that returned, until it is killed. */
const [journalFolder, uri] = process.argv.slice(2) as [string, string];
const tracker = createTracker({
  uri,
  journalFolder,
  experiment: 'killed',
  pollMs: 20,
  onWarning: () => undefined,
});
const run = tracker.startRun({ name: 'killed', key: 'killed' });

async function main(): Promise<void> {
  for (let step = (run.lastStep('loss') ?? -1) + 1; ; step++) {
    run.logMetrics({ loss: 1 / (1 + step) }, step);
    process.send!(step);
    if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
void main();
