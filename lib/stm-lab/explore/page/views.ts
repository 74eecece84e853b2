import { stmAxes } from '../../features/stm/axes';
import type { PageModel } from '../model';
import { classColour, matrixImage, pageColour, surfaceOf } from './draw';
import { byId } from './elements';
import { LEVEL_STEP, PEAK_COLUMNS, type Analysis } from './messages';
import { drawPlane } from './plane';

const CHANNELS = stmAxes().channelCentreHz.length;
/** Frames a second of the cochleagram, seconds of it that are shown, and seconds of an excerpt. */
export const [FRAME_RATE, VIEW_SECONDS, EXCERPT_SECONDS] = [125, 8, 4];

/** A sound that was opened. */
export interface Sound {
  readonly name: string;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
  readonly seconds: number;
  readonly peaks: Float32Array;
  /** Bytes of dB, by first frame. */
  readonly levels: Map<number, Uint8Array>;
}

function cursor(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.fillStyle = pageColour('mark');
  context.fillRect(x - 1, 0, 2, height);
}

/** The waveform without its cursor, for one sound, size and colour. */
let waveform: { readonly key: string; readonly sound: Sound; readonly image: ImageBitmap } | undefined;

/** The waveform as a whole, with the position, s. */
export function drawWaveform(sound: Sound | undefined, position: number): void {
  const canvas = byId<HTMLCanvasElement>('waveform');
  const { context, width, height } = surfaceOf(canvas);
  const key = `${canvas.width} ${pageColour('accent')}`;
  if (sound !== undefined && waveform?.key === key && waveform.sound === sound)
    context.drawImage(waveform.image, 0, 0, width, height);
  else {
    context.fillStyle = pageColour('line');
    context.fillRect(0, height / 2, width, 1);
    if (sound === undefined) return;
    drawPeaks(context, sound.peaks, width, height);
    void createImageBitmap(canvas).then((image) => (waveform = { key, sound, image }));
  }
  cursor(context, (position / sound.seconds) * width, height);
}

function drawPeaks(
  context: CanvasRenderingContext2D,
  peaks: Float32Array,
  width: number,
  height: number,
): void {
  const loudest = peaks.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const scale = (0.48 * height) / loudest;
  context.fillStyle = pageColour('accent');
  for (let x = 0; x < width; x++) {
    const [from, to] = [Math.floor((x * PEAK_COLUMNS) / width), Math.ceil(((x + 1) * PEAK_COLUMNS) / width)];
    let [low, high] = [0, 0];
    for (let c = from; c < to && c < PEAK_COLUMNS; c++) {
      low = Math.min(low, peaks[2 * c]!);
      high = Math.max(high, peaks[2 * c + 1]!);
    }
    context.fillRect(x, height / 2 - high * scale, 1, Math.max(1, (high - low) * scale));
  }
}

/** Frames of a piece of the cochleagram as the worker sends it. */
const BLOCK = EXCERPT_SECONDS * FRAME_RATE;
/** Pictures of the pieces looked at last. */
const tiles = new Map<Uint8Array, OffscreenCanvas>();
const MOST_TILES = 4;

function tileOf(levels: Uint8Array): OffscreenCanvas {
  let tile = tiles.get(levels);
  if (tile === undefined) {
    tile = matrixImage(
      CHANNELS,
      BLOCK,
      (channel, frame) => levels[channel * BLOCK + frame]! / (70 * LEVEL_STEP),
    );
    tiles.set(levels, tile);
    if (tiles.size > MOST_TILES) tiles.delete(tiles.keys().next().value!);
  }
  return tile;
}

/** The cochleagram of the 8 s around a position, s. */
export function drawCochleagram(sound: Sound | undefined, position: number): void {
  const { context, width, height } = surfaceOf(byId<HTMLCanvasElement>('cochleagram'));
  context.strokeStyle = pageColour('line');
  context.strokeRect(0.5, 0.5, width - 1, height - 1);
  if (sound === undefined) return;
  const frames = VIEW_SECONDS * FRAME_RATE;
  const last = Math.max(0, Math.ceil(sound.seconds * FRAME_RATE) - frames);
  const first = Math.max(0, Math.min(last, position * FRAME_RATE - frames / 2));
  const scale = width / frames;
  for (let begin = Math.floor(first / BLOCK) * BLOCK; begin < first + frames; begin += BLOCK) {
    const levels = sound.levels.get(begin);
    if (levels !== undefined)
      context.drawImage(tileOf(levels), (begin - first) * scale, 0, BLOCK * scale + 0.5, height);
  }
  cursor(context, (position * FRAME_RATE - first) * scale, height);
}

/** The excerpt at a position, s; the first one before it begins. */
export const excerptAt = (
  analysis: Analysis | undefined,
  position: number,
): Analysis['excerpts'][number] | undefined =>
  analysis?.excerpts.findLast(({ startSeconds }) => startSeconds <= position) ?? analysis?.excerpts[0];

/** The modulation spectrum of an excerpt. */
export function drawSpectrum(excerpt: ReturnType<typeof excerptAt>): void {
  let values: Float64Array | undefined;
  if (excerpt !== undefined) {
    values = excerpt.modulation.map((value) => 10 * Math.log10(value));
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    values = values.map((value) => (value - low) / (high - low));
  }
  drawPlane(byId<HTMLCanvasElement>('spectrum'), values);
}

/** The probabilities of a recording's classes. */
export function showClasses(classes: Analysis['classes'], model: PageModel): void {
  byId('classes').hidden = classes === undefined;
  if (classes === undefined) return;
  byId('model').textContent = `by ${model.label}`;
  byId('legend').replaceChildren(
    ...model.classes.map((name, c) => {
      const item = document.createElement('li');
      const mark = document.createElement('i');
      mark.style.background = classColour(c);
      item.append(mark, `${name}: ${(100 * classes.probabilities[c]!).toFixed(1)} %`);
      return item;
    }),
  );
}

/** The probabilities of the classes over time, with the position, s. */
export function drawCourse(classes: Analysis['classes'], sound: Sound | undefined, position: number): void {
  if (classes === undefined || sound === undefined) return;
  const { context, width, height } = surfaceOf(byId<HTMLCanvasElement>('course'));
  for (const { startSeconds, probabilities } of classes.course) {
    const x = (startSeconds / sound.seconds) * width;
    let y = height;
    probabilities.forEach((probability, c) => {
      context.fillStyle = classColour(c);
      const part = probability * height;
      context.fillRect(x, y - part, Math.max(1, (EXCERPT_SECONDS / sound.seconds) * width - 1), part);
      y -= part;
    });
  }
  cursor(context, (position / sound.seconds) * width, height);
}
