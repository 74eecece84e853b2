import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { sha256, writeFileAtomic } from 'research-basics/files';
import { createPace } from 'research-basics/pace';
import type { Run } from 'mlflow-tracking-client';
import { regionName, type Region } from '../ablation';
import type { Manifest } from '../corpus';
import { mostProbable } from '../evaluation';
import type { PlayableSound } from '../figures';
import type { StageContext } from '../stages/context';
import { createModulationFilters, filterWhole, parseCell, regionLabel, SOUND_FORMAT } from '../synthesis';
import { listenPage, soundOfFile, type SoundSection } from './listenPage';

/** Recordings that were predicted. */
export interface PredictedRecordings {
  readonly paths: readonly string[];
  /** Class of each. */
  readonly y: ArrayLike<number>;
  /** Recordings x classes. */
  readonly probabilities: Float32Array;
  readonly classes: readonly string[];
}

/** Misjudged recordings on a page, and classes at most. */
const [MOST_WRONG, MOST_CLASSES] = [5, 20];
/** Recordings on which ablation cells are heard, seconds of each, and iterations of the filter. */
const [CELL_RECORDINGS, CELL_SECONDS, CELL_ITERATIONS] = [3, 4, 3];

/**
 * Gives a run a page that plays the recordings that a model gets most wrong, and of each class the one that it is surest
 * of (`sounds.html`). Where it is not known where recordings lie, nothing happens; one that cannot be read is left out.
 */
export async function logPredictedSounds(
  run: Run | undefined,
  context: Pick<StageContext, 'fileOf' | 'tracker' | 'warn'>,
  { paths, y, probabilities, classes }: PredictedRecordings,
): Promise<void> {
  if (!isHeard(run, context)) return;
  const count = classes.length;
  const predicted = mostProbable(probabilities, count);
  const ofTruth = (row: number): number => probabilities[row * count + y[row]!]!;
  const rows = [...paths.keys()].sort((a, b) => ofTruth(a) - ofTruth(b));
  const wrong = rows.filter((row) => predicted[row] !== y[row]).slice(0, MOST_WRONG);
  const percent = (row: number, c: number): string =>
    `${(100 * probabilities[row * count + c]!).toFixed(0)} %`;
  const sections: SoundSection[] = [
    {
      heading: 'Most wrong',
      text: wrong.length === 0 ? 'Every recording has its own class as the most probable one.' : undefined,
      sounds: await soundsOf(wrong, context, paths, (row) => {
        const [own, taken] = [y[row]!, predicted[row]!];
        return `${paths[row]}: ${classes[own]} (${percent(row, own)}), classified as ${classes[taken]} (${percent(row, taken)})`;
      }),
    },
  ];
  for (const [c, name] of classes.slice(0, MOST_CLASSES).entries()) {
    const surest = rows.filter((row) => y[row] === c).at(-1);
    if (surest === undefined) continue;
    const sounds = await soundsOf([surest], context, paths, (row) => `${paths[row]} (${percent(row, c)})`);
    sections.push({ heading: `Most typical: ${name}`, sounds });
  }
  run.logText(
    'sounds.html',
    listenPage('How the model classifies the recordings', sections, { level: 'each' }),
  );
}

/**
 * Gives a run one page for each ablation cell, `sounds/CELL.html`: 4 s of three recordings as they are, and what the cell
 * keeps of them. Pages stay in `folder` and are reused while recordings and region are the same. Where it is not known
 * where recordings lie, nothing happens.
 *
 * @throws UserError (`interrupted`) when `context.signal` asks to stop; finished pages stay.
 */
