import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import {
  FIGURE_NAMES,
  MAP_COLOURS,
  openProject,
  saveFigures,
  type FigureName,
  type SaveFiguresOptions,
} from '../../pipeline';
import { choiceOption, type Command, type OptionValues } from '../command';
import { terminalContext } from '../context';
import { PRESET, RESULTS } from '../stageOptions';

export const figures: Command = {
  name: 'figures',
  summary: 'Draw the figures of an experiment, running the stages that are missing.',
  positionals: '[NAME...]',
  options: {
    manifest: { value: 'M.csv', help: 'recordings', default: 'the synthetic demo corpus' },
    preset: PRESET,
    width: {
      value: 'W',
      help: 'such as 85mm, column (85 mm) or page (180 mm); text is 7 pt at any width',
      default: 'as drawn',
    },
    metric: {
      value: 'NAME',
      help: 'which metric, such as macroF1: for ablations and learning curves, and for a search of two objectives',
      default: 'all; for a search, the first objective',
    },
    title: { value: 'TEXT', help: 'title of the figure; empty for none', default: 'its own' },
    scheme: {
      value: 'NAME',
      help: "colour scale: one of Vega's schemes, such as viridis or greys",
      default: 'its own',
    },
    layout: {
      value: 'HOW',
      help: 'panels in a row or a column, or only the first one',
      default: 'as drawn; column where that does not fit',
    },
    color: { value: 'WHAT', help: 'of the map: class or collection', default: 'class' },
    format: { value: 'LIST', help: 'of pdf, svg, png, vl.json', default: 'svg,png,vl.json' },
    results: RESULTS,
  },
  details: `Writes SVG, PNG and Vega-Lite files. Names every figure that cannot be drawn from these results, with the reason; exit 1 when it was requested by name. Figures: ${FIGURE_NAMES.join(', ')}; search-timeline is drawn only when it is named.`,
  example: 'stm-lab figures class-means ablation --manifest corpus/manifest.csv',
  async run(options, names, terminal) {
    const unknown = names.find((name) => !(FIGURE_NAMES as readonly string[]).includes(name));
    if (unknown !== undefined)
      throw inputError(`figure "${unknown}": must be one of ${FIGURE_NAMES.join(', ')}`);
    const lab = await openProject({
      manifest: options['manifest'],
      preset: options['preset'],
      results: options['results'],
      ...terminalContext(terminal),
    });
    try {
      const skipped: string[] = [];
      const files = await saveFigures(lab, {
        signal: terminalContext(terminal).signal,
        ...paperOptions(options),
        ...(names.length === 0 ? {} : { names: names as readonly FigureName[] }),
        onFigure: (name) => terminal.progress(`figures: ${name}`),
        onSkip: (name, reason) => {
          skipped.push(name);
          terminal.warn(`figure ${name} is left out: ${reason}`);
        },
      });
      terminal.progressDone();
      files.forEach((file) => terminal.print(path.relative(process.cwd(), file)));
      // Of all figures, some may not apply; one that was asked for by name is missing.
      if (skipped.length > 0 && (names.length > 0 || files.length === 0)) return 1;
    } finally {
      await lab.close();
    }
    return 0;
  },
};

function paperOptions(options: OptionValues): SaveFiguresOptions {
  const { width, format } = options;
  const millimetres = /^(\d+(?:\.\d+)?) ?mm$/.exec(width ?? '')?.[1];
  if (width !== undefined && millimetres === undefined && width !== 'column' && width !== 'page')
    throw inputError(`--width ${width}: must be millimetres such as 85mm, column or page`);
  const known = ['pdf', 'svg', 'png', 'vl.json'] as const;
  const formats = format?.split(',').map((one) => {
    const found = known.find((name) => name === one.trim());
    if (found === undefined) throw inputError(`--format ${format}: must be a list of ${known.join(', ')}`);
    return found;
  });
  return {
    width: millimetres === undefined ? (width as 'column' | 'page' | undefined) : Number(millimetres),
    metric: options['metric'],
    color: options['color'] === undefined ? undefined : choiceOption(options, 'color', MAP_COLOURS, 'class'),
    title: options['title'],
    scheme: options['scheme'],
    layout:
      options['layout'] === undefined
        ? undefined
        : choiceOption(options, 'layout', ['one', 'row', 'column'] as const, 'row'),
    formats,
  };
}
