import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { filterStage, medianOf } from '../../pipeline';
import { parseCell, parseRegion, type ModulationRegion } from '../../synthesis';
import { TRACKING_OPTIONS, withStage } from '../context';
import { choiceOption, integerOption, type Command, type OptionValues } from '../command';
import { workersOption } from '../stageOptions';
import { printTable } from '../table';

export const filter: Command = {
  name: 'filter',
  summary: 'Filter the modulations of recordings and resynthesise the sound.',
  positionals: 'FILE|FOLDER|MANIFEST.csv...',
  options: {
    keep: { value: 'REGION', help: 'keep these modulations, e.g. "rate<=4" or "2<rate<=8, scale<1"' },
    remove: { value: 'REGION', help: 'remove these modulations' },
    cell: { value: 'CELL', help: 'keep what an ablation cell keeps, e.g. low-pass:4:6 (Hz, cyc/oct)' },
    'cell-complement': { value: 'CELL', help: 'keep what an ablation cell removes' },
    out: { value: 'DIR', help: 'folder of the sounds', default: 'filtered' },
    carrier: {
      value: 'KIND',
      help: 'own: the recording itself; noise: its envelopes only',
      default: 'own',
    },
    iterations: { value: 'N', help: 'iterations of the synthesis', default: '100' },
    seed: { value: 'N', help: 'of the noise carrier', default: '1' },
    'pass-out-of-band': { help: 'let sound below 180 Hz and above 6.9 kHz pass unchanged' },
    workers: { value: 'N', help: 'worker threads; the sounds do not depend on them', default: 'all cores' },
    ...TRACKING_OPTIONS,
  },
  details: [
    'For each recording: NAME.wav (16 kHz, mono), NAME.json (suppression outside and distortion inside the region, dB) and',
    'NAME.svg (cochleagrams: original, target, result). Finished sounds are reused, even after a kill. The results of a folder',
    'or manifest keep the paths of its recordings below it; filtered.csv lists them all. Conditions on rate (Hz, its',
    'magnitude), scale (cyc/oct) and direction (up, down) must all hold when separated by commas; "or" separates alternatives.',
  ].join('\n'),
  example: 'stm-lab filter speech.wav --keep "rate<=4" --out filtered',
  async run(options, inputs, terminal) {
    if (inputs.length === 0)
      throw inputError('stm-lab filter: name audio files, folders of recordings, or manifests');
    const out = options['out'] ?? 'filtered';
    const filter = {
      region: regionOf(options),
      carrier: choiceOption(options, 'carrier', ['own', 'noise'] as const, 'own'),
      iterations: integerOption(options, 'iterations', { min: 1, fallback: 100 }),
      seed: integerOption(options, 'seed', { min: 1, max: 2147483647, fallback: 1 }),
      passOutOfBand: options['pass-out-of-band'] === 'yes',
    };
    const { filtered, failures } = await withStage(options, out, terminal, (context) =>
      filterStage({ inputs, out, filter, workers: workersOption(options) }, context),
    );
    printTable(
      terminal,
      filtered.slice(0, MOST_LINES).map(({ output, result, elapsedSeconds }) => ({
        recording: result.recording,
        'length (s)': result.seconds.toFixed(1),
        'suppression (dB)': decibels(result.suppressionDb),
        'distortion (dB)': decibels(result.distortionDb),
        'x real time': elapsedSeconds === undefined ? 'reused' : (result.seconds / elapsedSeconds).toFixed(2),
        sound: `${output}.wav`,
      })),
    );
    if (filtered.length > MOST_LINES)
      terminal.print(
        `… and ${filtered.length - MOST_LINES} more; all are in ${path.join(out, 'filtered.csv')}`,
      );
    const median = (key: 'suppressionDb' | 'distortionDb'): string =>
      decibels(medianOf(filtered.map(({ result }) => result[key])) ?? null);
    const reused = filtered.filter((recording) => recording.reused).length;
    const reached =
      filtered.length === 0
        ? ''
        : `; median suppression ${median('suppressionDb')} dB, distortion ${median('distortionDb')} dB`;
    terminal.print(
      `${out}: ${filtered.length} filtered (${reused} reused), ${failures.length} failed${reached}`,
    );
    return failures.length === 0 ? 0 : 1;
  },
};

/** Recordings that are listed one by one. */
const MOST_LINES = 30;
const decibels = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

function regionOf(options: OptionValues): ModulationRegion {
  const given = (['keep', 'remove', 'cell', 'cell-complement'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (given.length !== 1)
    throw inputError(
      `stm-lab filter: give exactly one of --keep, --remove, --cell and --cell-complement (${given.length} given)`,
    );
  const [name] = given;
  const text = options[name!]!;
  if (name === 'keep' || name === 'remove') return parseRegion(name, text);
  return parseCell(name === 'cell' ? 'keep' : 'remove', text);
}
