import { inputError } from 'research-basics/errors';

/** A value that a hyperparameter can take. */
export type Value = number | string | boolean;

/** Values by parameter name, in the order of the space. */
export type Values = Readonly<Record<string, Value>>;

/**
 * When a parameter exists: the named parameter (defined earlier in the space) exists itself and holds one
 * of the values `in`, or a number of at least `atLeast`.
 */
export type Condition =
  | { readonly parameter: string; readonly in: readonly Value[] }
  | { readonly parameter: string; readonly atLeast: number };

interface Conditional {
  readonly when?: Condition;
}

/** A real number from `min` to `max`, both included. `step` is measured from `min`; not with a log scale. */
export interface FloatParameter extends Conditional {
  readonly type: 'float';
  readonly min: number;
  readonly max: number;
  /** Default `linear`. */
  readonly scale?: 'linear' | 'log';
  readonly step?: number;
}

/** A whole number from `min` to `max`, both included. `step` (default 1) is measured from `min`. */
export interface IntParameter extends Conditional {
  readonly type: 'int';
  readonly min: number;
  readonly max: number;
  /** Default `linear`. */
  readonly scale?: 'linear' | 'log';
  readonly step?: number;
}

/** One of a list of unordered choices. */
export interface CategoricalParameter extends Conditional {
  readonly type: 'categorical';
  readonly choices: readonly Value[];
}

export type Parameter = FloatParameter | IntParameter | CategoricalParameter;

/** A search space: parameters by name, plain JSON, in order (a condition refers to an earlier parameter). */
export type Space = Readonly<Record<string, Parameter>>;

type ValueOf<P> = P extends { type: 'categorical'; choices: readonly (infer C)[] } ? C : number;

/** The values of a space written as a literal: conditional parameters are optional. */
export type ValuesOf<S extends Space> = string extends keyof S
  ? Values
  : {
      readonly [K in keyof S as S[K] extends { when: Condition } ? never : K]: ValueOf<S[K]>;
    } & {
      readonly [K in keyof S as S[K] extends { when: Condition } ? K : never]?: ValueOf<S[K]>;
    };

function shown(value: unknown): string {
  return value === undefined ? '(none)' : (JSON.stringify(value) ?? String(value));
}

function checkRange(name: string, p: FloatParameter | IntParameter): void {
  const { min, max, step } = p;
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    throw inputError(
      `parameter ${name}: min ${shown(min)} and max ${shown(max)} must both be finite numbers`,
    );
  }
  if (p.type === 'int' && !(Number.isSafeInteger(min) && Number.isSafeInteger(max))) {
    throw inputError(
      `parameter ${name}: min ${min} and max ${max} of an int must be whole numbers (or use type "float")`,
    );
  }
  if (min > max) throw inputError(`parameter ${name}: min ${min} is larger than max ${max}; exchange them`);
  if (p.scale !== undefined && p.scale !== 'linear' && p.scale !== 'log') {
    throw inputError(`parameter ${name}: scale ${shown(p.scale)} must be "linear" or "log"`);
  }
  if (p.scale === 'log' && min <= 0) {
    throw inputError(
      `parameter ${name}: a log scale from ${min} is impossible; raise min above 0 or use scale "linear"`,
    );
  }
  if (step === undefined) return;
  if (!(step > 0) || !Number.isFinite(step) || (p.type === 'int' && !Number.isInteger(step))) {
    const kind = p.type === 'int' ? 'whole number' : 'number';
    throw inputError(`parameter ${name}: step ${shown(step)} must be a positive ${kind}`);
  }
  if (p.scale === 'log' && !(p.type === 'int' && step === 1)) {
    throw inputError(`parameter ${name}: a log scale cannot have a step (${step}); drop one of the two`);
  }
  const intervals = (max - min) / step;
  if (Math.abs(intervals - Math.round(intervals)) > 1e-8 * Math.max(1, intervals)) {
    const last = min + Math.floor(intervals) * step;
    throw inputError(
      `parameter ${name}: max ${max} is not a whole number of steps of ${step} above ${min}; the last step is ${last}`,
    );
  }
}

