import { deriveSeed } from 'research-basics/random/seeds';
import { drawBand, renderMusic } from './music';
import { drawSinger, renderSinging } from './singing';
import { drawTalker, renderDictation, renderSpeech, type Resample } from './speech';
import { drawFrom, type Draw } from './synthesis/draw';
import { filter, highpass, lowpass } from './synthesis/filters';
import { addRelative, master } from './synthesis/mix';
import { noise } from './synthesis/noise';
import { drawStreet, renderStreet } from './urban';
import { drawSite, renderLoneCall, renderSite } from './wildlife';

/** Sampling rates in Hz, one per group; all hold the 7 kHz that the features look at. */
const RATES = [16000, 22050, 24000, 32000, 44100];

/** A rendering of one group, before the microphone. */
interface Scene {
  /** Name of the group without its number. */
  readonly name: string;
  /** For the manifest's column `language_or_genre`. */
  readonly genre: string;
  render(draw: Draw, seconds: number, rate: number): Float32Array | Promise<Float32Array>;
  /** The one recording of the class that the silence rule rejects, where the class has one. */
  readonly silent?: {
    readonly genre: string;
    render(draw: Draw, seconds: number, rate: number): Float32Array | Promise<Float32Array>;
  };
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '');
}

function talkers(tone: 'tonal' | 'non-tonal') {
  return (draw: Draw, index: number, resample: Resample): Scene => {
    const talker = drawTalker(draw, index, tone, resample);
    const { name } = talker.language;
    return {
      name: slug(name),
      genre: name,
      render: (take, seconds, rate) => renderSpeech(take, talker, seconds, rate),
      ...(tone === 'non-tonal' && {
        silent: {
          genre: `${name}, dictated with long pauses`,
          render: (take: Draw, seconds: number, rate: number) => renderDictation(take, talker, seconds, rate),
        },
      }),
    };
  };
}

/** The six classes: label, folder, and how a group of the class comes to be. */
const CLASSES: readonly {
  readonly label: string;
  readonly folder: string;
  scene(draw: Draw, index: number, resample: Resample): Scene;
}[] = [
  { label: 'speech: non-tonal', folder: 'speech-nontonal', scene: talkers('non-tonal') },
  { label: 'speech: tonal', folder: 'speech-tonal', scene: talkers('tonal') },
  {
    label: 'music: vocal',
    folder: 'music-vocal',
    scene: (draw, index) => {
      const singer = drawSinger(draw, index);
      return {
        name: 'singer',
        genre: singer.genre,
        render: (take, s, rate) => renderSinging(take, singer, s, rate),
      };
    },
  },
  {
    label: 'music: non-vocal',
    folder: 'music-nonvocal',
    scene: (draw, index) => {
      const band = drawBand(draw, index);
      return { name: 'band', genre: band.genre, render: (take, s, rate) => renderMusic(take, band, s, rate) };
    },
  },
  {
    label: 'env: urban',
    folder: 'env-urban',
    scene: (draw, index) => {
      const street = drawStreet(draw, index);
      return {
        name: 'street',
        genre: street.genre,
        render: (take, s, rate) => renderStreet(take, street, s, rate),
      };
    },
  },
  {
    label: 'env: wildlife',
    folder: 'env-wildlife',
    scene: (draw, index) => {
      const site = drawSite(draw, index);
      return {
        name: 'site',
        genre: site.genre,
        render: (take, s, rate) => renderSite(take, site, s, rate),
        silent: { genre: 'lone calls, long silences', render: renderLoneCall },
      };
    },
  },
];

/** One recording to be made. */
export interface PlannedRecording {
  /** Relative to the corpus folder, with forward slashes. */
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly genre: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Length in samples. */
  readonly length: number;
  /** Makes the samples: mono, -1 .. 1, without DC or clipping. */
  render(): Promise<Float32Array>;
}

/** What a corpus is to hold. */
export interface PlanOptions {
  readonly seed: number;
  /** Recordings of each class. */
  readonly recordings: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

/** Take 3 of a class's first group is its silent one, where it has one. */
const SILENT = { group: 0, take: 2 };

/**
 * All recordings of a corpus, in manifest order; nothing is rendered yet. A class of `recordings`
 * has max(12, recordings / 3) groups, takes dealt out in turn, so that 12 recordings or more always
 * make 12 groups. A recording depends on seed, class, group and take alone.
 *
 * @param resample brings the synthesiser's speech to the recording's sampling rate.
 */
export function planCorpus(options: PlanOptions, resample: Resample): PlannedRecording[] {
  const { seed, recordings, minSeconds, maxSeconds } = options;
  const groups = Math.max(12, Math.round(recordings / 3));
  const planned: PlannedRecording[] = [];
  for (const { label, folder, scene } of CLASSES) {
    for (let g = 0; g < Math.min(groups, recordings); g++) {
      const draw = drawFrom(deriveSeed(seed, label, g));
      const sampleRate = draw.pick(RATES);
      const microphone = drawMicrophone(draw);
      const made = scene(draw, g, resample);
      const group = `${made.name}-${String(g + 1).padStart(2, '0')}`;
      for (let take = 0; g + take * groups < recordings; take++) {
        const takeSeed = deriveSeed(seed, label, g, take);
        const length = Math.round(drawFrom(takeSeed).uniform(minSeconds, maxSeconds) * sampleRate);
        const { genre, render } =
          g === SILENT.group && take === SILENT.take && made.silent !== undefined ? made.silent : made;
        planned.push({
          path: `${folder}/${group}__${String(take + 1).padStart(2, '0')}.wav`,
          label,
          group,
          genre,
          sampleRate,
          length,
          render: async () => {
            const own = drawFrom(deriveSeed(takeSeed, 'sound'));
            const samples = await render(own, length / sampleRate, sampleRate);
            return throughMicrophone(own, samples, sampleRate, microphone);
          },
        });
      }
    }
  }
  return planned;
}

/** The recording chain of a group; drawn alike for all classes, so that it tells nothing of the class. */
interface Microphone {
  readonly lowHz: number;
  readonly highHz: number;
  /** Own noise below the signal, in dB. */
  readonly noiseBelow: number;
}

function drawMicrophone(draw: Draw): Microphone {
  return { lowHz: draw.ratio(30, 200), highHz: draw.ratio(4500, 16000), noiseBelow: draw.uniform(38, 60) };
}

function throughMicrophone(
  draw: Draw,
  samples: Float32Array,
  rate: number,
  microphone: Microphone,
): Float32Array {
  filter(samples, highpass(rate, microphone.lowHz), lowpass(rate, microphone.highHz));
  addRelative(samples, noise(draw, samples.length, 'pink'), -microphone.noiseBelow);
  return master(samples, rate, Math.pow(10, draw.uniform(-30, -17) / 20));
}
