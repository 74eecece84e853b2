import { inputError } from 'research-basics/errors';

/** Width of a region's soft edge along rate, Hz. */
const RATE_EDGE_HZ = 0.5;
/** Width of a region's soft edge along scale, cycles per octave. */
const SCALE_EDGE_CYC_PER_OCT = 0.25;

/** An interval of one axis of the modulation plane; both bounds belong to it unless `open`. */
export interface ModulationBand {
  /** `rate`: |rate| in Hz. `scale`: cycles per octave. */
  readonly axis: 'rate' | 'scale';
  /** At least 0. */
  readonly from: number;
  /** Above `from`; Infinity for no upper bound. */
  readonly to: number;
}

/** Conditions that hold together: bands of rate and scale, and the direction in which ripples move. */
export interface ModulationArea {
  readonly bands: readonly ModulationBand[];
  /** Ripples that move upward or downward in frequency; both by default. */
  readonly direction?: 'up' | 'down' | undefined;
}

/** A part of the modulation plane: the union of areas, which a filter keeps or removes. */
export interface ModulationRegion {
  readonly action: 'keep' | 'remove';
  readonly areas: readonly ModulationArea[];
}

/** Gain of a modulation filter at a point of the plane, 0 ... 1. Negative rates are ripples that move upward. */
export type ModulationGain = (rateHz: number, scaleCycPerOct: number) => number;

/** A bound just above 0, for what excludes 0 itself; the grids of rate and scale are far coarser. */
const ABOVE_ZERO = 1e-9;

const SYNTAX =
  'write conditions such as "rate<=4", "2<rate<=8, scale<1" or "rate>4, up", with "or" between alternatives';
const NUMBER = String.raw`(\d+(?:\.\d*)?|\.\d+)`;
const UNIT = String.raw`\s*(?:Hz|cyc/oct)?`;
const UPPER = new RegExp(`^(rate|scale)\\s*(<=|<|>=|>)\\s*${NUMBER}${UNIT}$`);
const BOTH = new RegExp(`^${NUMBER}${UNIT}\\s*(<=|<)\\s*(rate|scale)\\s*(<=|<)\\s*${NUMBER}${UNIT}$`);
const LOWER = new RegExp(`^${NUMBER}${UNIT}\\s*(<=|<|>=|>)\\s*(rate|scale)$`);

/**
 * Reads a region from text: conditions on `rate` (its magnitude, Hz), on `scale` (cycles per octave) and on direction
 * (`up`, `down`), separated by commas, which hold together; `or` separates alternatives. Since edges are soft, `<` and
 * `<=` mean the same.
 *
 * @throws UserError (`input`) naming the condition that cannot be read.
 */
export function parseRegion(action: ModulationRegion['action'], text: string): ModulationRegion {
  const areas = text.split(/\s+or\s+/).map((part) => parseArea(text, part));
  return { action, areas };
}

function parseArea(text: string, part: string): ModulationArea {
  const bands: ModulationBand[] = [];
  let direction: ModulationArea['direction'];
  for (const condition of part.split(',').map((piece) => piece.trim())) {
    if (condition === 'up' || condition === 'down') {
      if (direction !== undefined && direction !== condition)
        throw inputError(`region "${text}": a ripple cannot move up and down at once; use "or"`);
      direction = condition;
    } else bands.push(parseBand(text, condition));
  }
  return { bands, direction };
}

function parseBand(text: string, condition: string): ModulationBand {
  const band = readBand(condition);
  if (band === undefined) throw inputError(`region "${text}": cannot read "${condition}"; ${SYNTAX}`);
  if (!(band.to > band.from))
    throw inputError(
      `region "${text}": "${condition}" holds nothing; the upper bound must be the larger one`,
    );
  return band;
}

function readBand(condition: string): ModulationBand | undefined {
  const both = BOTH.exec(condition);
  if (both !== null)
    return {
      axis: both[3] as ModulationBand['axis'],
      from: both[2] === '<' ? Math.max(Number(both[1]), ABOVE_ZERO) : Number(both[1]),
      to: Number(both[5]),
    };
  const upper = UPPER.exec(condition);
  if (upper !== null) return oneSided(upper[1]!, upper[2]!, Number(upper[3]));
  const lower = LOWER.exec(condition);
  if (lower !== null) return oneSided(lower[3]!, MIRRORED[lower[2]!]!, Number(lower[1]));
  return undefined;
}

const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function oneSided(axis: string, relation: string, bound: number): ModulationBand {
  const [from, to] = {
    '<': [0, bound],
    '<=': [0, Math.max(bound, ABOVE_ZERO)],
    '>': [Math.max(bound, ABOVE_ZERO), Infinity],
    '>=': [bound, Infinity],
  }[relation] as [number, number];
  return { axis: axis as ModulationBand['axis'], from, to };
}

