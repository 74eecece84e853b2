import { flattenParameters } from '../../stages/context';

/** The first or last value of a grid. */
export interface GridEnd {
  /** Name of the setting, e.g. "C". */
  readonly setting: string;
  readonly value: number;
  readonly side: 'smallest' | 'largest';
  /** Its place in the list. */
  readonly place: number;
}

/**
 * The ends of a grid: recipes that differ in one number alone. Where one of them leaves the number out (its default is
 * none), only the larger end counts; 0 is not an end either, since there is nothing beyond it.
 *
 * @returns two ends at most; none when the recipes differ otherwise, or are fewer than three.
 */
export function gridEnds(recipes: readonly object[]): GridEnd[] {
  if (recipes.length < 3) return [];
  const flat = recipes.map((recipe) => flattenParameters(recipe));
  const names = [...new Set(flat.flatMap(Object.keys))];
  const varied = names.filter((name) => new Set(flat.map((own) => own[name])).size > 1);
  const [name] = varied;
  if (name === undefined || varied.length > 1) return [];
  const values = flat.map((own) => own[name]);
  if (values.some((value) => value !== undefined && typeof value !== 'number')) return [];
  const numbers = values.filter((value): value is number => typeof value === 'number');
  const setting = name.split('.').at(-1)!;
  const end = (value: number, side: GridEnd['side']): GridEnd => ({
    setting,
    value,
    side,
    place: values.indexOf(value),
  });
  const smallest = Math.min(...numbers);
  return [
    ...(numbers.length < values.length || smallest <= 0 ? [] : [end(smallest, 'smallest')]),
    end(Math.max(...numbers), 'largest'),
  ];
}
