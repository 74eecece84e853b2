import type { ModulationRegion } from '../../synthesis/region';
import { matrixImage, pageColour, surfaceOf } from './draw';

/** A rectangle of the modulation plane: signed rates in Hz, scales in cyc/oct. */
export interface Rectangle {
  readonly rateFrom: number;
  readonly rateTo: number;
  readonly scaleFrom: number;
  readonly scaleTo: number;
}

/** Limits of the plane. */
export const PLANE = { rate: 15, scale: 7 } as const;
const MARGIN = { left: 34, right: 6, top: 6, bottom: 32 } as const;

/**
 * The region of the modulation plane that a rectangle means. Its sides at the limits of the plane mean no limit.
 *
 * @param both whether the rectangle is mirrored at rate 0
 */
export function regionOf(
  { rateFrom, rateTo, scaleFrom, scaleTo }: Rectangle,
  both: boolean,
  action: ModulationRegion['action'],
): ModulationRegion {
  const open = (value: number, limit: number): number => (value >= limit ? Infinity : value);
  const scale = { axis: 'scale', from: scaleFrom, to: open(scaleTo, PLANE.scale) } as const;
  const rate = (from: number, to: number) => ({ axis: 'rate', from, to: open(to, PLANE.rate) }) as const;
  const spans = rateFrom <= 0 && rateTo >= 0;
  const far = Math.max(Math.abs(rateFrom), Math.abs(rateTo));
  if (both) {
    const near = spans ? 0 : Math.min(Math.abs(rateFrom), Math.abs(rateTo));
    return { action, areas: [{ bands: [rate(near, far), scale] }] };
  }
  const areas = [];
  if (rateTo > 0)
    areas.push({ bands: [rate(Math.max(0, rateFrom), rateTo), scale], direction: 'down' } as const);
  if (rateFrom < 0)
    areas.push({ bands: [rate(Math.max(0, -rateTo), -rateFrom), scale], direction: 'up' } as const);
  return { action, areas };
}

/** What is wrong with a rectangle, in one sentence, if anything. */
export function rectangleProblem({ rateFrom, rateTo, scaleFrom, scaleTo }: Rectangle): string | undefined {
  if (![rateFrom, rateTo, scaleFrom, scaleTo].every(Number.isFinite))
    return 'Region: fill in all four numbers.';
  if (rateFrom >= rateTo)
    return `Region: the rates ${rateFrom} to ${rateTo} Hz hold nothing; the second must be larger.`;
  if (scaleFrom < 0 || scaleFrom >= scaleTo)
    return `Region: the scales ${scaleFrom} to ${scaleTo} cyc/oct hold nothing; the second must be larger and none negative.`;
  return undefined;
}

/** Draws values over the plane (20 scales x 121 rates, 0 to 1) with axes and, where given, a rectangle. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number> | undefined,
  rectangle?: Rectangle,
): void {
  const { context, width, height } = surfaceOf(canvas);
  const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  context.imageSmoothingEnabled = false;
  if (values !== undefined) {
    const image = matrixImage(20, 121, (row, column) => values[row * 121 + column]!);
    context.drawImage(image, MARGIN.left, MARGIN.top, w, h);
  }
  context.strokeStyle = pageColour('line');
  context.strokeRect(MARGIN.left, MARGIN.top, w, h);
  context.fillStyle = pageColour('soft');
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  const x = (rate: number): number => MARGIN.left + (w * (rate + PLANE.rate)) / (2 * PLANE.rate);
  const y = (scale: number): number => MARGIN.top + h * (1 - scale / PLANE.scale);
  for (const rate of [-15, -10, -5, 0, 5, 10, 15])
    context.fillText(String(rate).replace('-', '−'), Math.min(x(rate), width - 12), height - 18);
  context.fillText('Rate (Hz)', MARGIN.left + w / 2, height - 4);
  context.textAlign = 'right';
  for (const scale of [0, 2, 4, 6]) context.fillText(String(scale), MARGIN.left - 5, y(scale) + 4);
  context.save();
  context.translate(10, MARGIN.top + h / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = 'center';
  context.fillText('Scale (cyc/oct)', 0, 0);
  context.restore();
  if (rectangle === undefined) return;
  const box = [
    x(rectangle.rateFrom),
    y(rectangle.scaleTo),
    x(rectangle.rateTo) - x(rectangle.rateFrom),
    y(rectangle.scaleFrom) - y(rectangle.scaleTo),
  ] as const;
  context.lineWidth = 4;
  context.strokeStyle = pageColour('panel');
  context.strokeRect(...box);
  context.lineWidth = 2;
  context.strokeStyle = pageColour('mark');
  context.strokeRect(...box);
}

/** Lets rectangles be dragged on the plane; `use` receives each, `done` is called when the pointer is released. */
export function dragRectangles(
  canvas: HTMLCanvasElement,
  use: (rectangle: Rectangle, done: boolean) => void,
): void {
  let start: readonly [number, number] | undefined;
  const place = (event: PointerEvent): readonly [number, number] => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const across = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    const down = (event.clientY - top - MARGIN.top) / (height - MARGIN.top - MARGIN.bottom);
    const within = (share: number): number => Math.max(0, Math.min(1, share));
    return [
      Math.round(4 * (2 * within(across) - 1) * PLANE.rate) / 4,
      Math.round(10 * (1 - within(down)) * PLANE.scale) / 10,
    ];
  };
  const report = (event: PointerEvent, done: boolean): void => {
    if (start === undefined) return;
    const end = place(event);
    const [rateFrom, rateTo] = [Math.min(start[0], end[0]), Math.max(start[0], end[0])];
    const [scaleFrom, scaleTo] = [Math.min(start[1], end[1]), Math.max(start[1], end[1])];
    if (rateTo > rateFrom && scaleTo > scaleFrom) use({ rateFrom, rateTo, scaleFrom, scaleTo }, done);
    if (done) start = undefined;
  };
  canvas.addEventListener('pointerdown', (event) => {
    start = place(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => report(event, false));
  canvas.addEventListener('pointerup', (event) => report(event, true));
}
