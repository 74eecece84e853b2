import { stmAxes } from '../../features/stm/axes';
import type { PageModel } from '../model';
import { classColour, matrixImage, pageColour, surfaceOf } from './draw';
import { LEVEL_STEP, PEAK_COLUMNS, type Analysis, type FromWorker, type ToWorker } from './messages';
import { openFile, record } from './open';
import { dragRectangles, drawPlane, PLANE, rectangleProblem, regionOf, type Rectangle } from './plane';
import { createPlayer } from './player';
import { download, svgToPng, toCsv, toNpy, toSvg, toWav } from './save';

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;
const button = (id: string): HTMLButtonElement => byId<HTMLButtonElement>(id);
const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);
const axes = stmAxes();
const CHANNELS = axes.channelCentreHz.length;
const [FRAME_RATE, VIEW_SECONDS, EXCERPT_SECONDS] = [125, 8, 4];
/** Iterations of a sound in a second, and of one that takes its time. */
const ITERATIONS = { quick: 10, whole: 40 } as const;

interface Sound {
  readonly name: string;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
  readonly seconds: number;
  readonly peaks: Float32Array;
  /** Bytes of dB, by first frame. */
  readonly levels: Map<number, Uint8Array>;
}

let sound: Sound | undefined;
let analysis: Analysis | undefined;
let loading = '';
let filtered: { readonly samples: Float32Array; readonly sampleRate: number } | undefined;
let pending = { id: 0, start: 0, what: '' };

const model = JSON.parse(byId('page-model').textContent!) as PageModel | null;
const source = new Blob([byId('worker-source').textContent!], { type: 'text/javascript' });
const worker = new Worker(URL.createObjectURL(source));
const post = (
  message: ToWorker | { task: 'model'; model: PageModel | null },
  transfer: Transferable[] = [],
): void => worker.postMessage(message, transfer);
post({ task: 'model', model });

function tell(sentence: string, kind: 'news' | 'problem' = 'news'): void {
  byId('status').textContent = sentence;
  byId('status').className = kind;
}

const player = createPlayer(() => {
  button('play').textContent = player.isPlaying() ? 'Pause' : 'Play';
  button('play').setAttribute('aria-pressed', String(player.isPlaying()));
  redraw();
  if (player.isPlaying() && !following) requestAnimationFrame(follow);
});

/** Whether a frame that follows the position is asked for already. */
let following = false;
let lastFrame = 0;
/** Time between two drawings while a sound is played, ms. */
const FRAME_MS = 40;

/** Draws what changes while a sound is played. */
function follow(time: number): void {
  following = player.isPlaying();
  if (following) requestAnimationFrame(follow);
  if (time - lastFrame < FRAME_MS) return;
  lastFrame = time;
  drawWaveform();
  drawCochleagram();
  drawCourse();
  if (excerptAt(player.position()) !== shownExcerpt) drawSpectrum();
  showPosition();
}

/** Opens a sound: earlier results are forgotten at once. */
async function open(name: string, file: Blob): Promise<void> {
  player.pause();
  loading = name;
  tell(`${name}: reading …`);
  try {
    const input = await openFile(name, file);
    const transfer = input.kind === 'wav' ? [input.bytes] : input.channels.map(({ buffer }) => buffer);
    post({ task: 'analyse', name, input }, transfer as ArrayBuffer[]);
  } catch (error) {
    tell((error as Error).message, 'problem');
  }
}

worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  if (data.kind === 'ready') document.body.dataset['ready'] = 'yes';
  else if (data.kind === 'problem') {
    tell(data.sentence, 'problem');
    byId('reached').textContent = '';
  } else if (data.kind === 'samples') begin(data);
  else if (data.kind === 'cochleagram' && sound !== undefined) {
    sound.levels.set(data.frame, data.levels);
    const share = Math.min(1, data.frame / FRAME_RATE / sound.seconds);
    tell(`${sound.name}: analysing, ${Math.round(100 * share)} %`);
    if (data.frame < VIEW_SECONDS * FRAME_RATE) redraw();
  } else if (data.kind === 'analysis') {
    analysis = data.analysis;
    const { length } = analysis.excerpts;
    tell(
      `${sound!.name}: ${sound!.seconds.toFixed(1)} s, features of ${length} ${length === 1 ? 'excerpt' : 'excerpts'} of 4 s.`,
    );
    showClasses();
    enable();
    redraw();
  } else if (data.kind === 'filtered' && data.id === pending.id) {
    filtered = data;
    player.load('after', { ...data, startSeconds: pending.start });
    const db = (value: number): string =>
      Number.isFinite(value) ? `${value.toFixed(1).replace('-', '−')} dB` : '–';
    byId('reached').textContent =
      `${pending.what}: suppression ${db(data.suppressionDb)} outside, distortion ${db(data.distortionDb)} inside.`;
    chooseVersion('after');
    enable();
    player.seek(pending.start);
    player.play();
  }
};

