import * as fs from 'node:fs';
import * as path from 'node:path';
import { openAudio } from '../audio';
import { openWavWriter } from '../audio/wavStream';
import { UserError, messageOf } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import { readJson, sha256, sha256File, writeJson } from 'research-basics/files';
import {
  SOUND_FORMAT,
  type FilteredCochleagrams,
  type ModulationFilterKernel,
  type ModulationFilterOptions,
} from './filterSound';
import { regionLabel, type ModulationRegion } from './region';
import type { FilterReport } from './report';

/** Where the sound goes and what it was made with. */
export interface FilterFileOptions {
  /** The filter's options, with a region rather than a function, so that they can be recorded. */
  readonly filter: ModulationFilterOptions & { readonly region: ModulationRegion };
  /** Path without ending: `.wav` and `.json` are added. */
  readonly output: string;
  /** Ends the work between blocks. */
  readonly signal?: AbortSignal | undefined;
}

/** What is recorded beside a filtered sound. */
export interface FilterFileResult {
  /** SHA-256 of the recording and of the options: the sound is reused while they stay the same. */
  readonly key: string;
  readonly recording: string;
  readonly region: string;
  readonly sampleRate: number;
  readonly seconds: number;
  /** Size of the sound's file. */
  readonly bytes: number;
  /** dB; `null` where there is no such part of the plane. */
  readonly suppressionDb: number | null;
  readonly distortionDb: number | null;
  readonly meanAbsoluteDb: number | null;
  /** What a user should know of the recording, e.g. that it is truncated. */
  readonly warnings: readonly string[];
}

/**
 * Filters one recording into a WAV file (16 kHz, mono, 32-bit float) with a JSON file of what was reached beside it. A
 * result of the same recording and options is reused. Memory does not grow with the recording.
 *
 * @returns the record, whether it was reused, and (when newly computed) its wall time in seconds and the cochleagrams of the
 *   first seconds
 * @throws UserError (`input`) naming the file when it cannot be used; (`interrupted`) when `signal` asks to stop.
 */
export async function filterFile(
  kernel: ModulationFilterKernel,
  file: string,
  { filter, output, signal }: FilterFileOptions,
): Promise<{
  readonly result: FilterFileResult;
  readonly reused: boolean;
  readonly elapsedSeconds?: number;
  readonly cochleagrams?: FilteredCochleagrams;
}> {
  const key = sha256(`${canonicalJson({ format: SOUND_FORMAT, filter })}\n${sha256File(file)}`);
  const record = `${output}.json`;
  const previous = readPrevious(record);
  const size = fs.statSync(`${output}.wav`, { throwIfNoEntry: false })?.size;
  if (previous?.key === key && size !== undefined && previous.bytes === size)
    return { result: previous, reused: true };
  const start = performance.now();
  const source = await openAudio(file);
  const work = kernel.start(source.sampleRate);
  fs.mkdirSync(path.dirname(output), { recursive: true });
  removeUnfinished(`${output}.wav`);
  const writer = openWavWriter(`${output}.wav`, work.sampleRate);
  let samples = 0;
  try {
    for await (const block of source.blocks()) {
      if (signal?.aborted)
        throw new UserError('interrupted', `${file}: stopped; the same command starts it again`);
      const filtered = work.push(block);
      samples += filtered.length;
      writer.write(filtered);
      await new Promise(setImmediate);
    }
    const { samples: last, report, cochleagrams } = work.finish();
    writer.write(last);
    samples += last.length;
    writer.close();
    const result: FilterFileResult = {
      key,
      recording: path.basename(file),
      region: regionLabel(filter.region),
      sampleRate: work.sampleRate,
      seconds: samples / work.sampleRate,
      bytes: fs.statSync(`${output}.wav`).size,
      ...reportNumbers(report),
      warnings: [...source.warnings],
    };
    writeJson(record, result);
    const elapsedSeconds = (performance.now() - start) / 1000;
    return { result, reused: false, elapsedSeconds, ...(cochleagrams === undefined ? {} : { cochleagrams }) };
  } catch (error) {
    writer.discard();
    source.close();
    if (error instanceof UserError && error.kind === 'input' && !error.message.startsWith(file))
      throw new UserError('input', `${file}: ${messageOf(error)}`, { cause: error });
    throw error;
  }
}

/** What an earlier attempt at the same sound left when it was killed. */
function removeUnfinished(file: string): void {
  const [folder, start] = [path.dirname(file), `.${path.basename(file)}.`];
  for (const name of fs.readdirSync(folder))
    if (name.startsWith(start) && name.endsWith('.tmp')) fs.rmSync(path.join(folder, name), { force: true });
}

function readPrevious(record: string): FilterFileResult | undefined {
  try {
    return readJson<FilterFileResult>(record);
  } catch {
    return undefined;
  }
}

/** Numbers that JSON can hold. */
function reportNumbers(
  report: FilterReport,
): Pick<FilterFileResult, 'suppressionDb' | 'distortionDb' | 'meanAbsoluteDb'> {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    suppressionDb: finite(report.suppressionDb),
    distortionDb: finite(report.distortionDb),
    meanAbsoluteDb: finite(report.meanAbsoluteDb),
  };
}
