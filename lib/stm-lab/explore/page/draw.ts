import { paletteColour } from '../../figures/colour';
import { CLASS_COLOURS } from '../../figures/theme';

/** A canvas brought to its size on the screen, with sizes in CSS pixels. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Clears a canvas for drawing at the screen's resolution. */
export function surfaceOf(canvas: HTMLCanvasElement): Surface {
  canvas.dataset['height'] ??= String(canvas.height);
  const [width, height] = [canvas.clientWidth || 600, Number(canvas.dataset['height'])];
  const ratio = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d')!;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A colour of the page. */
export const pageColour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The colour of a class by its place in the list. */
export const classColour = (place: number): string => CLASS_COLOURS[place % CLASS_COLOURS.length]!;

/** The palette of the library's figures, as pixels. */
const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  const colour = parseInt(paletteColour('sequential', i / 255).slice(1), 16);
  return ((255 << 24) | ((colour & 255) << 16) | (colour & 0xff00) | (colour >> 16)) >>> 0;
});

/**
 * A picture of a matrix, one pixel a cell; its first row is the lowest.
 *
 * @param at value of a cell, 0 to 1
 */
export function matrixImage(
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): OffscreenCanvas {
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      pixels[(rows - 1 - row) * columns + column] =
        TABLE[Math.max(0, Math.min(255, Math.round(255 * at(row, column))))]!;
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas;
}
