import type { Parameter, Space, Value, Values } from './space';
import { activeValues } from './space';

/**
 * One parameter on the unit interval. Discrete parameters have `size` cells and are coded at the centre
 * of their cell; a continuous one has size Infinity. A log scale makes cells of unequal width.
 */
export interface Coder {
  readonly name: string;
  readonly size: number;
  /** `categorical` units have no order: only equal or not. */
  readonly kind: 'continuous' | 'ordered' | 'categorical';
  toUnit(value: Value): number;
  /** Any number; it is clipped to [0, 1] and, for a discrete parameter, rounded to its cell. */
  fromUnit(unit: number): Value;
  /** Unit of cell `index`, 0 .. size - 1 (discrete only). */
  unitOf(index: number): number;
  /** The cell a unit lies in (discrete only). */
  indexOf(unit: number): number;
  /** Lower and upper end of cell `index` (discrete only). */
  edgesOf(index: number): readonly [number, number];
}

const clip = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function continuous(name: string, min: number, max: number, scale: 'linear' | 'log'): Coder {
  const [a, b] = scale === 'log' ? [Math.log(min), Math.log(max)] : [min, max];
  const width = b - a;
  return {
    name,
    size: width === 0 ? 1 : Infinity,
    kind: width === 0 ? 'ordered' : 'continuous',
    toUnit: (value) =>
      width === 0 ? 0.5 : clip(((scale === 'log' ? Math.log(+value) : +value) - a) / width, 0, 1),
    fromUnit: (unit) => {
      const place = a + clip(unit, 0, 1) * width;
      return clip(scale === 'log' ? Math.exp(place) : place, min, max);
    },
    unitOf: () => 0.5,
    indexOf: () => 0,
    edgesOf: () => [0, 1],
  };
}

function equalCells(name: string, size: number, kind: Coder['kind'], at: (i: number) => Value): Coder {
  const indexOf = (unit: number): number => clip(Math.floor(unit * size), 0, size - 1);
  const places = new Map<Value, number>();
  if (kind === 'categorical') for (let i = 0; i < size; i++) places.set(at(i), i);
  const unitOf = (index: number): number => (index + 0.5) / size;
  const first = Number(at(0));
  const spacing = size > 1 ? Number(at(1)) - first : 1;
  return {
    name,
    size,
    kind,
    unitOf,
    indexOf,
    edgesOf: (index) => [index / size, (index + 1) / size],
    fromUnit: (unit) => at(indexOf(unit)),
    toUnit: (value) =>
      unitOf(
        kind === 'categorical'
          ? (places.get(value) ?? 0)
          : clip(Math.round((Number(value) - first) / spacing), 0, size - 1),
      ),
  };
}

/** Whole numbers on a log scale: cell k spans ln(k - 1/2) .. ln(k + 1/2), so that none is favoured in log. */
function logCells(name: string, min: number, max: number): Coder {
  const a = Math.log(min - 0.5);
  const width = Math.log(max + 0.5) - a;
  const toUnit = (value: Value): number => (Math.log(+value) - a) / width;
  const indexOf = (unit: number): number => clip(Math.round(Math.exp(a + unit * width)), min, max) - min;
  return {
    name,
    size: max - min + 1,
    kind: 'ordered',
    toUnit,
    indexOf,
    unitOf: (index) => toUnit(min + index),
    edgesOf: (index) => [toUnit(min + index - 0.5), toUnit(min + index + 0.5)],
    fromUnit: (unit) => min + indexOf(unit),
  };
}

/** The coder of one parameter. */
function coderOf(name: string, parameter: Parameter): Coder {
  if (parameter.type === 'categorical') {
    const { choices } = parameter;
    return equalCells(name, choices.length, 'categorical', (i) => choices[i]!);
  }
  const { min, max, scale = 'linear' } = parameter;
  if (parameter.type === 'float' && parameter.step === undefined) return continuous(name, min, max, scale);
  if (parameter.type === 'int' && scale === 'log') return logCells(name, min, max);
  const step = parameter.step ?? 1;
  const size = Math.round((max - min) / step) + 1;
  return equalCells(name, size, 'ordered', (i) => (i === size - 1 ? max : min + i * step));
}

/** A whole space on the unit cube, one dimension a parameter, in the order of the space. */
export interface SpaceCoder {
  readonly space: Space;
  readonly coders: readonly Coder[];
  /** For each dimension, whether it exists at the units of a full vector (rounded cells). */
  active(units: Float64Array): readonly boolean[];
  /** The values of the existing parameters at a full vector of units. */
  decode(units: Float64Array): Values;
  /** Units of a configuration; parameters that do not exist get `absent`. */
  encode(values: Values, absent: number): Float64Array;
  /** Number of distinct configurations, Infinity when any existing parameter is continuous. */
  readonly size: number;
}

/** Counts configurations by walking the conditions' parents only; stops counting at 1e6 (then Infinity). */
function countConfigurations(space: Space, coders: readonly Coder[]): number {
  const names = Object.keys(space);
  const parents = new Set(Object.values(space).flatMap((p) => (p.when ? [p.when.parameter] : [])));
  let steps = 0;
  const walk = (depth: number, values: Record<string, Value>): number => {
    if (depth === names.length) return 1;
    if (++steps > 100000) return Infinity;
    const name = names[depth]!;
    const coder = coders[depth]!;
    const exists = name in activeValues(space, { ...values, [name]: coder.fromUnit(0.5) });
    if (!exists) return walk(depth + 1, values);
    if (!Number.isFinite(coder.size)) return Infinity;
    if (!parents.has(name)) {
      return coder.size * walk(depth + 1, { ...values, [name]: coder.fromUnit(0.5) });
    }
    let total = 0;
    for (let i = 0; i < coder.size && Number.isFinite(total); i++) {
      total += walk(depth + 1, { ...values, [name]: coder.fromUnit(coder.unitOf(i)) });
    }
    return total;
  };
  const total = walk(0, {});
  return total > 1e6 ? Infinity : total;
}

/** The coder of a checked space. */
export function spaceCoder(space: Space): SpaceCoder {
  const names = Object.keys(space);
  const coders = names.map((name) => coderOf(name, space[name]!));
  const conditional = names.some((name) => space[name]!.when);
  const everywhere = coders.map(() => true);
  const allOf = (units: Float64Array): Record<string, Value> =>
    Object.fromEntries(coders.map((coder, i) => [coder.name, coder.fromUnit(units[i]!)]));
  const decode = (units: Float64Array): Values => activeValues(space, allOf(units));
  return {
    space,
    coders,
    size: countConfigurations(space, coders),
    decode,
    active: (units) => {
      if (!conditional) return everywhere;
      const values = decode(units);
      return coders.map((coder) => coder.name in values);
    },
    encode: (values, absent) =>
      Float64Array.from(coders, (coder) => {
        const value = values[coder.name];
        return value === undefined ? absent : coder.toUnit(value);
      }),
  };
}
