import { randomBytes } from 'node:crypto';
import type { Run, RunOptions } from './types';

/** A run that records nothing, for mode `disabled`. */
export function createNullRun(options: RunOptions = {}): Run {
  const id = randomBytes(16).toString('hex');
  const nothing = (): void => undefined;
  let status: Run['status'] = 'RUNNING';
  return {
    id,
    name: options.name ?? `run-${id.slice(0, 8)}`,
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
    logDict: nothing,
    logFigure: nothing,
    logImage: nothing,
    logAudio: nothing,
    logTable: nothing,
    logDataset: nothing,
    logInputModels: nothing,
    logModel: ({ name }) => ({ uid: id, name, journal: '' }),
    loggedModel: () => undefined,
    note: nothing,
    lastStep: () => undefined,
    end(final = 'FINISHED') {
      status = final;
    },
    [Symbol.dispose]() {
      if (status === 'RUNNING') status = 'FINISHED';
    },
  };
}
