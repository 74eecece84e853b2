import { inputError } from 'research-basics/errors';

/**
 * The metrics that a figure shows: all, or the one that is asked for by its name or as it is printed.
 *
 * @param names what is printed, by name.
 * @param what has these metrics, for the sentence.
 * @throws UserError (`input`) naming those that there are.
 */
export function metricsNamed<T extends string>(
  names: Readonly<Record<string, T>>,
  metric: string | undefined,
  what: string,
): T[] {
  const all = Object.values(names);
  if (metric === undefined) return all;
  const name = Object.hasOwn(names, metric) ? names[metric] : all.find((one) => one === metric);
  if (name === undefined)
    throw inputError(`figure metric "${metric}": ${what} has ${Object.keys(names).join(' and ')}`);
  return [name];
}
