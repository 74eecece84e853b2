import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { startExplorer, type PageModel } from '../../explore';
import { stmAxes } from '../../features';
import { isExcerptModel, linearExcerptModel } from '../../pipeline';
import { integerOption, type Command } from '../command';
import { terminalContext } from '../context';
import { listenForInterrupts } from '../interrupt';

export const explore: Command = {
  name: 'explore',
  summary: 'See and hear the modulations of a sound in the browser, on this machine only.',
  options: {
    model: {
      value: 'DIR',
      help: 'model folder of "stm-lab train --features": class probabilities over time',
    },
    port: { value: 'N', help: 'port on 127.0.0.1', default: 'a free one' },
  },
  details: [
    'Serves one page that needs no network and sends nothing: drop a sound file or use the microphone, see its cochleagram,',
    'modulation spectrum and features, draw a region of the modulation plane and hear it alone, or the sound without it.',
  ].join('\n'),
  example: 'stm-lab explore --port 8080',
  async run(options, _positionals, terminal) {
    const { signal } = terminalContext(terminal);
    const explorer = await startExplorer({
      ...(options['port'] === undefined
        ? {}
        : { port: integerOption(options, 'port', { min: 1, max: 65535, fallback: 0 }) }),
      ...(options['model'] === undefined ? {} : { model: pageModel(options['model']) }),
    });
    terminal.print(`explore: ${explorer.uri}`);
    terminal.print('Open it in a browser. Press Ctrl-C to stop it.');
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await explorer.close();
    return listenForInterrupts().exitCode(0);
  },
};

/** A model folder as the page takes it. */
function pageModel(folder: string): PageModel {
  if (!isExcerptModel(folder))
    throw inputError(
      `${folder}: is not a model of excerpts; make one with "stm-lab extract --keep excerpts" and "stm-lab train --features"`,
    );
  const { record, members } = linearExcerptModel(folder);
  const {
    classes,
    parameters,
    rateHz,
    scaleCycPerOct = stmAxes().scaleCycPerOct,
    choice,
    temperature,
  } = record;
  return {
    label: path.basename(path.resolve(folder)),
    classes,
    parameters,
    axes: { rateHz, scaleCycPerOct },
    preparation: choice,
    temperature,
    members,
  };
}
