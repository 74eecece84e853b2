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
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += samples[i]! * samples[i]!;
  if (!Number.isFinite(power)) return { gain: NaN, longestSilenceSeconds: 0, verdict: 'not finite' };
  const gain = power === 0 ? 0 : rule.targetRms / Math.sqrt(power / samples.length);
  let longest = 0;
  let run = 0;
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]! * gain) < rule.silenceLevel) {
      run++;
      if (run > longest) longest = run;
    } else run = 0;
  }
  const longestSilenceSeconds = longest / sampleRate;
  const verdict = power > 0 && longestSilenceSeconds < rule.maxSilenceSeconds ? 'accepted' : 'silent';
  return { gain, longestSilenceSeconds, verdict };
}
