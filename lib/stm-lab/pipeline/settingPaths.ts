import { checkSpace, type Space, type Value, type Values } from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { unknownName } from './nearestName';

/** Paths of everything that is stated in settings, such as `fit.stages.0.learningRate`. */
export const settingPaths = (value: unknown, prefix = ''): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) =>
        settingPaths(inner, prefix === '' ? name : `${prefix}.${name}`),
      )
    : [prefix];

/** Settings with values at their paths. */
export function withValues<T extends object>(settings: T, values: Values): T {
  const laid = structuredClone(settings);
  for (const [name, value] of Object.entries(values)) {
    const steps = name.split('.');
    const last = steps.pop()!;
    const place = steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], laid);
    (place as Record<string, unknown>)[last] = value;
  }
  return laid;
}

/**
 * Makes sure that every path of a space is known, and that settings are valid at both ends of every range.
 *
 * @param what says of a path what it is not, e.g. "is not a setting that preset small states".
 * @param check throws for a value that a setting cannot have.
 * @throws UserError (`input`) naming the path, and those there are.
 */
export function checkPathSpace(
  space: Space,
  known: readonly string[],
  what: string,
  check: (name: string, value: Value) => void,
): void {
  checkSpace(space);
  for (const [name, parameter] of Object.entries(space)) {
    if (!known.includes(name))
      throw inputError(`${unknownName(name, what, known)} It has ${known.join(', ')}`);
    for (const value of parameter.type === 'categorical' ? parameter.choices : [parameter.min, parameter.max])
      check(name, value);
  }
}
