import { wavBytes } from '../../audio/wavBytes';
import { paletteColour } from '../../figures/colour';
import { escapeHtml } from '../../base/html';
import type { StmAxes } from '../../features';

/** Offers bytes as a download. */
export function download(name: string, content: BlobPart, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Mono samples as a 16-bit WAV file; louder than full scale, they are turned down to 0.9 of it. */
export function toWav(name: string, samples: Float32Array, sampleRate: number): BlobPart {
  const peak = samples.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const fitting = peak > 1 ? samples.map((value) => (0.9 * value) / peak) : samples;
  return wavBytes(name, fitting, sampleRate) as Uint8Array<ArrayBuffer>;
}

/** Features as NPY: float32, 20 x 121. */
export function toNpy(features: Float32Array): BlobPart {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (20, 121), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const bytes = new Uint8Array(128 + 4 * features.length);
  bytes.set([0x93, ...[...'NUMPY'].map((c) => c.charCodeAt(0)), 1, 0, header.length, 0]);
  bytes.set(new TextEncoder().encode(header), 10);
  const view = new DataView(bytes.buffer);
  features.forEach((value, i) => view.setFloat32(128 + 4 * i, value, true));
  return bytes;
}

/** Features as CSV: scale, rate, value. */
export function toCsv(features: Float32Array, axes: Pick<StmAxes, 'rateHz' | 'scaleCycPerOct'>): string {
  const rates = axes.rateHz.length;
  const lines = Array.from(features, (value, i) => {
    const scale = axes.scaleCycPerOct[Math.floor(i / rates)]!;
    return `${scale.toFixed(6)},${axes.rateHz[i % rates]},${value}`;
  });
  return `scale_cyc_oct,rate_hz,value\n${lines.join('\n')}\n`;
}

/** Features as a figure. */
export function toSvg(
  features: Float32Array,
  axes: Pick<StmAxes, 'rateHz' | 'scaleCycPerOct'>,
  title: string,
): string {
  const [rates, scales] = [axes.rateHz.length, axes.scaleCycPerOct.length];
  const [cellWidth, cellHeight, left, top] = [4, 10, 50, 30];
  const [width, height] = [rates * cellWidth, scales * cellHeight];
  const cells = Array.from(features, (value, i) => {
    const [row, column] = [Math.floor(i / rates), i % rates];
    return `<rect x="${left + column * cellWidth}" y="${top + (scales - 1 - row) * cellHeight}" width="${cellWidth}" height="${cellHeight}" fill="${paletteColour('sequential', value)}"/>`;
  });
  const text = (x: number, y: number, words: string, anchor = 'middle'): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${escapeHtml(words)}</text>`;
  const rateLabels = [-15, -10, -5, 0, 5, 10, 15].map((rate) =>
    text(left + (width * (rate + 15)) / 30, top + height + 16, String(rate).replace('-', '−')),
  );
  const step = axes.scaleCycPerOct[1]!;
  const scaleLabels = [0, 2, 4, 6].map((scale) =>
    text(left - 6, top + height - (scale / step + 0.5) * cellHeight + 4, String(scale), 'end'),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 20}" height="${top + height + 42}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(left + width / 2, 18, title),
    `<g shape-rendering="crispEdges">${cells.join('')}</g>`,
    ...rateLabels,
    ...scaleLabels,
    text(left + width / 2, top + height + 34, 'Rate (Hz)'),
    `<text transform="translate(16,${top + height / 2}) rotate(-90)" text-anchor="middle">Scale (cyc/oct)</text>`,
    '</svg>',
  ].join('\n');
}

/** An SVG text as PNG, twice its size. */
export async function svgToPng(svg: string): Promise<Blob> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob === null ? reject(new Error('the picture cannot be drawn')) : resolve(blob)),
        'image/png',
      ),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}
