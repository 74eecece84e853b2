import * as http from 'node:http';
import * as https from 'node:https';
import { StmLabError, messageOf } from 'research-basics/errors';
import { createProxyTunnel, proxyFor } from './proxy';
import type { ServerSettings } from './settings';

/**
 * What a failed request means for the one who wants to repeat it:
 * - `unreachable`: it never reached the server; repeat at will
 * - `ambiguous`: it may have been carried out, wholly or in part; ask the server before repeating
 * - `busy`: the server said "later" (429, 503 with Retry-After) and did nothing
 * - `unauthorized`, `missing`, `refused`: repeating it unchanged is pointless
 */
export type FailureKind = 'unreachable' | 'ambiguous' | 'busy' | 'unauthorized' | 'missing' | 'refused';

/** A failed request to the server. `message` is one sentence without secrets. */
export class ServerError extends StmLabError {
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

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): error is ServerError {
  return (
    error instanceof ServerError &&
    ['unreachable', 'ambiguous', 'busy', 'unauthorized'].includes(error.failure)
  );
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path under the server's base address, or a whole http(s) address. */
  path: string;
  query?: Record<string, string | number | readonly string[] | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as bytes, from a stream of exactly `length` bytes. */
  body?: { open: () => NodeJS.ReadableStream; length: number };
  signal?: AbortSignal;
}

/** The connection to one server: keep-alive sockets, TLS, proxy, authentication, classified failures. */
export interface Http {
  /** The response body parsed as JSON. Throws ServerError. */
  json<T>(request: HttpRequest): Promise<T>;
  /** The response as a stream, after its status was found to be 2xx. Throws ServerError. */
  stream(request: HttpRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** Largest answer taken into memory. */
const MAX_ANSWER_BYTES = 256 << 20;

export function createHttp(settings: ServerSettings): Http {
  const base = new URL(settings.uri);
  const secure = base.protocol === 'https:';
  const proxy = proxyFor(base, process.env);
  const tls = {
    rejectUnauthorized: settings.unverifiedTls === 'refuse',
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.clientCertificate === undefined
      ? {}
      : { cert: settings.clientCertificate, key: settings.clientCertificate }),
  };
  // Idle sockets are closed after 3 s, before the server (uvicorn: 5 s) closes them under a request.
  const pool = { keepAlive: true, maxSockets: 6, timeout: 3000 };
  const agent: http.Agent = secure
    ? proxy === undefined
      ? new https.Agent({ ...pool, ...tls })
      : createProxyTunnel(proxy, { ...pool, ...tls }, settings.timeoutMs)
    : new http.Agent(pool);

  function open(request: HttpRequest): Promise<http.IncomingMessage> {
    const url = /^https?:\/\//.test(request.path)
      ? new URL(request.path)
      : new URL(`${settings.uri}${request.path}`);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value === undefined) continue;
      for (const one of Array.isArray(value) ? (value as string[]) : [value]) {
        url.searchParams.append(key, String(one));
      }
    }
    const ours = url.origin === base.origin;
    const payload =
      request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json), 'utf8');
    const headers: Record<string, string | number> = {
      accept: 'application/json, */*',
      'user-agent': 'stm-lab',
      host: url.host,
    };
    // Credentials go to the configured server alone, whatever address an answer may name.
    if (ours && settings.authorization !== undefined) headers['authorization'] = settings.authorization;
    if (payload !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = payload.length;
    } else if (request.body !== undefined) {
      headers['content-type'] = 'application/octet-stream';
      headers['content-length'] = request.body.length;
    }
    let target: http.RequestOptions = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
    };
    if (proxy !== undefined && !secure && ours) {
      target = { host: proxy.hostname, port: Number(proxy.port || 80), path: url.href };
      if (proxy.authorization !== undefined) headers['proxy-authorization'] = proxy.authorization;
    }
    const place = `${request.method} ${settings.redact(`${url.origin}${url.pathname}`)}`;

    return new Promise((resolve, reject) => {
      let connected = false;
      let source: NodeJS.ReadableStream | undefined;
      const transport = url.protocol === 'https:' ? https : http;
      const outgoing = transport.request({
        ...target,
        method: request.method,
        headers,
        ...(ours ? { agent } : { agent: false as const, ...tls }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      const stopUpload = (): void => {
        (source as { destroy?: () => void } | undefined)?.destroy?.();
        outgoing.destroy();
      };
      const fail = (error: NodeJS.ErrnoException): void => {
        stopUpload();
        const reason = settings.redact(messageOf(error) || error.code || 'connection failed');
        reject(
          error instanceof ServerError
            ? error
            : new ServerError(
                connected ? 'ambiguous' : 'unreachable',
                connected
                  ? `${place}: the connection broke before an answer came (${reason})`
                  : `${place}: the MLflow server cannot be reached (${reason})`,
                { cause: error.code },
              ),
        );
      };
      outgoing.on('socket', (socket) => {
        if (!socket.connecting) connected = true;
        else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
      });
      outgoing.setTimeout(settings.timeoutMs, () => {
        outgoing.destroy(new Error(`no answer within ${Math.round(settings.timeoutMs / 1000)} s`));
      });
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) {
          resolve(response);
          return;
        }
        const answered = readAll(response);
        // A refused upload is not sent to its end.
        if (source !== undefined) answered.finally(() => stopUpload()).catch(() => undefined);
        answered.then(
          (body) => reject(statusError(place, status, body.toString('utf8'), response.headers, settings)),
          (error: unknown) => fail(error as NodeJS.ErrnoException),
        );
      });
      if (request.body !== undefined) {
        source = request.body.open();
        source.on('error', (error) => outgoing.destroy(error));
        source.pipe(outgoing);
      } else {
        outgoing.end(payload);
      }
    });
  }

  return {
    async json<T>(request: HttpRequest): Promise<T> {
      const response = await open(request);
      let text: string;
      try {
        text = (await readAll(response)).toString('utf8');
      } catch (error) {
        throw new ServerError(
          'ambiguous',
          `${request.method} ${request.path}: the answer broke off (${settings.redact(messageOf(error))})`,
        );
      }
      if (text.trim() === '') return {} as T;
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new ServerError(
          'ambiguous',
          `${request.method} ${request.path}: the answer is not JSON; is ${settings.uri} an MLflow server?`,
        );
      }
    },
    stream: open,
    close: () => agent.destroy(),
  };
}

