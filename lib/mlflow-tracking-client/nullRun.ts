import { randomBytes } from 'node:crypto';
import type { Run, RunOptions } from './types';

/** A run that records nothing, for mode `disabled`. */
export function createNullRun(options: RunOptions): Run {
  const nothing = (): void => undefined;
  let status: Run['status'] = 'RUNNING';
  return {
    id: randomBytes(16).toString('hex'),
    name: options.name,
    key: options.key,
    parent: options.parent,
    origin: 'new',
    get status() {
      return status;
    },
    remoteId: () => undefined,
    setTags: nothing,
    logParams: nothing,
    logMetrics: nothing,
    logMetricRows: nothing,
    logArtifact: nothing,
    logFolder: nothing,
    logText: nothing,
    logBytes: nothing,
    logJson: nothing,
    logTable: nothing,
    logDataset: nothing,
    logModel: nothing,
    note: nothing,
    lastStep: () => undefined,
    end(final = 'FINISHED') {
      status = final;
    },
  };
}