function checkCondition(name: string, when: Condition, earlier: ReadonlyMap<string, Parameter>): void {
  if (typeof when !== 'object' || when === null)
    throw inputError(
      `parameter ${name}: its condition "when" is ${shown(when)}; give {"parameter": NAME, "in": [values]}, or leave it out`,
    );
  const parent = earlier.get(when.parameter);
  if (!parent) {
    throw inputError(
      `parameter ${name}: its condition names ${shown(when.parameter)}, which is not defined before it`,
    );
  }
  if ('atLeast' in when) {
    if (!Number.isFinite(when.atLeast) || parent.type === 'categorical') {
      throw inputError(
        `parameter ${name}: "atLeast" ${shown(when.atLeast)} needs a number and a numeric parameter ${when.parameter}`,
      );
    }
    if (when.atLeast > parent.max) {
      throw inputError(
        `parameter ${name}: never exists, since ${when.parameter} is at most ${parent.max} and not ${when.atLeast}`,
      );
    }
    return;
  }
  if (!Array.isArray(when.in) || when.in.length === 0) {
    throw inputError(
      `parameter ${name}: its condition needs "in": [values] or "atLeast": number on ${when.parameter}`,
    );
  }
  for (const value of when.in as readonly Value[]) {
    if (!holds(parent, value)) {
      throw inputError(
        `parameter ${name}: its condition value ${shown(value)} is outside of ${when.parameter}`,
      );
    }
  }
}

/** Whether a value lies in a parameter's range (and on its grid). */
export function holds(parameter: Parameter, value: unknown): value is Value {
  if (parameter.type === 'categorical') return parameter.choices.includes(value as Value);
  if (typeof value !== 'number' || !(value >= parameter.min && value <= parameter.max)) return false;
  const step = parameter.type === 'int' ? (parameter.step ?? 1) : parameter.step;
  if (step === undefined) return true;
  const index = (value - parameter.min) / step;
  return Math.abs(index - Math.round(index)) < 1e-8 * Math.max(1, index);
}

/**
 * The space itself when every parameter makes sense.
 *
 * @throws UserError (`input`) naming the parameter, the value and the fix: an empty space, min above
 *   max, a log range with 0, a step that misses max, duplicate choices, a condition on a later parameter.
 */
export function checkSpace<S extends Space>(space: S): S {
  if (space === null || typeof space !== 'object' || Array.isArray(space)) {
    throw inputError('search space: must be an object of parameters by name');
  }
  const earlier = new Map<string, Parameter>();
  for (const [name, parameter] of Object.entries(space)) {
    // Values are looked up in plain objects, which inherit some names.
    if (/^\d+$/.test(name) || name === '' || name in Object.prototype) {
      throw inputError(
        `parameter ${shown(name)}: a name must not be empty, a bare number, or that of a property of every object; call it p${name}`,
      );
    }
    switch (parameter?.type) {
      case 'float':
      case 'int':
        checkRange(name, parameter);
        break;
      case 'categorical': {
        const choices = parameter.choices as readonly unknown[] | undefined;
        if (!Array.isArray(choices) || choices.length === 0) {
          throw inputError(`parameter ${name}: needs at least one choice`);
        }
        for (const choice of choices) {
          if (!['string', 'number', 'boolean'].includes(typeof choice) || Number.isNaN(choice)) {
            throw inputError(
              `parameter ${name}: choice ${shown(choice)} must be text, a number or a boolean`,
            );
          }
        }
        if (new Set(choices).size !== choices.length) {
          throw inputError(`parameter ${name}: the choices ${shown(choices)} repeat a value`);
        }
        break;
      }
      default:
        throw inputError(
          `parameter ${name}: type ${shown((parameter as { type?: unknown } | undefined)?.type)} must be "float", "int" or "categorical"`,
        );
    }
    if (parameter.when !== undefined) checkCondition(name, parameter.when, earlier);
    earlier.set(name, parameter);
  }
  if (earlier.size === 0) throw inputError('search space: empty; name at least one parameter');
  return space;
}

/** Whether a condition is met by the values of existing parameters. */
export function conditionMet(when: Condition, values: Readonly<Record<string, Value | undefined>>): boolean {
  const value = values[when.parameter];
  if (value === undefined) return false;
  return 'atLeast' in when ? typeof value === 'number' && value >= when.atLeast : when.in.includes(value);
}

/** The values of those parameters that exist, in the order of the space; the others are left out. */
export function activeValues(space: Space, all: Readonly<Record<string, Value | undefined>>): Values {
  const active: Record<string, Value> = {};
  for (const [name, parameter] of Object.entries(space)) {
    if (parameter.when && !conditionMet(parameter.when, active)) continue;
    const value = all[name];
    if (value !== undefined) active[name] = value;
  }
  return active;
}

/** Whether values are a complete configuration of a space: every existing parameter, in range, and no other. */
export function isConfiguration(space: Space, values: Readonly<Record<string, Value | undefined>>): boolean {
  const active: Record<string, Value> = {};
  for (const [name, parameter] of Object.entries(space)) {
    if (parameter.when && !conditionMet(parameter.when, active)) continue;
    const value = values[name];
    if (!holds(parameter, value)) return false;
    active[name] = value;
  }
  return Object.keys(values).every((name) => values[name] === undefined || name in active);
}

/** One text per configuration: equal for equal values, whatever their order. */
export function configurationKey(space: Space, values: Values): string {
  return JSON.stringify(Object.keys(space).map((name) => values[name] ?? null));
}
