import { openAudio } from '../audio';
import { concatenate } from '../base/concatenate';
import type { PlayableSound, ListenOptions } from '../figures';
import { listenHtml } from '../figures';
import { escapeHtml } from '../base/html';

/** Sounds under one heading. */
export interface SoundSection {
  readonly heading: string;
  readonly text?: string | undefined;
  readonly sounds: readonly PlayableSound[];
}

/** A page of playable sounds that needs no other file: MLflow shows it among the artifacts of a run. */
export function listenPage(
  title: string,
  sections: readonly SoundSection[],
  options: ListenOptions = {},
): string {
  const parts = sections.map(
    ({ heading, text, sounds }) =>
      `<h2>${escapeHtml(heading)}</h2>${text === undefined ? '' : `<p>${escapeHtml(text)}</p>`}${listenHtml(sounds, options)}`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>:root{color-scheme:light dark}body{font:15px sans-serif;max-width:46em;margin:1.5em auto;padding:0 1em}h1{font-size:1.3em}h2{font-size:1.05em;margin:1.2em 0 .3em}</style>
<h1>${escapeHtml(title)}</h1>
${parts.join('\n')}
</html>
`;
}

/** Seconds of a recording that pages of sounds play. */
const PLAYED_SECONDS = 8;

/**
 * The beginning of a recording as a sound of a page, however long the recording is.
 *
 * @throws UserError (`input`) naming the file when it cannot be decoded.
 */
export async function soundOfFile(
  file: string,
  title: string,
  startSeconds = 0,
  seconds = PLAYED_SECONDS,
): Promise<PlayableSound> {
  const source = await openAudio(file);
  const { sampleRate } = source;
  const first = Math.round(startSeconds * sampleRate);
  const last = first + Math.round(seconds * sampleRate);
  const blocks: Float32Array[] = [];
  let received = 0;
  for await (const block of source.blocks()) {
    blocks.push(block.slice(Math.max(0, first - received), Math.max(0, last - received)));
    received += block.length;
    if (received >= last) break;
  }
  return { samples: concatenate(blocks), sampleRate, title };
}
