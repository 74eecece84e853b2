import { stmAxes } from '../../features/stm/axes';
import type { PageModel } from '../model';
import { button, byId, field } from './elements';
import type { Analysis, FromWorker, ToWorker } from './messages';
import { openFile, record } from './open';
import { dragRectangles, drawPlane, PLANE, rectangleProblem, regionOf, type Rectangle } from './plane';
import { createPlayer } from './player';
import { download, svgToPng, toCsv, toNpy, toSvg, toWav } from './save';
import {
  drawCochleagram,
  drawCourse,
  drawSpectrum,
  drawWaveform,
  excerptAt,
  EXCERPT_SECONDS,
  FRAME_RATE,
  showClasses,
  VIEW_SECONDS,
  type Sound,
} from './views';

const axes = stmAxes();
/** Iterations of a sound in a second, and of one that takes its time. */
const ITERATIONS = { quick: 10, whole: 100 } as const;

let sound: Sound | undefined;
let analysis: Analysis | undefined;
let loading = '';
let filtered: { readonly samples: Float32Array; readonly sampleRate: number } | undefined;
let pending = { id: 0, start: 0, what: '' };

const model = JSON.parse(byId('page-model').textContent!) as PageModel;
const source = new Blob([byId('worker-source').textContent!], { type: 'text/javascript' });
const worker = new Worker(URL.createObjectURL(source));
const post = (message: ToWorker | { task: 'model'; model: PageModel }, transfer: Transferable[] = []): void =>
  worker.postMessage(message, transfer);
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
  drawPosition();
  if (excerptAt(analysis, player.position()) !== shownExcerpt) showExcerpt();
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
    showClasses(analysis.classes, model);
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
  drawPosition();
  showExcerpt();
  drawPlane(byId<HTMLCanvasElement>('plane'), analysis?.features, rectangle());
}

/** The excerpt whose modulation spectrum is shown. */
let shownExcerpt: ReturnType<typeof excerptAt>;

function showExcerpt(): void {
  shownExcerpt = excerptAt(analysis, player.position());
  drawSpectrum(shownExcerpt);
}

/** Draws what depends on the position. */
function drawPosition(): void {
  const position = player.position();
  drawWaveform(sound, position);
  drawCochleagram(sound, position);
  drawCourse(analysis?.classes, sound, position);
  showPosition();
}

function showPosition(): void {
  const position = player.position();
  byId('clock').textContent =
    `${position.toFixed(1)} s${sound === undefined ? '' : ` of ${sound.seconds.toFixed(1)} s`}`;
  byId('waveform').setAttribute('aria-valuenow', position.toFixed(1));
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
