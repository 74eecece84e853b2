import * as path from 'node:path';
import type { TrialRecord } from 'bayesian-optimizer';
import type { SettingsSearchSummary } from '../pipeline';
import { statusText } from './stageOptions';
import { printTable } from './table';
import type { Terminal } from './terminal';

/** One line on a trial that has ended. */
export const trialLine = ({ number, state, value, values, failure = '' }: TrialRecord): string =>
  `trial ${number}: ${state} ${value?.toFixed(4) ?? failure} ${JSON.stringify(values)}`;

/** Prints what a search of a sibling's settings found. */
export function printSettingsSearch(
  terminal: Terminal,
  out: string,
  { objective, best, status }: SettingsSearchSummary,
): void {
  terminal.print(
    `${out}: best ${objective} ${best.value.toFixed(4)} in trial ${best.number}; ${statusText(status)}; train it with --preset ${path.join(out, 'best.json')}`,
  );
  printTable(terminal, [best.values]);
}
