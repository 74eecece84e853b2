import * as path from 'node:path';
import { inputError } from 'research-basics/errors';

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.flac': 'audio/flac',
  '.gif': 'image/gif',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.wav': 'audio/wav',
  '.webp': 'image/webp',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
};

/** The media type of a file by its name; `application/octet-stream` for any that is not known. */
export function mediaType(name: string): string {
  return TYPES[path.posix.extname(name).toLowerCase()] ?? 'application/octet-stream';
}

/** The media type that bytes show at their start; undefined for any that is not known here. */
function shownType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 512));
  const text = head.toString('latin1');
  if (text.startsWith('\x89PNG')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('GIF8')) return 'image/gif';
  if (text.startsWith('%PDF')) return 'application/pdf';
  if (text.startsWith('RIFF')) return text.slice(8, 12) === 'WAVE' ? 'audio/wav' : 'image/webp';
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg[^]*?>\s*)?<svg[\s/>]/.test(text))
    return 'image/svg+xml';
  if (/^\s*<(!doctype html|html|head|body|div|script)[\s>]/i.test(text)) return 'text/html';
  return undefined;
}

/**
 * Checks that a file's name tells what it holds, because the UI goes by the name.
 *
 * @returns the name.
 * @throws UserError (`input`) when the name says one kind and the bytes are another, or the name says none of `kinds`.
 */
export function checkMediaName(name: string, bytes: Uint8Array, kinds: readonly string[]): string {
  const named = mediaType(name);
  const shown = shownType(bytes);
  const extensions = Object.keys(TYPES).filter((extension) => kinds.includes(TYPES[extension]!));
  if (!kinds.includes(named) || (shown !== undefined && shown !== named)) {
    const right = Object.keys(TYPES).find((extension) => TYPES[extension] === shown);
    throw inputError(
      `artifact "${name}" ${shown === undefined ? 'has a name that the UI cannot show' : `holds ${shown}`}; end its name in ${right ?? extensions.join(', ')}`,
    );
  }
  return name;
}
