import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeWav } from 'stm-lab/dist/audio';

/** The 29 fine tags of SONYC-UST version 2 in the order of its table. */
export const FINE = [
  ...['1-1_small-sounding-engine', '1-2_medium-sounding-engine', '1-3_large-sounding-engine'],
  ...['1-X_engine-of-uncertain-size', '2-1_rock-drill', '2-2_jackhammer', '2-3_hoe-ram', '2-4_pile-driver'],
  ...['2-X_other-unknown-impact-machinery', '3-1_non-machinery-impact', '4-1_chainsaw'],
  ...['4-2_small-medium-rotating-saw', '4-3_large-rotating-saw', '4-X_other-unknown-powered-saw'],
  ...['5-1_car-horn', '5-2_car-alarm', '5-3_siren', '5-4_reverse-beeper', '5-X_other-unknown-alert-signal'],
  ...['6-1_stationary-music', '6-2_mobile-music', '6-3_ice-cream-truck', '6-X_music-from-uncertain-source'],
  ...['7-1_person-or-small-group-talking', '7-2_person-or-small-group-shouting', '7-3_large-crowd'],
  ...['7-4_amplified-speech', '7-X_other-unknown-human-voice', '8-1_dog-barking-whining'],
];

/** Its 8 coarse tags. */
export const COARSE = [
  ...['1_engine', '2_machinery-impact', '3_non-machinery-impact', '4_powered-saw', '5_alert-signal'],
  ...['6_music', '7_human-voice', '8_dog'],
];

/** One line of the table: who heard what. Tags that are not named are absent. */
export interface Annotation {
  readonly split: string;
  readonly sensor: number;
  readonly file: string;
  readonly annotator: number;
  readonly present: readonly string[];
  /** Tags that this annotator was not asked for. */
  readonly notAsked?: readonly string[];
}

const CONTEXT = ['borough', 'block', 'latitude', 'longitude', 'year', 'week', 'day', 'hour'];

/** The table as it is published, proximities included. */
export function annotationTable(annotations: readonly Annotation[]): string {
  const header = [
    ...['split', 'sensor_id', 'audio_filename', 'annotator_id'],
    ...CONTEXT,
    ...FINE.map((tag) => `${tag}_presence`),
    ...FINE.map((tag) => `${tag}_proximity`),
    ...COARSE.map((tag) => `${tag}_presence`),
  ];
  const lines = annotations.map(({ split, sensor, file, annotator, present, notAsked = [] }) => {
    const answer = (tag: string): string =>
      notAsked.includes(tag) ? '-1' : present.includes(tag) ? '1' : '0';
    return [
      ...[split, String(sensor), file, String(annotator)],
      ...['1', '547', '40.72951', '-73.99388', '2017', '12', '3', '14'],
      ...FINE.map(answer),
      ...FINE.map((tag) => (present.includes(tag) ? 'near' : '-1')),
      ...COARSE.map(answer),
    ];
  });
  return `${[header, ...lines].map((cells) => cells.join(',')).join('\n')}\n`;
}

/** Writes the folder as the archives unpack: the table, and recordings in `audio` and `audio-eval-0`. */
export function writeSonycTree(
  folder: string,
  annotations: readonly Annotation[],
  sound: (file: string, present: readonly string[]) => { samples: Float32Array; rate: number } | undefined,
): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'annotations.csv'), annotationTable(annotations));
  const heard = new Map<string, { split: string; present: Set<string> }>();
  for (const { file, split, present } of annotations) {
    const entry = heard.get(file) ?? { split, present: new Set() };
    present.forEach((tag) => entry.present.add(tag));
    heard.set(file, entry);
  }
  for (const [file, { split, present }] of heard) {
    const made = sound(file, [...present]);
    if (made === undefined) continue;
    const inner = path.join(folder, split === 'test' ? 'audio-eval-0' : 'audio');
    fs.mkdirSync(inner, { recursive: true });
    writeWav(path.join(inner, file), made.samples, made.rate);
  }
}
