import * as fs from 'node:fs';
import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import type { Run } from 'mlflow-tracking-client';
import { writeCsv } from '../../base/csv';
import { messageOf } from 'research-basics/errors';
import { sha256, writeFileAtomic } from 'research-basics/files';
import { throwIfStopped } from 'research-basics/pace';
import { quantile } from '../../evaluation';
import { regionLabel, type FilterFileOptions, type FilterFileResult } from '../../synthesis';
import { flattenParameters, trackedRun, type StageContext } from '../../stages/context';
import { listenPage, soundOfFile } from '../listenPage';
import { runFilterPool } from './pool';
import { filterTasks } from './recordings';

/** What `filterStage` reads and writes. */
export interface FilterStageOptions {
  /** Audio files, folders of recordings, and manifests (`.csv`). */
  readonly inputs: readonly string[];
  readonly out: string;
  readonly filter: FilterFileOptions['filter'];
  /** Worker threads; default: all cores. */
  readonly workers?: number | undefined;
}

/** What became of one recording. */
export interface FilteredRecording {
  readonly file: string;
  /** Path of the results without ending. */
  readonly output: string;
  readonly result: FilterFileResult;
  readonly reused: boolean;
  /** Wall time of the computation; absent where a sound was reused. */
  readonly elapsedSeconds?: number;
}

/** Outcome of a filtering. */
export interface FilterSummary {
  /** In the order of the inputs. */
  readonly filtered: readonly FilteredRecording[];
  /** One sentence for each recording that was not filtered; the others are done. */
  readonly failures: readonly string[];
}

/** Recordings that the page of sounds plays. */
const PLAYED = 3;

/**
 * Filters the modulations of recordings (see `filterFile` for the files of each) and writes `filtered.csv`, one line per
 * recording. A sound that is there already is reused, also after a kill. Recorded as one run, with a page that plays the
 * first recordings before and after.
 *
 * @throws UserError (`input`) where nothing can continue; (`interrupted`) when `context.signal` asks to stop.
 */
export async function filterStage(
  { inputs, out, filter, workers = availableParallelism() }: FilterStageOptions,
  context: StageContext = {},
): Promise<FilterSummary> {
  const { tasks, problems } = filterTasks(inputs, out);
  const orders = tasks.map(({ file, name }) => ({ file, output: path.join(out, name) }));
  const work = async (run: Run | undefined): Promise<FilterSummary> => {
    const outcomes = new Map<number, FilteredRecording>();
    const failures = new Map<number, string>();
    await runFilterPool(
      workers,
      filter,
      orders,
      (index, outcome) => {
        const order = orders[index]!;
        if ('result' in outcome) {
          outcomes.set(index, { ...order, ...outcome });
          outcome.result.warnings.forEach((warning) => context.warn?.(`${order.file}: ${warning}`));
        } else {
          failures.set(index, outcome.error);
          context.warn?.(outcome.error);
        }
        context.progress?.(
          `filter: ${outcomes.size + failures.size} of ${orders.length} recordings${failures.size === 0 ? '' : `, ${failures.size} failed`}`,
        );
      },
      context.signal,
    ).catch((error: unknown) => {
      throwIfStopped(context.signal, 'filtering');
      throw error;
    });
    const inOrder = <T>(map: ReadonlyMap<number, T>): T[] =>
      [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
    const filtered = inOrder(outcomes);
    if (filtered.length > 0) writeSummary(out, filtered);
    if (run !== undefined) await logFiltered(run, out, filtered, failures.size + problems.length);
    return { filtered, failures: [...problems, ...inOrder(failures)] };
  };
  problems.forEach((problem) => context.warn?.(problem));
  const names = tasks.map(({ file, name }) => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return [name, stat?.size ?? 0, stat?.mtimeMs ?? 0];
  });
  const key = sha256({ filter, names });
  const finished = path.join(out, `.filtered-${key.slice(0, 16)}`);
  // All is there: what is reused was recorded when it was computed.
  if (fs.existsSync(finished)) return work(undefined);
  const summary = await trackedRun(
    context,
    {
      name: 'filter',
      key: `filter-${key.slice(0, 16)}`,
      params: flattenParameters({
        ...filter,
        region: regionLabel(filter.region),
        recordings: tasks.length,
      }),
      tags: { 'stm.stage': 'filter', 'stm.key': key },
    },
    work,
  );
  if (summary.failures.length === 0) writeFileAtomic(finished, '');
  return summary;
}

function writeSummary(out: string, filtered: readonly FilteredRecording[]): void {
  const rows = filtered.map(({ file, output, result }) => ({
    recording: path.relative(out, file).split(path.sep).join('/'),
    sound: `${path.relative(out, output).split(path.sep).join('/')}.wav`,
    region: result.region,
    seconds: result.seconds.toFixed(3),
    suppression_db: result.suppressionDb?.toFixed(2) ?? '',
    distortion_db: result.distortionDb?.toFixed(2) ?? '',
    mean_absolute_db: result.meanAbsoluteDb?.toFixed(3) ?? '',
  }));
  writeCsv(path.join(out, 'filtered.csv'), Object.keys(rows[0]!), rows);
}

/** Median of what is known, or undefined. */
export function medianOf(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length === 0 ? undefined : quantile(known, 0.5);
}

async function logFiltered(
  run: Run,
  out: string,
  filtered: readonly FilteredRecording[],
  failed: number,
): Promise<void> {
  const results = filtered.map(({ result }) => result);
  const metrics = {
    filter_suppression_db: medianOf(results.map(({ suppressionDb }) => suppressionDb)),
    filter_distortion_db: medianOf(results.map(({ distortionDb }) => distortionDb)),
    filter_mean_absolute_db: medianOf(results.map(({ meanAbsoluteDb }) => meanAbsoluteDb)),
    filter_recordings: filtered.length,
    filter_failed: failed,
  };
  run.logMetrics(
    Object.fromEntries(
      Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== undefined),
    ),
  );
  if (filtered.length === 0) return;
  run.logArtifact(path.join(out, 'filtered.csv'));
  const sections = [];
  for (const { file, output, result } of filtered.slice(0, PLAYED)) {
    try {
      sections.push({
        heading: result.recording,
        text: `suppression ${result.suppressionDb?.toFixed(1) ?? '–'} dB, distortion ${result.distortionDb?.toFixed(1) ?? '–'} dB`,
        sounds: [await soundOfFile(file, 'before'), await soundOfFile(`${output}.wav`, result.region)],
      });
    } catch (error) {
      run.setTags({ 'stm.sounds': messageOf(error).slice(0, 400) });
    }
  }
  run.logText('sounds.html', listenPage(`Filtered: ${filtered[0]!.result.region}`, sections));
}
