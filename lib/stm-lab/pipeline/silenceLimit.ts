import { EXCERPT_SECONDS, SILENCE_RULE } from '../features';

/**
 * Longest pause that an excerpt may hold: seconds above 0 and at most 4, or `off`. Default 1, as published. Short
 * events (a rooster, a sneeze) rarely fill 4 s and are left out by the published rule.
 */
export type SilenceLimit = number | 'off';

/**
 * The limit as the analysis takes it: undefined for the published one. `off` is the length of an excerpt: scaled to its
 * own level, an excerpt always has a sample above the silence level, so that no pause fills it. An excerpt of zeros is
 * refused all the same.
 */
export function silenceSeconds(limit: SilenceLimit | undefined): number | undefined {
  const seconds = limit === 'off' ? EXCERPT_SECONDS : limit;
  return seconds === SILENCE_RULE.maxSilenceSeconds ? undefined : seconds;
}

/** A limit that takes the place of another extraction's; nothing where none is given. */
export const silenceParameter = (limit: SilenceLimit | undefined): { readonly maxSilenceSeconds?: number } =>
  limit === undefined ? {} : { maxSilenceSeconds: silenceSeconds(limit) ?? SILENCE_RULE.maxSilenceSeconds };

/** The limit as a part of a folder's name; nothing for the published one. */
export function silenceSuffix(limit: SilenceLimit | undefined): string {
  const seconds = silenceSeconds(limit);
  if (seconds === undefined) return '';
  return seconds === EXCERPT_SECONDS ? '-silence-off' : `-silence-${seconds}`;
}
