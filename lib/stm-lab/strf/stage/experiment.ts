import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import {
  CALL_CLASSIFIERS,
  SPEECH_LOG_MEL,
  STRF_VARIANTS,
  type BirdSettings,
  type KernelNorm,
  type SpeakerSettings,
  type SpeechSettings,
  type StrfOptions,
  type StrfTaskName,
  type StrfVariant,
  type UrbanSettings,
} from '..';
import { configurationFile } from '../../stages/configuration';
import type { SettingsSearch } from '../../stages/settingsSearch';

/** The four tasks, in the order of reports. */
export const STRF_TASKS: readonly StrfTaskName[] = ['speaker', 'speech', 'birds', 'urban'];

/** What is compared on a task. */
export interface StrfComparison {
  /** Variants of the layer with their norm, e.g. "learn l2", "frozen area", "free", "pass". */
  readonly conditions: readonly string[];
  /** Trainings of each condition, with seeds 1, 2, ... */
  readonly seeds: number;
  /** Settings to search, by their paths in the task's section (`strfSearchStage`). */
  readonly search?: SettingsSearch;
}

/** Everything that decides the four tasks' results besides the recordings. */
export interface StrfExperiment {
  readonly name: string;
  readonly title: string;
  /** What a run of it costs, for the reader. */
  readonly cost?: string;
  readonly speaker: SpeakerSettings & StrfComparison;
  readonly speech: SpeechSettings & StrfComparison;
  readonly birds: BirdSettings & StrfComparison;
  readonly urban: UrbanSettings & StrfComparison;
}

/**
 * Reads a configuration of the learnable filters. What a front end leaves out is that of the speech tasks.
 *
 * @param nameOrFile a name in `experiments/strf/` (such as "reduced"), or the path of a JSON file.
 * @throws UserError (`input`) naming the file and the entry that is missing or wrong.
 */
export function readStrfExperiment(nameOrFile: string): StrfExperiment {
  const file = configurationFile('strf', nameOrFile);
  const read = readJson<StrfExperiment>(file);
  const sections = STRF_TASKS.map((task) => {
    const section = read[task] as StrfExperiment[StrfTaskName] | undefined;
    if (section === undefined) throw inputError(`${file}: lacks the section "${task}"`);
    checkStrfSection(`${file}: ${task}`, task, section);
    return [task, { ...section, frontEnd: { ...SPEECH_LOG_MEL, ...section.frontEnd } }] as const;
  });
  return { ...read, ...Object.fromEntries(sections) };
}

const SHARED = ['frontEnd', 'frames', 'strf', 'training', 'conditions', 'seeds'] as const;
const COUNTS = [
  ['frames', (section: StrfExperiment[StrfTaskName]) => section.frames],
  ['seeds', (section: StrfExperiment[StrfTaskName]) => section.seeds],
  ['strf.filters', (section: StrfExperiment[StrfTaskName]) => section.strf.filters],
  ['strf.frequencyTaps', (section: StrfExperiment[StrfTaskName]) => section.strf.frequencyTaps],
  ['strf.timeTaps', (section: StrfExperiment[StrfTaskName]) => section.strf.timeTaps],
  ['training.steps', (section: StrfExperiment[StrfTaskName]) => section.training.steps ?? 1],
  ['training.batch', (section: StrfExperiment[StrfTaskName]) => section.training.batch ?? 1],
  ['training.together', (section: StrfExperiment[StrfTaskName]) => section.training.together ?? 1],
  ['training.recordEvery', (section: StrfExperiment[StrfTaskName]) => section.training.recordEvery ?? 1],
] as const;

/**
 * Checks the section of a task.
 *
 * @throws UserError (`input`) naming the place and the entry that is missing or wrong.
 */
export function checkStrfSection(
  place: string,
  task: StrfTaskName,
  section: StrfExperiment[StrfTaskName],
): void {
  for (const name of SHARED)
    if (section[name] === undefined) throw inputError(`${place} lacks the entry "${name}"`);
  for (const [name, of] of COUNTS) {
    const value = of(section);
    if (!Number.isInteger(value) || value < 1)
      throw inputError(`${place}: ${name} is ${value}; it must be a whole number from 1`);
  }
  section.conditions.forEach((condition) => checkCondition(condition, task, place));
}

/**
 * Checks a condition: a layer (see `parseCondition`), for speakers also SincNet, or for birds a classifier without a network.
 *
 * @throws UserError (`input`) for words that are not known, or of another task.
 */
export function checkCondition(condition: string, task: StrfTaskName, place = 'condition'): void {
  const isClassifier = (CALL_CLASSIFIERS as readonly string[]).includes(condition);
  if (!isClassifier) parseCondition(condition, place);
  const only = isClassifier ? 'birds' : condition === 'sincnet' ? 'speaker' : task;
  if (task !== only) throw inputError(`${place}: "${condition}" is a condition of the task ${only} alone`);
}

/**
 * The layer that a condition names: a variant, and for filters a norm.
 *
 * @throws UserError (`input`) for words that are not known.
 */
export function parseCondition(
  condition: string,
  place = 'condition',
): Pick<StrfOptions, 'variant' | 'norm'> {
  const [variant, norm, ...rest] = condition.split(' ') as [StrfVariant, KernelNorm | undefined, ...string[]];
  const known =
    STRF_VARIANTS.includes(variant) &&
    (norm === undefined || ['l2', 'area'].includes(norm)) &&
    rest.length === 0;
  if (!known)
    throw inputError(
      `${place}: the condition "${condition}" must be one of ${STRF_VARIANTS.join(', ')}, followed by l2 or area for filters; for birds also ${CALL_CLASSIFIERS.join(', ')}`,
    );
  return { variant, ...(norm === undefined ? {} : { norm }) };
}
