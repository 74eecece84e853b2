import { FEATURE_KIND_NAMES } from '../../features';
import {
  extractShardStage,
  extractStage,
  mergeShardsStage,
  outcomeText,
  readExperiment,
  readExtraction,
} from '../../pipeline';
import { choiceOption, integerOption, shardOption, type Command } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { printTable } from '../table';
import {
  COLLECTION,
  FEATURE_SETTINGS,
  featureSettings,
  MAX_SILENCE,
  OUT,
  SHARD_OPTIONS,
  KIND,
  PRESET,
  silenceOption,
  statusText,
  workersOption,
} from '../stageOptions';

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
    preset: { ...PRESET, help: `${PRESET.help}, whose features are extracted`, default: 'the options here' },
    kind: KIND,
    ...FEATURE_SETTINGS,
    'max-silence': MAX_SILENCE,
    keep: {
      value: 'WHAT',
      help: 'mean, or excerpts: also excerpts.npy and excerpts.csv, one row per 4-s excerpt (not for mel)',
      default: 'mean',
    },
    workers: { value: 'N', help: 'worker threads; the result does not depend on them', default: 'all cores' },
    paths: {
      value: 'WHERE',
      help: "anywhere, or inside: refuse recordings outside the manifest's folder (for manifests from other people)",
      default: 'anywhere',
    },
    collection: COLLECTION,
    ...SHARD_OPTIONS,
    failures: {
      value: 'WHAT',
      help: 'with --merge: refuse shards in which recordings failed, or leave-out those recordings',
      default: 'refuse',
    },
    ...TRACKING_OPTIONS,
  },
  details: [
    'Reads WAV, SPHERE, FLAC, MP3, Ogg Vorbis, Opus and declared raw PCM; with FFmpeg also M4A, AAC, AIFF, CAF, WMA and',
    'others (FFmpeg: the program that STM_LAB_FFMPEG names, that of .venv, or ffmpeg on the path). Writes features.npy (float32, accepted',
    'recordings in manifest order), index.csv, rejected.csv (path, reason, outcome, label), axes.json, extraction.json; and',
    'decoding.csv where FFmpeg decoded some or some do not match their headers (truncated files, for example), and',
    'duplicates.csv where recordings of the same bytes have different groups or labels. A recording that was extracted before',
    '(same bytes, same parameters) is not extracted again, even after a kill. A recording whose content is unusable is',
    'remembered; one that failed (disk, memory, a decoder not installed) is tried again on the next run, and the command',
    'exits 1 after all others are done. With --shard the',
    'results go to OUT/shards/K-of-N; --merge combines them into exactly the files that one run writes.',
  ].join('\n'),
  example: 'stm-lab extract --manifest corpus/manifest.csv --out results/corpus/features',
  async run(options, _positionals, terminal) {
    const out = options['out']!;
    const preset = options['preset'] === undefined ? undefined : readExperiment(options['preset']).features;
    const kind = choiceOption(options, 'kind', FEATURE_KIND_NAMES, preset?.kind ?? 'stm');
    const keep = choiceOption(options, 'keep', ['mean', 'excerpts'] as const, 'mean');
    const maxSilenceSeconds = silenceOption(options) ?? preset?.maxSilenceSeconds;
    const request = {
      manifest: options['manifest']!,
      paths: choiceOption(options, 'paths', ['anywhere', 'inside'] as const, 'anywhere'),
      collection: options['collection'],
      out,
      features: {
        kind,
        ...featureSettings(options, kind, preset?.kind === kind ? preset : {}),
        ...(maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds }),
        ...(keep === 'excerpts' ? { keep } : {}),
      },
    };
    const workers = workersOption(options);
    const shard = shardOption(options, 'shard');
    if (shard !== undefined) {
      const { status, recordings, accepted, failed, computed, reused } = await withStage(
        options,
        out,
        terminal,
        (context) => extractShardStage({ ...request, workers, shard }, context),
      );
      terminal.print(
        `${out}: shard ${shard.number} of ${shard.of}: ${recordings} recordings, ${accepted} accepted (${computed} computed, ${reused} reused); ${failed.length === 0 ? statusText(status) : `not done: ${failed.length} FAILED, run again to retry them`}`,
      );
      return failed.length === 0 ? 0 : 1;
    }
    if (options['merge'] !== undefined) {
      const shards = integerOption(options, 'merge', { min: 1, fallback: 1 });
      const failures = choiceOption(options, 'failures', ['refuse', 'leave-out'] as const, 'refuse');
      const { accepted, rejected, failed } = await withStage(options, out, terminal, (context) =>
        mergeShardsStage({ ...request, shards, failures }, context),
      );
      terminal.print(
        `${out}: ${shards} shards merged: ${accepted} accepted, ${rejected} rejected${failed === 0 ? '' : `, ${failed} FAILED and left out`}`,
      );
      return failed === 0 ? 0 : 1;
    }
    const summary = await withStage(options, out, terminal, (context) =>
      extractStage({ ...request, workers }, context),
    );
    const speed =
      summary.computed === 0
        ? ''
        : `, ${((3600 * summary.audioHours) / summary.seconds).toFixed(0)} x real time`;
    const { classes = [] } = readExtraction(out);
    printTable(
      terminal,
      classes.map(({ label, listed, accepted, failed }) => ({
        class: label,
        recordings: listed,
        accepted,
        rejected: listed - accepted - failed,
        failed,
      })),
    );
    terminal.print(
      `${out}: ${outcomeText(summary)} (${summary.computed} computed, ${summary.reused} reused${speed})`,
    );
    return summary.failed === 0 ? 0 : 1;
  },
};
