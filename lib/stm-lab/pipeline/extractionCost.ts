import * as path from 'node:path';
import { readJson, writeJson } from 'research-basics/files';

/** What an extraction took. */
interface MeasuredCost {
  /** Processor time on all cores, seconds for an hour of sound. */
  readonly secondsPerHour: number;
  /** Hours of sound it was measured on; costs of earlier versions do not say. */
  readonly audioHours?: number;
}

/** Beside the journal: what depends on the clock is not among the results. */
const costFile = (folder: string): string => path.join(folder, '.work', 'cost.json');

/**
 * Measures the processor time of an extraction, and remembers it in its folder when anything was analysed.
 *
 * @param extract returns, among others, the hours of sound that it analysed.
 */
export async function measureCost<T extends { readonly audioHours: number }>(
  folder: string,
  extract: () => Promise<T>,
): Promise<T> {
  const before = process.cpuUsage();
  const summary = await extract();
  const { user, system } = process.cpuUsage(before);
  const { audioHours } = summary;
  if (audioHours > 0)
    writeJson(costFile(folder), { secondsPerHour: (user + system) / 1e6 / audioHours, audioHours });
  return summary;
}

/** Remembers for a merged extraction what its shards took together; nothing unless each of them was measured. */
export function mergeCosts(folder: string, shards: readonly string[]): void {
  const costs = shards.map(readCost);
  let [seconds, audioHours] = [0, 0];
  for (const cost of costs) {
    if (cost?.audioHours === undefined) return;
    seconds += cost.secondsPerHour * cost.audioHours;
    audioHours += cost.audioHours;
  }
  if (audioHours > 0) writeJson(costFile(folder), { secondsPerHour: seconds / audioHours, audioHours });
}

/** Processor time of an extraction on all cores, seconds for an hour of sound; undefined where it was not measured. */
export const extractionCost = (folder: string): number | undefined => readCost(folder)?.secondsPerHour;

function readCost(folder: string): MeasuredCost | undefined {
  try {
    return readJson<MeasuredCost>(costFile(folder));
  } catch {
    return undefined;
  }
}
