import type * as http from 'node:http';
import { UserError } from 'research-basics/errors';
import type { ServerSettings } from './settings';

/**
 * What a failed request means for the one who wants to repeat it:
 * - `unreachable`: it never reached the server; repeat at will
 * - `ambiguous`: it may have been carried out, wholly or in part; ask the server before repeating
 * - `busy`: the server said "later" (429) and did nothing
 * - `unauthorized`: the server, or a proxy on the way, wants other credentials
 * - `foreign`: what answers is no MLflow server: a login page, another program, another address. Whether MLflow got
 *   the request is unknown, and only a change of settings helps
 * - `missing`, `refused`: repeating it unchanged is pointless
 */
export type FailureKind =
  'unreachable' | 'ambiguous' | 'busy' | 'unauthorized' | 'foreign' | 'missing' | 'refused';

/** A failed request to the server. `message` is one sentence without secrets. */
export class ServerError extends UserError {
  readonly failure: FailureKind;
  readonly status: number | undefined;
  /** MLflow's error code, e.g. `RESOURCE_ALREADY_EXISTS`. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: FailureKind,
    message: string,
    details: { status?: number; code?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(failure === 'refused' || failure === 'missing' ? 'input' : 'environment', message, {
      cause: details.cause,
    });
    this.name = 'ServerError';
    this.failure = failure;
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Whether the same request may succeed later, at the latest once the settings are right. */
export function isTransient(error: unknown): error is ServerError {
  return error instanceof ServerError && !isPermanent(error);
}

/** Whether repeating the request unchanged is pointless. */
export function isPermanent(error: unknown): error is ServerError {
  return error instanceof ServerError && (error.failure === 'refused' || error.failure === 'missing');
}

/** Whether only other credentials or another address can help, so that repeating within seconds is pointless. */
export function needsSettings(error: unknown): boolean {
  return error instanceof ServerError && (error.failure === 'unauthorized' || error.failure === 'foreign');
}

/** Whether MLflow itself says that it does not hold the thing asked for. */
export function isAbsent(error: unknown): error is ServerError {
  return error instanceof ServerError && error.code === 'RESOURCE_DOES_NOT_EXIST';
}

/** The fix for whatever answers in place of an MLflow server. */
export function foreignError(
  place: string,
  what: string,
  settings: ServerSettings,
  details: { status?: number } = {},
): ServerError {
  return new ServerError(
    'foreign',
    settings.redact(
      `${place}: ${what}, so ${settings.uri} is no MLflow server or stands behind a login; ` +
        'sign in with MLFLOW_TRACKING_TOKEN (or MLFLOW_TRACKING_USERNAME and _PASSWORD), or correct MLFLOW_TRACKING_URI',
    ),
    details,
  );
}

/** The failure that a status outside 2xx stands for. */
export function statusError(
  place: string,
  status: number,
  body: string,
  headers: http.IncomingHttpHeaders,
  settings: ServerSettings,
): ServerError {
  if (status >= 300 && status < 400) return redirectError(place, status, headers.location, settings);
  let code: string | undefined;
  let sentence: string;
  try {
    const parsed = JSON.parse(body) as { error_code?: string; message?: string };
    code = parsed.error_code;
    sentence = parsed.message ?? '';
  } catch {
    sentence = body
      .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  }
  // MLflow names its reason; gateways and other programs do not, and what they say of a run is not MLflow's word.
  if (status === 404 && code === undefined)
    return foreignError(place, 'the answer is 404', settings, { status });
  const cure =
    status === 407
      ? ' (the proxy wants a user: set HTTPS_PROXY or HTTP_PROXY to http://user:password@host:port)'
      : '';
  const message = settings
    .redact(`${place}: ${status} ${code ?? ''} ${sentence}${cure}`.replace(/\s+/g, ' '))
    .slice(0, 1000);
  const retryAfterMs = retryAfter(headers['retry-after']);
  const details = {
    status,
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new ServerError(kindOf(status), message, details);
}

function kindOf(status: number): FailureKind {
  if (status === 429) return 'busy';
  if (status === 401 || status === 403 || status === 407) return 'unauthorized';
  if (status === 404) return 'missing';
  // 408 and every 5xx may come after part of the work was done.
  if (status === 408 || status >= 500) return 'ambiguous';
  return 'refused';
}

/** MLflow never redirects its interface, so whoever does is in the way. The query is left out: it may hold secrets. */
function redirectError(
  place: string,
  status: number,
  location: string | undefined,
  settings: ServerSettings,
): ServerError {
  let target: URL | undefined;
  try {
    target = location === undefined ? undefined : new URL(location, settings.uri);
  } catch {
    target = undefined;
  }
  const name = target === undefined ? 'elsewhere' : `${target.origin}${target.pathname}`;
  if (target !== undefined && target.origin !== new URL(settings.uri).origin) {
    const moved = /\/api\/2\.0\/|\/version$/.exec(target.pathname);
    if (moved !== null)
      return new ServerError(
        'foreign',
        settings.redact(
          `${place}: ${status}, the server has moved; set MLFLOW_TRACKING_URI to ${target.origin}${target.pathname.slice(0, moved.index)}`,
        ),
        { status },
      );
  }
  return foreignError(place, `${status}, sent on to ${name}`, settings);
}

/** `Retry-After` in ms, from seconds or an HTTP date, at most five minutes. */
export function retryAfter(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 300_000) : undefined;
}
