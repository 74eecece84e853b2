import { designResampler, resample } from '../audio';
import { wavBytes } from '../audio/wavBytes';
import { inputError } from 'research-basics/errors';
import { escapeHtml } from '../base/html';
import { findKernel } from './notebook';

/** A sound to be played. */
export interface PlayableSound {
  /** Mono, any level. */
  readonly samples: Float32Array;
  /** Hz, a positive integer. */
  readonly sampleRate: number;
  /** Shown above the controls, e.g. the recording's name and what was done to it. */
  readonly title: string;
}

/** How sounds are put into a page. */
export interface ListenOptions {
  /** Longest part of a sound that is played, from its beginning, seconds. Default 10. */
  readonly maxSeconds?: number | undefined;
  /** Largest size of all sounds together, bytes of HTML; each is cut so that it fits. Default 4,000,000. */
  readonly maxBytes?: number | undefined;
  /** `same` (default): one gain for all sounds, so that their levels compare; `each`: every sound at full level. */
  readonly level?: 'same' | 'each' | undefined;
}

/** Highest sampling rate in a page, Hz: that of the analysis. */
const PAGE_RATE = 16000;
/** Peak of the loudest sound in a page, of full scale. */
const PEAK = 0.9;
/** Bytes of HTML for one sample: 16 bits in base 64. */
const BYTES_PER_SAMPLE = 8 / 3;

/**
 * Sounds as HTML: one `<audio>` element each, with its samples inside (WAV, 16 bits, mono, at most 16 kHz), so that the
 * page needs no other file. The peak is set to 0.9 of full scale.
 *
 * @throws UserError (`input`) naming the sound when it is empty or holds a sample that is not finite.
 */
export function listenHtml(sounds: readonly PlayableSound[], options: ListenOptions = {}): string {
  const { maxSeconds = 10, maxBytes = 4e6, level = 'same' } = options;
  const longest = Math.min(
    maxSeconds * PAGE_RATE,
    Math.floor(maxBytes / BYTES_PER_SAMPLE / Math.max(1, sounds.length)),
  );
  const played = sounds.map((sound) => cutSound(sound, longest));
  const loudest = Math.max(0, ...played.map(({ peak }) => peak));
  const items = played.map(({ samples, sampleRate, title, peak, cut }) => {
    const reference = level === 'same' ? loudest : peak;
    const scaled = reference === 0 ? samples : samples.map((value) => (value * PEAK) / reference);
    const wav = Buffer.from(wavBytes(title, scaled, sampleRate)).toString('base64');
    const note = cut ? ` (first ${(samples.length / sampleRate).toFixed(1)} s)` : '';
    return (
      `<figure style="margin:6px 0"><figcaption style="font:13px sans-serif">${escapeHtml(title + note)}</figcaption>` +
      `<audio controls preload="metadata" style="width:min(420px,100%)" aria-label="${escapeHtml(title)}" ` +
      `src="data:audio/wav;base64,${wav}"></audio></figure>`
    );
  });
  return `<div>${items.join('')}</div>`;
}

/** The beginning of a sound at the page's rate, at most `longest` samples. */
function cutSound(
  { samples, sampleRate, title }: PlayableSound,
  longest: number,
): PlayableSound & { readonly peak: number; readonly cut: boolean } {
  if (samples.length === 0) throw inputError(`listen: sound "${title}" is empty`);
  const rate = Math.min(sampleRate, PAGE_RATE);
  const needed = Math.min(samples.length, Math.ceil((longest * sampleRate) / rate));
  const part = samples.subarray(0, needed);
  const resampled = rate === sampleRate ? part : resample(part, designResampler(sampleRate, rate));
  const kept = resampled.subarray(0, longest);
  let peak = 0;
  for (const value of kept) {
    if (!Number.isFinite(value))
      throw inputError(`listen: sound "${title}" holds samples that are not finite`);
    peak = Math.max(peak, Math.abs(value));
  }
  return { samples: kept, sampleRate: rate, title, peak, cut: needed < samples.length };
}

/**
 * Plays sounds in the notebook cell that is running: one line of controls for each, with the samples inside the
 * notebook. Outside a notebook nothing happens.
 *
 * @throws as `listenHtml`.
 */
export function listen(sounds: PlayableSound | readonly PlayableSound[], options: ListenOptions = {}): void {
  const kernel = findKernel();
  if (!kernel) return;
  const list = 'samples' in sounds ? [sounds] : sounds;
  kernel.write({
    'text/html': listenHtml(list, options),
    'text/plain': list.map(({ title }) => `[sound] ${title}`).join('\n'),
  });
}
