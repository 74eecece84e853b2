import * as path from 'node:path';
import { inputError, messageOf, UserError } from 'research-basics/errors';
import { filteredSoundFigure, saveFigure } from '../../figures';
import {
  createModulationFilter,
  filterFile,
  parseCell,
  parseRegion,
  type ModulationRegion,
} from '../../synthesis';
import { terminalContext } from '../context';
import { choiceOption, integerOption, type Command, type OptionValues } from '../command';
import { printTable } from '../table';

export const filter: Command = {
  name: 'filter',
  summary: 'Filter the modulations of recordings and write what is left as sound.',
  positionals: 'FILE...',
  options: {
    keep: { value: 'REGION', help: 'keep these modulations, e.g. "rate<=4" or "2<rate<=8, scale<1"' },
    remove: { value: 'REGION', help: 'remove these modulations' },
    cell: { value: 'CELL', help: 'keep what an ablation cell keeps, e.g. low-pass:4:6 (Hz, cyc/oct)' },
    'cell-complement': { value: 'CELL', help: 'keep what an ablation cell removes' },
    out: { value: 'DIR', help: 'folder of the sounds', default: 'filtered' },
    carrier: {
      value: 'KIND',
      help: 'own: the recording itself; noise: nothing but its envelopes',
      default: 'own',
    },
    iterations: { value: 'N', help: 'iterations of the synthesis', default: '40' },
    seed: { value: 'N', help: 'of the noise carrier', default: '1' },
    'pass-out-of-band': { help: 'let sound below 180 Hz and above 6.9 kHz pass unchanged' },
  },
  details:
    'For each recording: NAME.wav (16 kHz, mono), NAME.json (suppression outside and distortion inside the region, dB) and\n' +
    'NAME.svg (cochleagrams before, asked for, after). A finished sound is reused. Conditions on rate (Hz, its magnitude),\n' +
    'scale (cyc/oct) and direction (up, down) hold together when separated by commas; "or" separates alternatives.',
  example: 'stm-lab filter speech.wav --keep "rate<=4" --out filtered',
  async run(options, files, terminal) {
    if (files.length === 0) throw inputError('stm-lab filter: name one or more audio files');
    const settings = {
      region: regionOf(options),
      carrier: choiceOption(options, 'carrier', ['own', 'noise'] as const, 'own'),
      iterations: integerOption(options, 'iterations', { min: 1, fallback: 40 }),
      seed: integerOption(options, 'seed', { min: 1, max: 2147483647, fallback: 1 }),
      passOutOfBand: options['pass-out-of-band'] === 'yes',
    };
    const { signal } = terminalContext(terminal);
    const kernel = await createModulationFilter(settings);
    const lines: Record<string, string | number>[] = [];
    const names = outputNames(files);
    let failures = 0;
    for (const [i, file] of files.entries()) {
      const output = path.join(options['out'] ?? 'filtered', names[i]!);
      try {
        const { result, reused, cochleagrams } = await filterFile(kernel, file, {
          filter: settings,
          output,
          signal,
        });
        for (const warning of result.warnings) terminal.warn(`${file}: ${warning}`);
        if (cochleagrams !== undefined)
          await saveFigure(
            filteredSoundFigure({ ...cochleagrams, title: `${path.basename(file)}: ${result.region}` }),
            output,
            { formats: ['svg'] },
          );
        lines.push({
          recording: result.recording,
          'length (s)': result.seconds.toFixed(1),
          'suppression (dB)': decibels(result.suppressionDb),
          'distortion (dB)': decibels(result.distortionDb),
          'x real time': reused ? 'reused' : (result.seconds / result.elapsedSeconds).toFixed(2),
          sound: `${output}.wav`,
        });
      } catch (error) {
        if (error instanceof UserError && error.kind === 'interrupted') throw error;
        failures++;
        terminal.warn(messageOf(error));
      }
    }
    printTable(terminal, lines);
    return failures === 0 ? 0 : 1;
  },
};

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

/** Names of the outputs without ending: the recordings' own, with a number where two share one. */
function outputNames(files: readonly string[]): string[] {
  const used = new Map<string, number>();
  return files.map((file) => {
    const name = path.parse(file).name;
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}