export async function logCellSounds(
  run: Run | undefined,
  context: Pick<StageContext, 'fileOf' | 'tracker' | 'warn' | 'signal' | 'progress'>,
  regions: readonly Region[],
  recordings: readonly { readonly path: string; readonly label: string }[],
  folder: string,
): Promise<void> {
  if (!isHeard(run, context)) return;
  const byClass = new Map(
    recordings.map((row) => [row.label, row]).reverse() as [string, { path: string }][],
  );
  const paths = [...byClass].slice(0, CELL_RECORDINGS).map(([, { path }]) => path);
  const labels = [...byClass.keys()];
  const whole = await soundsOf([...paths.keys()], context, paths, (row) => `${paths[row]} (${labels[row]})`);
  const sounds = whole.map((sound) => ({
    ...sound,
    samples: sound.samples.slice(0, CELL_SECONDS * sound.sampleRate),
  }));
  const content = sounds.map(({ samples, ...rest }) => ({
    ...rest,
    samples: sha256(new Uint8Array(samples.buffer)),
  }));
  let filters: ReturnType<typeof createModulationFilters> | undefined;
  const pace = createPace(context.signal, 'ablation');
  for (const region of regions) {
    const name = regionName(region);
    const [action, pass] = region.pass.startsWith('not-')
      ? (['remove', region.pass.slice(4)] as const)
      : (['keep', region.pass] as const);
    const cell = parseCell(action, `${pass}-pass:${region.rateHz ?? '*'}:${region.scaleCycPerOct ?? '*'}`);
    const key = sha256({ format: SOUND_FORMAT, iterations: CELL_ITERATIONS, cell, content });
    const file = path.join(folder, `${name}.html`);
    let page = storedPage(file, key);
    if (page === undefined) {
      const kernel = (await (filters ??= createModulationFilters({ iterations: CELL_ITERATIONS })))(cell);
      const sections: SoundSection[] = [];
      for (const sound of sounds) {
        await pace();
        context.progress?.(`ablation: sounds of ${name}`);
        try {
          const { report, ...after } = filterWhole(kernel, sound.samples, sound.sampleRate);
          const said = [report.suppressionDb, report.distortionDb].map((db) =>
            Number.isFinite(db) ? `${db.toFixed(1)} dB` : '–',
          );
          sections.push({
            heading: sound.title,
            text: `suppression ${said[0]} outside, distortion ${said[1]} inside, ${CELL_ITERATIONS} iterations`,
            sounds: [
              { ...sound, title: 'as recorded' },
              { ...after, title: regionLabel(cell) },
            ],
          });
        } catch (error) {
          context.warn?.(`sounds of ${name}: ${sound.title}: ${messageOf(error)}`);
        }
      }
      page = `${listenPage(`What the cell keeps: ${regionLabel(cell)}`, sections)}${keyMark(key)}`;
      fs.mkdirSync(folder, { recursive: true });
      writeFileAtomic(file, page);
    }
    run.logText(`sounds/${name}.html`, page);
  }
}

/** The end of a stored page, which tells what it was made of and that it is whole. */
const keyMark = (key: string): string => `<!-- ${key} -->\n`;

function storedPage(file: string, key: string): string | undefined {
  if (!fs.existsSync(file)) return undefined;
  const page = fs.readFileSync(file, 'utf8');
  return page.endsWith(keyMark(key)) ? page : undefined;
}

/** Where the recordings of a manifest lie, for the sounds of runs. */
export function recordingsOf({ rows }: Pick<Manifest, 'rows'>): NonNullable<StageContext['fileOf']> {
  const files = new Map(rows.map((row) => [row.path, row]));
  return (recording) => files.get(recording);
}

function isHeard(
  run: Run | undefined,
  { fileOf, tracker }: Pick<StageContext, 'fileOf' | 'tracker'>,
): run is Run {
  return run !== undefined && fileOf !== undefined && tracker?.mode !== 'disabled';
}

async function soundsOf(
  rows: readonly number[],
  { fileOf, warn }: Pick<StageContext, 'fileOf' | 'warn'>,
  paths: readonly string[],
  titleOf: (row: number) => string,
): Promise<PlayableSound[]> {
  const sounds: PlayableSound[] = [];
  for (const row of rows) {
    const found = fileOf?.(paths[row]!);
    if (found === undefined) continue;
    try {
      sounds.push(await soundOfFile(found.file, titleOf(row), found.startSeconds));
    } catch (error) {
      warn?.(`sounds: ${messageOf(error)}`);
    }
  }
  return sounds;
}
