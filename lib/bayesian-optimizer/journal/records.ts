import type { Parameter, Value } from '../space';

/**
 * The journal's line format is Optuna's (journal storage, releases 3 to 5): one JSON object a line with an
 * `op_code` and the `worker_id` that wrote it. Optuna and its dashboard open these files, and the reverse.
 */
export const Operation = {
  createStudy: 0,
  deleteStudy: 1,
  setStudyUserAttribute: 2,
  setStudySystemAttribute: 3,
  createTrial: 4,
  setTrialParameter: 5,
  setTrialState: 6,
  setTrialIntermediate: 7,
  setTrialUserAttribute: 8,
  setTrialSystemAttribute: 9,
} as const;

/** One line of the journal. */
export interface JournalRecord {
  readonly op_code: number;
  readonly worker_id: string;
  readonly [field: string]: unknown;
}

/** State codes of the format, by our names. */
export const stateCodes = { running: 0, complete: 1, pruned: 2, failed: 3, waiting: 4 } as const;
export type TrialState = keyof typeof stateCodes;
export const stateNames = Object.keys(stateCodes) as TrialState[];

export const directionCodes = { minimize: 1, maximize: 2 } as const;
export type Direction = keyof typeof directionCodes;

/** Time as the format writes it: ISO 8601, UTC, microseconds. */
export function timeText(date: Date): string {
  return date.toISOString().replace('Z', '000+00:00');
}

/** The distribution text of a parameter, as Optuna serialises it. */
export function parameterToDistribution(parameter: Parameter): string {
  if (parameter.type === 'categorical') {
    return JSON.stringify({ name: 'CategoricalDistribution', attributes: { choices: parameter.choices } });
  }
  const { min: low, max: high, scale } = parameter;
  const log = scale === 'log';
  return parameter.type === 'int'
    ? JSON.stringify({ name: 'IntDistribution', attributes: { log, step: parameter.step ?? 1, low, high } })
    : JSON.stringify({
        name: 'FloatDistribution',
        attributes: { step: parameter.step ?? null, low, high, log },
      });
}

interface DistributionJson {
  name: string;
  attributes: { choices?: Value[]; low?: number; high?: number; log?: boolean; step?: number | null };
}

/** The parameter of a distribution text; older Optuna names of distributions are read too. */
export function distributionToParameter(text: string): Parameter {
  const { name, attributes } = JSON.parse(text) as DistributionJson;
  if (name === 'CategoricalDistribution') return { type: 'categorical', choices: attributes.choices ?? [] };
  const { low: min = 0, high: max = 0 } = attributes;
  const scale = attributes.log === true || name.startsWith('Log') ? ('log' as const) : ('linear' as const);
  const step = attributes.step ?? undefined;
  return {
    type: name.startsWith('Int') ? 'int' : 'float',
    min,
    max,
    scale,
    ...(step === undefined || scale === 'log' ? {} : { step }),
  };
}

/** The number that stands for a value in the journal: the index of a choice, else the number itself. */
export function valueToInternal(parameter: Parameter, value: Value): number {
  return parameter.type === 'categorical' ? parameter.choices.indexOf(value) : Number(value);
}

/** The reverse of `valueToInternal`. */
export function internalToValue(parameter: Parameter, internal: number): Value {
  if (parameter.type === 'categorical') return parameter.choices[Math.trunc(internal)]!;
  return parameter.type === 'int' ? Math.trunc(internal) : internal;
}

/**
 * Parses one line. Python writes NaN and Infinity bare, which JSON forbids: they are read as the texts
 * "NaN", "Infinity" and "-Infinity", which `Number` understands.
 */
export function parseRecord(line: string): JournalRecord {
  try {
    return JSON.parse(line) as JournalRecord;
  } catch (error) {
    const quoted = line.replace(/(?<=[:,[]\s?)(NaN|-?Infinity)(?=\s?[,}\]])/g, '"$1"');
    if (quoted === line) throw error;
    return JSON.parse(quoted) as JournalRecord;
  }
}
