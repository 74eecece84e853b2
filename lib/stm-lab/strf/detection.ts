import { inputError } from 'research-basics/errors';
import { durationOf, intersectionOf, unionOf, type Segment } from '../corpus';

/** Reference and hypothesis of one recording. */
export interface DetectionTask {
  readonly reference: readonly Segment[];
  readonly hypothesis: readonly Segment[];
  /** What is scored; default everything. */
  readonly scored?: readonly Segment[] | undefined;
}

/** Seconds behind a detection error rate: they add up over recordings. */
export interface DetectionSeconds {
  readonly speech: number;
  readonly missed: number;
  readonly falseAlarm: number;
}

/** Seconds of speech, missed speech and false alarm of one recording, without a collar. */
export function detectionSeconds({ reference, hypothesis, scored }: DetectionTask): DetectionSeconds {
  const within = (segments: readonly Segment[]): Segment[] =>
    scored === undefined ? unionOf(segments) : intersectionOf(segments, scored);
  const speech = within(reference);
  const claimed = within(hypothesis);
  const hit = durationOf(intersectionOf(speech, claimed));
  return {
    speech: durationOf(speech),
    missed: durationOf(speech) - hit,
    falseAlarm: durationOf(claimed) - hit,
  };
}

/** Detection error rate and its two parts, as shares of the reference speech. */
export interface DetectionErrorRate {
  readonly rate: number;
  readonly missed: number;
  readonly falseAlarm: number;
  /** Seconds of reference speech. */
  readonly speech: number;
}

/**
 * (missed + false alarm) / reference speech, seconds summed over recordings before dividing.
 *
 * @throws UserError (`input`) when no reference speech is scored.
 */
export function detectionErrorRate(recordings: readonly DetectionSeconds[]): DetectionErrorRate {
  const sum = (of: (seconds: DetectionSeconds) => number): number =>
    recordings.reduce((total, seconds) => total + of(seconds), 0);
  const speech = sum((seconds) => seconds.speech);
  if (!(speech > 0))
    throw inputError('detection error rate: the reference holds no speech in the scored part');
  const missed = sum((seconds) => seconds.missed) / speech;
  const falseAlarm = sum((seconds) => seconds.falseAlarm) / speech;
  return { rate: missed + falseAlarm, missed, falseAlarm, speech };
}

/** How probabilities become segments. */
export interface HysteresisOptions {
  /** Speech begins above this. */
  readonly onset: number;
  /** Speech ends below this. */
  readonly offset: number;
  /** Shorter speech is dropped, seconds; before gaps are filled, as pyannote did in 2020. Default 0. */
  readonly minimumOn?: number;
  /** Shorter gaps are filled, seconds. Default 0. */
  readonly minimumOff?: number;
}

/**
 * Turns a probability per frame into segments: speech begins where it rises above `onset` and ends where
 * it falls below `offset`; then speech shorter than `minimumOn` is dropped and gaps shorter than
 * `minimumOff` are filled.
 *
 * @param probabilities one per frame; frame i stands for i / rate .. (i + 1) / rate seconds after `start`.
 * @param frameRate frames per second.
 * @param start seconds at which the first frame's stretch begins; default 0.
 */
export function hysteresis(
  probabilities: ArrayLike<number>,
  frameRate: number,
  options: HysteresisOptions,
  start = 0,
): Segment[] {
  const { onset, offset, minimumOn = 0, minimumOff = 0 } = options;
  const raw: { begin: number; end: number }[] = [];
  let begin = -1;
  for (let i = 0; i < probabilities.length; i++) {
    if (begin < 0 && probabilities[i]! > onset) begin = i;
    else if (begin >= 0 && probabilities[i]! < offset) {
      raw.push({ begin: start + begin / frameRate, end: start + i / frameRate });
      begin = -1;
    }
  }
  if (begin >= 0)
    raw.push({ begin: start + begin / frameRate, end: start + probabilities.length / frameRate });
  const filled: { begin: number; end: number }[] = [];
  for (const segment of raw) {
    if (segment.end - segment.begin < minimumOn) continue;
    const last = filled.at(-1);
    if (last !== undefined && segment.begin - last.end < minimumOff) last.end = segment.end;
    else filled.push(segment);
  }
  return filled;
}

/** A recording with its probabilities, for tuning. */
export interface ProbabilityTrack {
  readonly probabilities: Float32Array;
  readonly frameRate: number;
  /** Seconds at which the first frame's stretch begins. */
  readonly start: number;
  readonly reference: readonly Segment[];
  readonly scored?: readonly Segment[] | undefined;
}

/** Detection error rate of tracks under one rule. */
export function trackErrorRate(
  tracks: readonly ProbabilityTrack[],
  options: HysteresisOptions,
): DetectionErrorRate {
  return detectionErrorRate(
    tracks.map(({ probabilities, frameRate, start, reference, scored }) =>
      detectionSeconds({
        reference,
        hypothesis: hysteresis(probabilities, frameRate, options, start),
        scored,
      }),
    ),
  );
}

/**
 * Chooses onset, offset and the two shortest durations that make the fewest errors on development tracks:
 * a common threshold in steps of 0.02 first, then one number after the other until none helps. Of equal
 * ones the first stays.
 */
export function tuneHysteresis(tracks: readonly ProbabilityTrack[]): Required<HysteresisOptions> {
  let best: Required<HysteresisOptions> = { onset: 0.5, offset: 0.5, minimumOn: 0, minimumOff: 0 };
  let lowest = trackErrorRate(tracks, best).rate;
  const attempt = (candidate: Required<HysteresisOptions>): boolean => {
    const { rate } = trackErrorRate(tracks, candidate);
    if (!(rate < lowest - 1e-12)) return false;
    lowest = rate;
    best = candidate;
    return true;
  };
  const thresholds = Array.from({ length: 49 }, (_, i) => (i + 1) / 50);
  const durations = Array.from({ length: 21 }, (_, i) => i / 10);
  for (const threshold of thresholds) attempt({ ...best, onset: threshold, offset: threshold });
  for (let improved = true; improved;) {
    improved = false;
    for (const onset of thresholds)
      if (onset >= best.offset) improved = attempt({ ...best, onset }) || improved;
    for (const offset of thresholds)
      if (offset <= best.onset) improved = attempt({ ...best, offset }) || improved;
    for (const minimumOn of durations) improved = attempt({ ...best, minimumOn }) || improved;
    for (const minimumOff of durations) improved = attempt({ ...best, minimumOff }) || improved;
  }
  return best;
}