function begin({ samples, sampleRate, peaks }: Extract<FromWorker, { kind: 'samples' }>): void {
  sound = {
    name: loading,
    samples,
    sampleRate,
    peaks,
    seconds: samples.length / sampleRate,
    levels: new Map(),
  };
  [analysis, filtered] = [undefined, undefined];
  pending = { id: pending.id + 1, start: 0, what: '' };
  byId('name').textContent = loading;
  byId('reached').textContent = '';
  byId('classes').hidden = true;
  player.load('after', undefined);
  player.load('before', { samples, sampleRate, startSeconds: 0 });
  player.seek(0);
  chooseVersion('before');
  enable();
}

function chooseVersion(version: 'before' | 'after'): void {
  document.querySelector<HTMLInputElement>(`input[name=version][value=${version}]`)!.checked = true;
  player.choose(version);
}

function enable(): void {
  const ready = sound !== undefined;
  for (const id of ['play', 'keep', 'remove']) button(id).disabled = !ready;
  byId<HTMLFieldSetElement>('version').disabled = !ready;
  document.querySelector<HTMLInputElement>('input[value=after]')!.disabled = filtered === undefined;
  for (const own of document.querySelectorAll<HTMLButtonElement>('[data-export]'))
    own.disabled = own.dataset['export'] === 'wav' ? filtered === undefined : analysis === undefined;
  byId('waveform').setAttribute('aria-valuemax', (sound?.seconds ?? 0).toFixed(1));
}

/** The rectangle in the fields. */
function rectangle(): Rectangle {
  const value = (id: string): number => field(id).valueAsNumber;
  return {
    rateFrom: value('rate-from'),
    rateTo: value('rate-to'),
    scaleFrom: value('scale-from'),
    scaleTo: value('scale-to'),
  };
}

function filter(action: 'keep' | 'remove'): void {
  const box = rectangle();
  const problem = rectangleProblem(box);
  if (sound === undefined || problem !== undefined) {
    if (problem !== undefined) byId('reached').textContent = problem;
    return;
  }
  const whole = field('whole').checked;
  const { samples, sampleRate, seconds } = sound;
  const start = whole ? 0 : Math.max(0, Math.min(player.position(), seconds - EXCERPT_SECONDS));
  const first = Math.round(start * sampleRate);
  const part = samples.slice(first, whole ? undefined : first + EXCERPT_SECONDS * sampleRate);
  const what = `${action === 'keep' ? 'Only' : 'Without'} ${box.rateFrom} to ${box.rateTo} Hz, ${box.scaleFrom} to ${box.scaleTo} cyc/oct`;
  pending = { id: pending.id + 1, start: first / sampleRate, what: what.replaceAll('-', '−') };
  player.pause();
  byId('reached').textContent = `${pending.what}: filtering …`;
  const iterations = whole ? ITERATIONS.whole : ITERATIONS.quick;
  const region = regionOf(box, field('both').checked, action);
  post({ task: 'filter', id: pending.id, samples: part, sampleRate, region, iterations }, [part.buffer]);
}

function redraw(): void {
  drawWaveform();
  drawCochleagram();
  drawSpectrum();
  drawPlane(byId<HTMLCanvasElement>('plane'), analysis?.features, rectangle());
  drawCourse();
  showPosition();
}

function showPosition(): void {
  const position = player.position();
  byId('clock').textContent =
    `${position.toFixed(1)} s${sound === undefined ? '' : ` of ${sound.seconds.toFixed(1)} s`}`;
  byId('waveform').setAttribute('aria-valuenow', position.toFixed(1));
}

function cursor(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.fillStyle = pageColour('mark');
  context.fillRect(x - 1, 0, 2, height);
}

/** The waveform without its cursor, for one sound, size and colour. */
let waveform: { readonly key: string; readonly sound: Sound; readonly image: ImageBitmap } | undefined;

function drawWaveform(): void {
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
    const own = sound;
    void createImageBitmap(canvas).then((image) => (waveform = { key, sound: own, image }));
  }
  cursor(context, (player.position() / sound.seconds) * width, height);
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

function drawCochleagram(): void {
  const { context, width, height } = surfaceOf(byId<HTMLCanvasElement>('cochleagram'));
  context.strokeStyle = pageColour('line');
  context.strokeRect(0.5, 0.5, width - 1, height - 1);
  if (sound === undefined) return;
  const frames = VIEW_SECONDS * FRAME_RATE;
  const last = Math.max(0, Math.ceil(sound.seconds * FRAME_RATE) - frames);
  const first = Math.max(0, Math.min(last, player.position() * FRAME_RATE - frames / 2));
  const scale = width / frames;
  for (let begin = Math.floor(first / BLOCK) * BLOCK; begin < first + frames; begin += BLOCK) {
    const levels = sound.levels.get(begin);
    if (levels !== undefined)
      context.drawImage(tileOf(levels), (begin - first) * scale, 0, BLOCK * scale + 0.5, height);
  }
  cursor(context, (player.position() * FRAME_RATE - first) * scale, height);
}