/**
 * The region that an ablation cell keeps: `low-pass:4:6` is |rate| <= 4 Hz and scale <= 6 cyc/oct, `high-pass:4:6` is
 * |rate| > 4 Hz and scale > 6 cyc/oct; a cutoff written `*` does not restrict.
 *
 * @param action `remove` gives the cell's complement
 * @throws UserError (`input`) for anything else.
 */
export function parseCell(action: ModulationRegion['action'], text: string): ModulationRegion {
  const match = new RegExp(`^(low-pass|high-pass):(\\*|${NUMBER}):(\\*|${NUMBER})$`).exec(text);
  if (match === null)
    throw inputError(
      `cell "${text}": must be low-pass:RATE:SCALE or high-pass:RATE:SCALE, such as low-pass:4:6`,
    );
  const [, pass, rate, , scale] = match;
  const bands = (
    [
      ['rate', rate!],
      ['scale', scale!],
    ] as const
  ).flatMap(([axis, cutoff]) => {
    if (cutoff === '*') return [];
    const bound = Number(cutoff);
    return [oneSided(axis, pass === 'low-pass' ? '<=' : '>', bound)];
  });
  if (bands.length === 0) throw inputError(`cell "${text}": give a cutoff in Hz, in cyc/oct, or both`);
  return { action, areas: [{ bands }] };
}

/** What a region keeps, in words and symbols, e.g. "|rate| <= 4 Hz and scale <= 2 cyc/oct". */
export function regionLabel(region: ModulationRegion): string {
  const areas = region.areas.map(({ bands, direction }) =>
    [...bands.map(bandLabel), ...(direction === undefined ? [] : [`moving ${direction}`])].join(' and '),
  );
  return `${region.action} ${areas.join(' or ')}`;
}

function bandLabel({ axis, from, to }: ModulationBand): string {
  const [name, unit] = axis === 'rate' ? ['|rate|', 'Hz'] : ['scale', 'cyc/oct'];
  const [low, high] = [from, to].map((bound) => (bound === ABOVE_ZERO ? 0 : bound)) as [number, number];
  if (from === 0) return `${name} <= ${high} ${unit}`;
  return to === Infinity ? `${name} > ${low} ${unit}` : `${low} < ${name} <= ${high} ${unit}`;
}

/**
 * The gain of a region's filter. Nothing passes at full strength that the region excludes, and what it excludes does
 * not pass at all: the soft edges (raised cosines, 0.5 Hz and 0.25 cyc/oct wide, narrower where a band is narrow) lie
 * on the side that is kept. The mean (rate 0, scale 0) is always kept, since a sound without its mean level has no
 * defined loudness.
 *
 * @returns a function of signed rate (Hz) and scale (cyc/oct, not negative), 0 ... 1
 */
export function regionGain(region: ModulationRegion): ModulationGain {
  const edge = region.action === 'keep' ? 'inside' : 'outside';
  return (rate, scale) => {
    if (rate === 0 && scale === 0) return 1;
    let outside = 1;
    for (const area of region.areas) outside *= 1 - areaMembership(area, rate, scale, edge);
    return region.action === 'keep' ? 1 - outside : outside;
  };
}

type EdgeSide = 'inside' | 'outside';

function areaMembership(area: ModulationArea, rate: number, scale: number, edge: EdgeSide): number {
  let membership = 1;
  for (const band of area.bands)
    membership *= bandMembership(band, band.axis === 'rate' ? Math.abs(rate) : scale, edge);
  // A ripple of rate 0 or scale 0 moves neither way and belongs to both directions.
  if (area.direction !== undefined && rate !== 0 && scale !== 0 && rate < 0 !== (area.direction === 'up'))
    return 0;
  return membership;
}

function bandMembership({ axis, from, to }: ModulationBand, value: number, edge: EdgeSide): number {
  const full = axis === 'rate' ? RATE_EDGE_HZ : SCALE_EDGE_CYC_PER_OCT;
  const width = Math.min(full, (to - from) / 2, ...(from > 0 ? [from] : []));
  const reach = edge === 'inside' ? 0 : width;
  // From 0 at the outer end of an edge to 1 at its inner end.
  const rising = from === 0 ? 1 : raisedCosine((value - from + reach) / width);
  const falling = to === Infinity ? 1 : raisedCosine((to + reach - value) / width);
  return rising * falling;
}

function raisedCosine(position: number): number {
  if (position <= 0) return 0;
  if (position >= 1) return 1;
  return 0.5 - 0.5 * Math.cos(Math.PI * position);
}
