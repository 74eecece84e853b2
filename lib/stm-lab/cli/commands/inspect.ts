import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { saveFigure } from '../../figures';
import { drawRecording } from '../../pipeline';
import { choiceOption, type Command } from '../command';

export const inspect: Command = {
  name: 'inspect',
  summary: 'Draw one recording: waveform, cochleagram, modulation spectrum, features.',
  positionals: 'FILE',
  options: {
    out: {
      value: 'BASE',
      help: 'path of the figure without its extension',
      default: "the recording's name, in the working folder",
    },
    start: { value: 'S', help: 'second at which the excerpt begins', default: '0' },
    channels: { value: 'SET', help: 'published (150) or paper (128)', default: 'published' },
  },
  details: 'Writes BASE.svg and BASE.png.',
  example: 'stm-lab inspect bird.flac --start 12',
  async run(options, [file], terminal) {
    if (file === undefined) throw inputError('stm-lab inspect: name an audio file');
    const start = Number(options['start'] ?? 0);
    if (!(start >= 0))
      throw inputError(`--start ${options['start']}: must be a number of seconds, 0 or more`);
    const spec = await drawRecording({
      file,
      startSeconds: start,
      channels: choiceOption(options, 'channels', ['published', 'paper'] as const, 'published'),
      title: path.basename(file),
    });
    const base = options['out'] ?? path.parse(file).name;
    (await saveFigure(spec, base, { formats: ['svg', 'png'] })).forEach((written) => terminal.print(written));
    return 0;
  },
};
