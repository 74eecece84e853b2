import { extractStage } from '../../pipeline';
import { choiceOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { OUT, workersOption } from '../stageOptions';

export const extract: Command = {
  name: 'extract',
  summary: 'Extract features of every recording of a manifest.',
  options: {
    manifest: {
      value: 'M.csv',
      help: 'recordings: columns path, label, group, optionally start_s',
      required: 'yes',
    },
    out: OUT,
    features: { value: 'KIND', help: 'stm or mel', default: 'stm' },
    channels: {
      value: 'SET',
      help: 'filter bank of the STM: published (150) or paper (128)',
      default: 'published',
    },
    workers: { value: 'N', help: 'worker threads; the result does not depend on them', default: 'all cores' },
    ...TRACKING_OPTIONS,
  },
  details: [
    'Reads WAV, SPHERE, FLAC, MP3, Ogg Vorbis, Opus and declared raw PCM. Writes features.npy (float32, accepted',
    'recordings in manifest order), index.csv, rejected.csv (path, reason), axes.json, extraction.json. A recording',
    'that was extracted before (same bytes, same parameters) is not extracted again, also after a kill.',
  ].join('\n'),
  example: 'stm-lab extract --manifest corpus/manifest.csv --out results/corpus/features',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const kind = choiceOption(options, 'features', ['stm', 'mel'] as const, 'stm');
    const channels = choiceOption(options, 'channels', ['published', 'paper'] as const, 'published');
    const summary = await withStage(options, out, terminal, (context) =>
      extractStage(
        {
          manifest: options['manifest']!,
          out,
          features: kind === 'stm' ? { kind, channels } : { kind },
          workers: workersOption(options),
        },
        context,
      ),
    );
    const speed =
      summary.computed === 0
        ? ''
        : `, ${((3600 * summary.audioHours) / summary.seconds).toFixed(0)} x real time`;
    terminal.print(
      `${out}: ${summary.accepted} accepted, ${summary.rejected.length} rejected (${summary.computed} computed, ${summary.reused} kept${speed})`,
    );
    return 0;
  },
};
