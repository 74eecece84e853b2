import { MISSING } from './theme';

// Two short tables rather than d3-scale-chromatic: d3's ES modules would be loaded at every start of `stm-lab`, and by the
// page of `explore`, and d3's ticks differ from those of the figures that are published.

/** Viridis (van der Walt and Smith, CC0): dark to light in even steps of lightness. */
const SEQUENTIAL = [
  '#440154',
  '#482878',
  '#3e4989',
  '#31688e',
  '#26828e',
  '#1f9e89',
  '#35b779',
  '#6ece58',
  '#b5de2b',
  '#fde725',
];

/** Blue, white, red (ColorBrewer RdBu, reversed): sign stays readable with every colour vision deficiency. */
const DIVERGING = [
  '#053061',
  '#2166ac',
  '#4393c3',
  '#92c5de',
  '#d1e5f0',
  '#f7f7f7',
  '#fddbc7',
  '#f4a582',
  '#d6604d',
  '#b2182b',
  '#67001f',
];

/** How values become colours. Values outside the domain take the colour of its nearer end. */
export interface ColourScale {
  readonly palette: 'sequential' | 'diverging';
  readonly domain: readonly [number, number];
  /** Default `linear`. `asinh` is linear up to about `linearWidth` on both sides of 0 and logarithmic beyond. */
  readonly transform?: 'linear' | 'log' | 'asinh';
  /** For `asinh`. Default 1. */
  readonly linearWidth?: number;
  /** Values marked on the colour bar. Default: round values. */
  readonly ticks?: readonly number[];
}

function transformed(scale: ColourScale, value: number): number {
  if (scale.transform === 'log') return Math.log10(value);
  if (scale.transform === 'asinh') return Math.asinh(value / (scale.linearWidth ?? 1));
  return value;
}

/** Place of a value on a colour scale: 0 (low end) .. 1 (high end), clamped; NaN stays NaN. */
export function colourPosition(scale: ColourScale, value: number): number {
  const low = transformed(scale, scale.domain[0]);
  const high = transformed(scale, scale.domain[1]);
  if (high === low) return Number.isNaN(value) ? NaN : 0.5;
  return Math.min(1, Math.max(0, (transformed(scale, value) - low) / (high - low)));
}

/** The colours of a palette from low to high, evenly spaced; between them colours are mixed in sRGB. */
export function paletteStops(palette: ColourScale['palette']): readonly string[] {
  return palette === 'sequential' ? SEQUENTIAL : DIVERGING;
}

function channels(colour: string): [number, number, number] {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Colour `#rrggbb` at a position 0 .. 1 of a palette. */
export function paletteColour(palette: ColourScale['palette'], position: number): string {
  const stops = paletteStops(palette);
  const place = position * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const from = channels(stops[index]);
  const to = channels(stops[index + 1]);
  const mixed = from.map((value, i) => Math.round(value + (to[i] - value) * (place - index)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Colour of a value; grey for NaN. */
export function colourOf(scale: ColourScale, value: number): string {
  const position = colourPosition(scale, value);
  return Number.isNaN(position) ? MISSING : paletteColour(scale.palette, position);
}

/** Black or white, whichever reads better on a colour (contrast ratio of WCAG 2). */
export function inkOn(colour: string): '#000000' | '#ffffff' {
  const [red, green, blue] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}

/** Round values for the marks of a colour bar, ascending, inside the domain. */
export function colourTicks(scale: ColourScale): number[] {
  if (scale.ticks) return [...scale.ticks];
  const [low, high] = scale.domain;
  const inside = (value: number): boolean => value >= low - 1e-12 && value <= high + 1e-12;
  if (scale.transform === 'log') {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const factor of [1, 2, 5]) ticks.push(Number((factor * 10 ** power).toPrecision(6)));
    }
    return ticks.filter(inside);
  }
  if (scale.transform === 'asinh') {
    const size = Math.max(Math.abs(low), Math.abs(high));
    const positive = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter(
      (value) => value <= size && value >= size / 12,
    );
    return [...positive.map((value) => -value).reverse(), 0, ...positive].filter(inside);
  }
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / 5;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough)! * magnitude;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(10)));
  }
  return ticks;
}
