import { convertEmbedding } from '../../pipeline';
import type { Command } from '../command';
import { terminalContext } from '../context';

export const convert: Command = {
  name: 'convert',
  summary: 'Convert a pretrained network of a Python package to an ONNX file for --kind embedding.',
  options: {
    model: { value: 'NAME', help: 'which network: musicnn', default: 'musicnn' },
    wheel: {
      value: 'FILE',
      help: 'the Python package as a file, on a machine without network',
      default: 'pip downloads it',
    },
    out: {
      value: 'FOLDER',
      help: 'where NAME.onnx is written',
      default: 'models/, where --model NAME finds it',
    },
  },
  details: [
    'Needs Python 3.9 or later with pip, and neither TensorFlow nor the packages that the package asks for. Writes NAME.onnx',
    'and checks that it is the file which the description of the model states by its SHA-256: the same on every machine.',
    'The licence of the weights is that of the package (musicnn: ISC).',
  ].join('\n'),
  example: 'stm-lab convert --model musicnn',
  async run(options, _positionals, terminal) {
    const file = await convertEmbedding({
      model: options['model'] ?? 'musicnn',
      wheel: options['wheel'],
      out: options['out'],
      signal: terminalContext(terminal).signal,
    });
    terminal.print(file);
    return 0;
  },
};
