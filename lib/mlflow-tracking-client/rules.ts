import { inputError } from 'research-basics/errors';

/**
 * What an MLflow server accepts in one request. The figures are those of MLflow's own validation
 * (`mlflow/utils/validation.py`); where servers differ (tag values: 5000 up to version 2, 8000 from
 * version 3) the smaller one is taken, so that a journal can be sent to any server.
 */
export const LIMITS = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  itemsPerBatch: 1000,
  /** A margin under the documented 1e6, for the frame around the items. */
  bytesPerBatch: 950_000,
  keyCharacters: 250,
  paramCharacters: 6000,
  tagCharacters: 5000,
  experimentNameCharacters: 500,
  datasetNameCharacters: 500,
  datasetDigestCharacters: 36,
  datasetSourceBytes: 65_535,
  datasetSchemaBytes: 1_048_575,
  datasetProfileBytes: 16_777_215,
} as const;

/**
 * The characters the server takes in a name. Letters of any script are letters to MLflow. A colon is
 * taken by servers on Linux and refused by servers on Windows, so it is refused here.
 */
const NAME = /^[\p{L}\p{N}_/.\- ]+$/u;

/**
 * Checks the name of a metric, parameter or tag: allowed characters, 1 to 250 of them, and no form
 * that a file system would read as another path (`a//b`, `./a`, `../a`, `/a`, `a/`).
 *
 * @throws UserError (`input`) with the name, the rule and a name that would do.
 */
export function checkName(kind: 'metric' | 'param' | 'tag', name: string): void {
  if (name.length > LIMITS.keyCharacters) {
    throw inputError(
      `${kind} name "${name.slice(0, 40)}…" has ${name.length} characters; MLflow takes at most ${LIMITS.keyCharacters}`,
    );
  }
  if (name.trim() === '') throw inputError(`${kind} name "${name}" is blank; give it a name`);
  if (!NAME.test(name)) {
    throw inputError(
      `${kind} name "${name}" is not accepted by MLflow (letters, digits, "_", "-", ".", "/" and spaces only); "${suggestName(name)}" would be`,
    );
  }
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw inputError(
      `${kind} name "${name}" would be read as another path by MLflow; "${suggestName(name)}" would be accepted`,
    );
  }
}

function suggestName(name: string): string {
  const clean = name
    .replace(/[^\p{L}\p{N}_/.\- ]+/gu, '_')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/');
  return clean === '' ? 'unnamed' : clean;
}

/** A metric value as it travels in JSON, which has no NaN and no infinities. */
export type WireNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/**
 * A metric value for JSON: NaN and the infinities as the strings that MLflow reads back as such.
 *
 * @throws UserError (`input`) when the value is not a number.
 */
export function numberToWire(name: string, value: number): WireNumber {
  if (typeof value !== 'number') {
    throw inputError(`metric "${name}": ${JSON.stringify(value)} is not a number`);
  }
  return Number.isFinite(value) ? value : (String(value) as WireNumber);
}

/**
 * Checks a step: an integer that a double holds exactly (the server stores a 64-bit integer).
 *
 * @throws UserError (`input`) otherwise.
 */
export function checkStep(name: string, step: number): number {
  if (!Number.isSafeInteger(step)) {
    throw inputError(`metric "${name}": step ${step} must be a whole number`);
  }
  return step;
}

/** A parameter or tag value as the text MLflow stores: objects and arrays as JSON, the rest by `String`. */
export function valueToText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value !== null && typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** The first `limit` characters (code points: a pair of surrogates is never torn). */
export function truncateText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const points = Array.from(text.slice(0, 2 * limit));
  return points.slice(0, limit).join('');
}

/** Number of characters as the server (Python) counts them: code points. */
export function characterCount(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) pairs++;
  }
  return text.length - pairs;
}
