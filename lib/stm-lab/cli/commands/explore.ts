import { readPageModel, startExplorer } from '../../explore';
import { integerOption, type Command } from '../command';
import { terminalContext } from '../context';
import { listenForInterrupts } from '../interrupt';

export const explore: Command = {
  name: 'explore',
  summary: 'See and hear the modulations of a sound in the browser, on this machine only.',
  options: {
    model: {
      value: 'DIR',
      help: 'model folder of "stm-lab train --features" for class probabilities over time',
      default: 'a model of the synthetic demo corpus, to try the page',
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
      ...(options['model'] === undefined ? {} : { model: readPageModel(options['model']) }),
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
