import type { StageRecord, StageRequest } from './stageRecord';

/** At most so many changed settings are named. */
const NAMED = 3;

/**
 * Why the results of an earlier request are not those of another one, as the end of a sentence: "the settings changed:
 * trials was 4 and is 5".
 */
export function changeOf(
  earlier: StageRecord,
  request: Pick<StageRequest, 'parameters' | 'inputs' | 'engine'>,
): string {
  const inputs = changedEntries(earlier.inputs, request.inputs).map(([name]) => name);
  if (inputs.length > 0) return `its input changed: ${listed(inputs)}`;
  const settings = changedSettings(earlier.parameters, request.parameters);
  if (settings.length > 0) return `the settings changed: ${listed(settings)}`;
  if (earlier.engine !== request.engine && earlier.engine !== undefined)
    return `the engine changed: it was ${earlier.engine} and is ${request.engine ?? 'none'}`;
  return 'the results are those of an earlier version of stm-lab';
}

/** What differs between two settings, each as "name was 4 and is 5". */
export function changedSettings(before: unknown, now: unknown): string[] {
  return changedEntries(leavesOf(before), leavesOf(now)).map(
    ([name, old, own]) => `${name || 'the value'} was ${shown(old)} and is ${shown(own)}`,
  );
}

/** The first few of a list. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const shown = (value: string | undefined): string =>
  value === undefined ? 'not given' : value.length > 60 ? `${value.slice(0, 60)}…` : value;

/** Entries that one of two records lacks or has otherwise: name, text before, text now. */
function changedEntries(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): [string, string | undefined, string | undefined][] {
  const [old, own] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  return [...new Set([...old.keys(), ...own.keys()])]
    .filter((name) => old.get(name) !== own.get(name))
    .map((name) => [name, old.get(name), own.get(name)]);
}

/** Values at every depth by their path. */
function leavesOf(value: unknown, path = ''): Record<string, string> {
  if (value === undefined) return {};
  if (value === null || typeof value !== 'object') return { [path]: JSON.stringify(value) };
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      Object.entries(leavesOf(inner, path === '' ? name : `${path}.${name}`)),
    ),
  );
}