function readAll(response: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) response.destroy(new Error('answer larger than 256 MiB'));
      else chunks.push(chunk);
    });
    response.on('end', () =>
      response.complete ? resolve(Buffer.concat(chunks)) : reject(new Error('cut off')),
    );
    response.on('error', reject);
    response.on('aborted', () => reject(new Error('connection closed')));
  });
}

function statusError(
  place: string,
  status: number,
  body: string,
  headers: http.IncomingHttpHeaders,
  settings: ServerSettings,
): ServerError {
  let code: string | undefined;
  let sentence: string;
  try {
    const parsed = JSON.parse(body) as { error_code?: string; message?: string };
    code = parsed.error_code;
    sentence = parsed.message ?? '';
  } catch {
    sentence = body
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  }
  const message = settings
    .redact(`${place}: ${status} ${code ?? ''} ${sentence}`.replace(/\s+/g, ' '))
    .slice(0, 1000);
  const retryAfterMs = retryAfter(headers['retry-after']);
  const details = {
    status,
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (status === 429) return new ServerError('busy', message, details);
  if (status === 401 || status === 403) return new ServerError('unauthorized', message, details);
  if (status === 404) return new ServerError('missing', message, details);
  // 408 and every 5xx may come after part of the work was done.
  if (status === 408 || status >= 500) return new ServerError('ambiguous', message, details);
  return new ServerError('refused', message, details);
}

/** `Retry-After` in ms, from seconds or an HTTP date, at most five minutes. */
export function retryAfter(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 300_000) : undefined;
}
