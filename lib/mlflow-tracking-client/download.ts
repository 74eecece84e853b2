import * as fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { messageOf } from 'research-basics/errors';
import { placeOf, type Http } from './http';
import { backOffMs, pause } from './retry';
import { ServerError, isTransient, needsSettings } from './serverError';

/** Where a download comes from: a path on the server, or a whole address with the headers it needs. */
export interface Source {
  path: string;
  headers?: Readonly<Record<string, string>>;
}

/** Attempts without a new byte after which a download is given up. */
const DOWNLOAD_ATTEMPTS = 5;

/**
 * Downloads to a file that does not exist yet. A download that breaks off is continued where the server can start
 * in the middle (206), else begun again.
 *
 * @param from the address, or a function that gives one for each attempt, because signed addresses expire.
 */
export async function download(
  http: Http,
  from: Source | (() => Promise<Source>),
  target: string,
): Promise<void> {
  let had = 0;
  for (let attempt = 0; ;) {
    let failure: unknown;
    let place = 'GET';
    try {
      const { path, headers = {} } = typeof from === 'function' ? await from() : from;
      place = placeOf({ method: 'GET', path });
      const range = had === 0 ? {} : { range: `bytes=${had}-` };
      const response = await http.stream({ method: 'GET', path, headers: { ...headers, ...range } });
      const flags = response.statusCode === 206 ? 'a' : 'w';
      // Compressed on the way, the length says nothing of the file.
      const length =
        response.headers['content-encoding'] === undefined ? response.headers['content-length'] : undefined;
      const expected = length === undefined ? undefined : Number(length) + (flags === 'a' ? had : 0);
      await pipeline(response, fs.createWriteStream(target, { flags }));
      const size = fs.statSync(target).size;
      if (expected === undefined || size === expected) return;
      failure = new ServerError('ambiguous', `${place}: ${size} of ${expected} bytes came`);
    } catch (error) {
      failure = error;
      if (error instanceof ServerError && !isTransient(error)) throw error;
    }
    const has = fs.statSync(target, { throwIfNoEntry: false })?.size ?? 0;
    attempt = has > had ? 1 : attempt + 1;
    had = has;
    if (attempt >= DOWNLOAD_ATTEMPTS || needsSettings(failure))
      throw failure instanceof ServerError
        ? failure
        : new ServerError('ambiguous', `${place}: the download was cut off (${messageOf(failure)})`);
    await pause(backOffMs(attempt, failure));
  }
}
