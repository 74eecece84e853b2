import { inputError } from 'research-basics/errors';
import { uniqueCodes } from '../../base/codePoints';
import type { VerificationRecording } from '../../corpus';
import type { StrfTraining } from '../train';
import { soundAt } from './sounds';

/** Speakers held out for a best record: one in so many, and at most so many. */
const [DEVELOPMENT_EVERY, DEVELOPMENT_SPEAKERS] = [20, 40];

/** Which training recordings are used for what. */
export interface SpeakerChoice {
  readonly train: readonly VerificationRecording[];
  /** Of speakers who do not train, where a best record is chosen; else empty. */
  readonly development: readonly VerificationRecording[];
  /** Speakers with too little sound. */
  readonly dropped: number;
}

/**
 * Leaves out speakers with little sound, and holds some out where a best record is chosen.
 *
 * @param limits `minimumSeconds` of sound a speaker needs; `recordings` of a speaker who is held out, at most.
 * @throws UserError (`input`) when fewer than two speakers are left to train on, or only one can be held out.
 */
export async function chooseSpeakers(
  recordings: readonly VerificationRecording[],
  { epoch }: StrfTraining,
  limits: {
    readonly minimumSeconds: number;
    readonly recordings: number;
    readonly sampleRate: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<SpeakerChoice> {
  const { minimumSeconds } = limits;
  const ofSpeaker = new Map<string, VerificationRecording[]>();
  for (const recording of recordings)
    ofSpeaker.set(recording.speaker, [...(ofSpeaker.get(recording.speaker) ?? []), recording]);
  const { values: all } = uniqueCodes([...ofSpeaker.keys()]);
  const kept: string[] = [];
  for (const speaker of all)
    if (await hasSeconds(ofSpeaker.get(speaker)!, minimumSeconds, limits)) kept.push(speaker);
  const several = kept.filter((speaker) => ofSpeaker.get(speaker)!.length > 1);
  const count = Math.min(Math.max(2, Math.round(several.length / DEVELOPMENT_EVERY)), DEVELOPMENT_SPEAKERS);
  const heldOut = new Set(epoch === 'best' ? spread(several, count) : []);
  const trained = new Set(kept.filter((speaker) => !heldOut.has(speaker)));
  if (trained.size < 2 || heldOut.size === 1)
    throw inputError(
      `speaker: ${trained.size} speakers are left to train on (${kept.length} with ${minimumSeconds} s or more, ${heldOut.size} held out to choose an epoch); two are needed`,
    );
  return {
    train: recordings.filter(({ speaker }) => trained.has(speaker)),
    development: [...heldOut].flatMap((speaker) => spread(ofSpeaker.get(speaker)!, limits.recordings)),
    dropped: all.length - kept.length,
  };
}

/** Whether recordings hold so much sound; read until they do. */
async function hasSeconds(
  recordings: readonly VerificationRecording[],
  seconds: number,
  { sampleRate, signal }: { readonly sampleRate: number; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  let total = 0;
  for (const { file } of recordings) {
    if (total >= seconds) break;
    total += (await soundAt(file, sampleRate, signal)).length / sampleRate;
  }
  return total >= seconds;
}

/** Up to a number of items, evenly spread over a list. */
export function spread<T>(items: readonly T[], most: number): T[] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
