import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { FIGURE_NAMES, openWorkbench, saveFigures, type FigureName } from '../../pipeline';
import { type Command } from '../command';
import { terminalContext } from '../context';

export const figures: Command = {
  name: 'figures',
  summary: 'Draw the figures of an experiment, running the stages that are missing.',
  positionals: '[NAME...]',
  options: {
    manifest: { value: 'M.csv', help: 'recordings', default: 'the synthetic demo corpus' },
    experiment: { value: 'NAME', help: 'configuration in experiments/, or a JSON file', default: 'smoke' },
    results: { value: 'DIR', help: 'folder of all results', default: 'results' },
  },
  details: `Writes SVG, PNG and Vega-Lite files. A figure that these results cannot have is named with the reason; exit 1 when it was asked for. Figures: ${FIGURE_NAMES.join(', ')}.`,
  example: 'stm-lab figures class-means ablation --manifest corpus/manifest.csv',
  async run(options, names, terminal) {
    const unknown = names.find((name) => !(FIGURE_NAMES as readonly string[]).includes(name));
    if (unknown !== undefined)
      throw inputError(`figure "${unknown}": must be one of ${FIGURE_NAMES.join(', ')}`);
    const lab = await openWorkbench({
      manifest: options['manifest'],
      experiment: options['experiment'],
      results: options['results'],
      ...terminalContext(terminal),
    });
    try {
      const skipped: string[] = [];
      const files = await saveFigures(lab, {
        signal: terminalContext(terminal).signal,
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
