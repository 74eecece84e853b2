import { inputError } from 'research-basics/errors';

/** Length of an excerpt in seconds: it fixes the temporal modulation resolution of 0.25 Hz. */
export const EXCERPT_SECONDS = 4;

/** When an excerpt counts as holding a pause too long to be analysed. */
export interface SilenceRule {
  /** Root mean square to which every excerpt is scaled first. Default 0.1. */
  readonly targetRms: number;
  /** Samples below this magnitude, after scaling, are silent. Default 0.02. */
  readonly silenceLevel: number;
  /** An excerpt is rejected when a run of silent samples lasts this long or longer, seconds. Default 1. */
  readonly maxSilenceSeconds: number;
}

/** The published rule. */
export const SILENCE_RULE: SilenceRule = { targetRms: 0.1, silenceLevel: 0.02, maxSilenceSeconds: 1 };

/** What the silence rule finds in one excerpt. */
export interface ExcerptCheck {
  /** Factor that scales the excerpt to the target level; 0 for digital silence, NaN if a sample is not finite. */
  readonly gain: number;
  /** Longest run of silent samples, seconds. */
  readonly longestSilenceSeconds: number;
  readonly verdict: 'accepted' | 'silent' | 'not finite';
}

/** Factor that scales samples to a root mean square; 0 for digital silence, NaN if a sample is not finite. */
export function gainTo(targetRms: number, samples: Float32Array): number {
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += samples[i]! * samples[i]!;
  if (!Number.isFinite(power)) return NaN;
  return power === 0 ? 0 : targetRms / Math.sqrt(power / samples.length);
}

/**
 * Length of the longest run of indices below `length` that have a property. A longer one than that known so far must
 * cover a window of that length, which is looked at from its end: most windows are left after an index or two.
 */
function longestRun(length: number, has: (index: number) => boolean): number {
  let longest = 0;
  let start = 0;
  // All from `start` up to here are known to have it.
  let known = 0;
  while (start + longest < length) {
    const end = start + longest + 1;
    let last = end - 1;
    while (last >= known && has(last)) last--;
    if (last >= known) {
      start = last + 1;
      known = end;
    } else {
      let after = end;
      while (after < length && has(after)) after++;
      longest = after - start;
      start = known = after + 1;
    }
  }
  return longest;
}

/**
 * Applies the silence rule to one excerpt, at the recording's own sampling rate. An excerpt without a single
 * silent sample is accepted; the published code rejects it, by taking the maximum of an empty list, which natural
 * sound never meets.
 */
export function checkExcerpt(
  samples: Float32Array,
  sampleRate: number,
  rule: SilenceRule = SILENCE_RULE,
): ExcerptCheck {
  const gain = gainTo(rule.targetRms, samples);
  if (Number.isNaN(gain)) return { gain, longestSilenceSeconds: 0, verdict: 'not finite' };
  const longest = longestRun(samples.length, (i) => Math.abs(samples[i]! * gain) < rule.silenceLevel);
  const longestSilenceSeconds = longest / sampleRate;
  const verdict = gain > 0 && longestSilenceSeconds < rule.maxSilenceSeconds ? 'accepted' : 'silent';
  return { gain, longestSilenceSeconds, verdict };
}

/** Which excerpts of a recording are looked at. */
export interface ScanOptions {
  /** Seconds skipped at the beginning. */
  readonly startSeconds: number;
  /** Excerpts accepted at most. */
  readonly maxExcerpts: number;
  /** Seconds from the beginning of an excerpt to that of the next, above 0 and at most 4. Default 4: back to back. */
  readonly hopSeconds?: number | undefined;
  readonly rule: SilenceRule;
}

/** What a scan found. */
export interface ScanSummary {
  /** Accepted excerpts. */
  readonly excerpts: number;
  readonly analysedSeconds: number;
  /** Seconds looked at, rejected excerpts included. */
  readonly scannedSeconds: number;
  /** Samples from the beginning of the recording to the end of the last excerpt looked at. */
  readonly endSample: number;
  /** Longest pause in the accepted excerpts, seconds. */
  readonly longestSilenceSeconds: number;
}

/** Why a recording has no features, in one sentence without a file name. */
export interface Rejection {
  readonly reason: string;
}

/** An accepted excerpt on its way to the analysis. */
export interface AcceptedExcerpt {
  /** As recorded, unscaled. Valid during the call only. */
  readonly samples: Float32Array;
  readonly check: ExcerptCheck;
  /** Where it begins in the recording, seconds. */
  readonly startSeconds: number;
}

