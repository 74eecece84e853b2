import { inputError } from 'research-basics/errors';

/** One trial of a search, as the search figures read it. */
export interface SearchTrial {
  /** Counted from 0. */
  readonly number: number;
  readonly state: 'complete' | 'pruned' | 'failed' | 'running';
  /** Objective; absent where the trial has none. */
  readonly value?: number | null | undefined;
  /** Chosen parameters; one that the trial does not have is absent. */
  readonly params?: Readonly<Record<string, number | string | boolean>> | undefined;
  /** Milliseconds since 1970. */
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  /** Who ran it. */
  readonly worker?: string | number | undefined;
}

/** Whether a larger or a smaller objective is better. */
export type SearchDirection = 'maximize' | 'minimize';

/** How a parameter is laid out. Default: `linear` where all its values are numbers, else `category`. */
export type ParameterScale = 'linear' | 'log' | 'category';

/**
 * The trials that ended with a finite value.
 *
 * @throws UserError (`input`) when no trial has a value.
 */
export function valuedTrials(
  trials: readonly SearchTrial[],
  figure: string,
): (SearchTrial & { value: number })[] {
  const valued = trials.filter(
    (trial): trial is SearchTrial & { value: number } =>
      trial.state === 'complete' && typeof trial.value === 'number' && Number.isFinite(trial.value),
  );
  if (valued.length === 0) throw inputError(`${figure}: no trial has a value yet; give at least one`);
  return valued;
}

/** A parameter's values over the trials that have it, with the scale it is drawn on. */
export interface ParameterColumn {
  readonly name: string;
  readonly scale: ParameterScale;
  /** For `category`: the choices in order; else empty. */
  readonly choices: readonly string[];
  readonly low: number;
  readonly high: number;
  /** Place 0 .. 1 of a value along the axis. */
  readonly position: (value: number | string | boolean) => number;
}

/**
 * Lays out the parameters of the trials: ranges, choices and places.
 *
 * @throws UserError (`input`) for a value that has no place on its axis, such as 0 on a logarithmic one.
 */
export function parameterColumns(
  trials: readonly SearchTrial[],
  scales: Readonly<Record<string, ParameterScale>> = {},
): ParameterColumn[] {
  // the fullest trial tells the order: conditional parameters stand beside their like
  const keys = trials.map((trial) => Object.keys(trial.params ?? {}));
  const fullest = keys.reduce((a, b) => (b.length > a.length ? b : a), []);
  const names = [...new Set([...fullest, ...keys.flat()])];
  return names.map((name) => {
    const values = trials.map((trial) => trial.params?.[name]).filter((value) => value != null) as (
      number | string | boolean
    )[];
    const allNumbers = values.every((value) => typeof value === 'number');
    const scale = scales[name] ?? (allNumbers ? 'linear' : 'category');
    if (scale === 'category') {
      const ordered = allNumbers ? [...values].sort((a, b) => Number(a) - Number(b)) : [...values];
      const choices = [...new Set(ordered.map(String))];
      return {
        name,
        scale,
        choices,
        low: 0,
        high: choices.length - 1,
        position: (value) => (choices.indexOf(String(value)) + 0.5) / choices.length,
      };
    }
    const along = (value: number | string | boolean): number =>
      scale === 'log' ? Math.log10(Number(value)) : Number(value);
    const places = values.map(along);
    if (places.some((place) => !Number.isFinite(place))) {
      throw inputError(`search figure: parameter ${name} has a value that does not lie on a ${scale} axis`);
    }
    const low = Math.min(...places);
    const high = Math.max(...places);
    return {
      name,
      scale,
      choices: [],
      low: scale === 'log' ? 10 ** low : low,
      high: scale === 'log' ? 10 ** high : high,
      position: (value) => (high === low ? 0.5 : (along(value) - low) / (high - low)),
    };
  });
}

/** Round values on a log axis: powers of ten over two decades or more, else also their doubles and fives. */
export function logTicks(low: number, high: number): number[] {
  const factors = high / low >= 100 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(6)));
  }
  return ticks.filter((tick) => tick >= low * 0.9999 && tick <= high * 1.0001);
}

/** A number for an axis: three digits, powers of ten where they are shorter. */
export function axisNumber(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 0.001 || size >= 1e5)
      ? value.toExponential(1)
      : String(Number(value.toPrecision(3)));
  return text.replace('.0e', 'e').replace('e+', 'e').replaceAll('-', '−');
}