/** The excerpt whose modulation spectrum is shown. */
let shownExcerpt: Analysis['excerpts'][number] | undefined;

const excerptAt = (position: number): typeof shownExcerpt =>
  analysis?.excerpts.findLast(({ startSeconds }) => startSeconds <= position) ?? analysis?.excerpts[0];

function drawSpectrum(): void {
  const excerpt = excerptAt(player.position());
  shownExcerpt = excerpt;
  let values: Float64Array | undefined;
  if (excerpt !== undefined) {
    values = excerpt.modulation.map((value) => 10 * Math.log10(value));
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    values = values.map((value) => (value - low) / (high - low));
  }
  drawPlane(byId<HTMLCanvasElement>('spectrum'), values);
}

function showClasses(): void {
  const classes = analysis?.classes;
  byId('classes').hidden = classes === undefined;
  if (classes === undefined || model === null) return;
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

function drawCourse(): void {
  const classes = analysis?.classes;
  if (classes === undefined || sound === undefined) return;
  const { context, width, height } = surfaceOf(byId<HTMLCanvasElement>('course'));
  for (const { startSeconds, probabilities } of classes.course) {
    const x = (startSeconds / sound.seconds) * width;
    let y = height;
    probabilities.forEach((probability, c) => {
      context.fillStyle = classColour(c);
      const part = probability * height;
      context.fillRect(x, y - part, Math.max(1, (EXCERPT_SECONDS / sound!.seconds) * width - 1), part);
      y -= part;
    });
  }
  cursor(context, (player.position() / sound.seconds) * width, height);
}

async function save(kind: string): Promise<void> {
  const base = sound!.name.replace(/\.[^.]*$/, '');
  const features = analysis?.features;
  if (kind === 'wav' && filtered !== undefined)
    download(`${base}-filtered.wav`, toWav(base, filtered.samples, filtered.sampleRate), 'audio/wav');
  if (features === undefined) return;
  if (kind === 'npy') download(`${base}.npy`, toNpy(features), 'application/octet-stream');
  if (kind === 'csv') download(`${base}.csv`, toCsv(features, axes), 'text/csv');
  const svg = toSvg(features, axes, `${sound!.name}: spectrotemporal modulation`);
  if (kind === 'svg') download(`${base}.svg`, svg, 'image/svg+xml');
  if (kind === 'png') download(`${base}.png`, await svgToPng(svg), 'image/png');
}

field('file').addEventListener('change', () => {
  const file = field('file').files?.[0];
  if (file !== undefined) void open(file.name, file);
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('over');
});
document.addEventListener('dragleave', () => document.body.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('over');
  const file = event.dataTransfer?.files[0];
  if (file === undefined) tell('What was dropped is not a file.', 'problem');
  else void open(file.name, file);
});
let recording: Awaited<ReturnType<typeof record>> | undefined;
button('record').addEventListener('click', () => {
  const toggle = async (): Promise<void> => {
    if (recording === undefined) {
      recording = await record();
      tell('Recording …');
    } else {
      const taken = await recording.stop();
      recording = undefined;
      await open('recording', taken);
    }
    button('record').textContent = recording === undefined ? 'Record' : 'Stop';
    button('record').setAttribute('aria-pressed', String(recording !== undefined));
  };
  toggle().catch((error: Error) => tell(error.message, 'problem'));
});
button('play').addEventListener('click', () => (player.isPlaying() ? player.pause() : player.play()));
button('keep').addEventListener('click', () => filter('keep'));
button('remove').addEventListener('click', () => filter('remove'));
for (const choice of document.querySelectorAll<HTMLInputElement>('input[name=version]'))
  choice.addEventListener('change', () => player.choose(choice.value as 'before' | 'after'));
for (const own of document.querySelectorAll<HTMLButtonElement>('[data-export]'))
  own.addEventListener('click', () =>
    save(own.dataset['export']!).catch((error: Error) => tell(error.message, 'problem')),
  );
byId('waveform').addEventListener('pointerdown', (event) => {
  const { left, width } = byId('waveform').getBoundingClientRect();
  if (sound !== undefined) player.seek(((event.clientX - left) / width) * sound.seconds);
});
byId('waveform').addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[
    event.key
  ];
  if (step === undefined || sound === undefined) return;
  event.preventDefault();
  player.seek(Math.min(sound.seconds - 0.1, Math.max(0, player.position() + step)));
});
byId('region').addEventListener('input', redraw);
byId('region').addEventListener('submit', (event) => event.preventDefault());
dragRectangles(byId<HTMLCanvasElement>('plane'), (box, done) => {
  field('rate-from').valueAsNumber = box.rateFrom;
  field('rate-to').valueAsNumber = box.rateTo;
  field('scale-from').valueAsNumber = box.scaleFrom;
  field('scale-to').valueAsNumber = Math.min(PLANE.scale, box.scaleTo);
  redraw();
  if (done) filter('keep');
});
addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
redraw();