/** A scan fed with blocks of a recording. */
export interface ExcerptScan {
  /** Takes the next samples (mono). Returns `enough` once further samples cannot change the result. */
  push(block: Float32Array): 'more' | 'enough';
  finish(): ScanSummary | Rejection;
}

/**
 * Starts scanning one recording: 4-s excerpts, back to back unless a hop is given, from `startSeconds`, each checked by
 * the silence rule, until enough are accepted. A tail shorter than an excerpt is ignored. Memory: one excerpt.
 *
 * @param sampleRate Hz, a positive integer
 * @param analyse measures an excerpt that the silence rule lets pass; `flat` when there is nothing in it to measure,
 *   so that it does not count as accepted
 * @throws UserError (`input`) for a hop that is not above 0 and at most an excerpt.
 */
export function startExcerptScan(
  sampleRate: number,
  { startSeconds, maxExcerpts, hopSeconds = EXCERPT_SECONDS, rule }: ScanOptions,
  analyse: (excerpt: AcceptedExcerpt) => 'measured' | 'flat',
): ExcerptScan {
  if (!(hopSeconds > 0 && hopSeconds <= EXCERPT_SECONDS))
    throw inputError(`hop ${hopSeconds}: must be seconds above 0 and at most ${EXCERPT_SECONDS}`);
  const samples = new Float32Array(EXCERPT_SECONDS * sampleRate);
  const hop = Math.max(1, Math.round(hopSeconds * sampleRate));
  const start = Math.round(startSeconds * sampleRate);
  let skip = start;
  let filled = 0;
  let received = 0;
  let scanned = 0;
  let accepted = 0;
  /** Samples within accepted excerpts, each counted once, and where the last of these excerpts ends. */
  let analysed = 0;
  let analysedEnd = 0;
  let longestSilence = 0;
  let leastSilence = Infinity;
  let notFinite = false;
  let flat = 0;

  const examine = (): void => {
    const check = checkExcerpt(samples, sampleRate, rule);
    const first = scanned * hop;
    const begin = start / sampleRate + first / sampleRate;
    scanned++;
    leastSilence = Math.min(leastSilence, check.longestSilenceSeconds);
    notFinite = check.verdict === 'not finite';
    if (check.verdict !== 'accepted') return;
    if (analyse({ samples, check, startSeconds: begin }) === 'flat') {
      flat++;
      return;
    }
    accepted++;
    analysed += first + samples.length - Math.max(first, analysedEnd);
    analysedEnd = first + samples.length;
    longestSilence = Math.max(longestSilence, check.longestSilenceSeconds);
  };
  const isDone = (): boolean => notFinite || accepted >= maxExcerpts;

  return {
    push(block) {
      received += block.length;
      let position = Math.min(skip, block.length);
      skip -= position;
      while (position < block.length && !isDone()) {
        const count = Math.min(block.length - position, samples.length - filled);
        samples.set(block.subarray(position, position + count), filled);
        position += count;
        filled += count;
        if (filled === samples.length) {
          examine();
          samples.copyWithin(0, hop);
          filled -= hop;
        }
      }
      return isDone() ? 'enough' : 'more';
    },
    finish() {
      if (notFinite)
        return { reason: `holds samples that are not finite (NaN or infinite) in excerpt ${scanned}` };
      if (scanned === 0) {
        const seconds = (received / sampleRate).toFixed(2);
        const after = start > 0 ? ` after the first ${startSeconds} s` : '';
        return { reason: `too short: lasts ${seconds} s, ${EXCERPT_SECONDS} s are needed${after}` };
      }
      if (accepted === 0 && flat > 0)
        return {
          reason:
            `no excerpt accepted: ${flat === 1 ? 'one excerpt passes' : `${flat} excerpts pass`} the silence rule but ` +
            'without any modulation to measure (a constant level, or a steady hum outside of 180 to 6,900 Hz)',
        };
      if (accepted === 0)
        return {
          reason:
            `no excerpt accepted: longest silence ${leastSilence.toFixed(2)} s (limit ` +
            `${rule.maxSilenceSeconds} s) in ${scanned === 1 ? 'the only excerpt' : `the best of ${scanned} excerpts`}`,
        };
      return {
        excerpts: accepted,
        analysedSeconds: analysed / sampleRate,
        scannedSeconds: ((scanned - 1) * hop) / sampleRate + EXCERPT_SECONDS,
        endSample: start + (scanned - 1) * hop + samples.length,
        longestSilenceSeconds: longestSilence,
      };
    },
  };
}
