import { relative } from 'node:path';
import { root } from './paths.mjs';

const SHOWN = 15;

/** Reporter of node:test: after all tests, the files that took longest, by the sum of their tests. */
export default async function* slowestSuites(events) {
  const seconds = new Map();
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting > 0 || data.file === undefined)
      continue;
    seconds.set(data.file, (seconds.get(data.file) ?? 0) + data.details.duration_ms / 1000);
  }
  const slowest = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  yield '\nslowest suites\n';
  for (const [file, duration] of slowest)
    yield `${`${duration.toFixed(1)} s`.padStart(9)}  ${relative(root, file)}\n`;
}
