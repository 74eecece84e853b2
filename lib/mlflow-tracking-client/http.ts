import * as http from 'node:http';
import * as https from 'node:https';
import type * as net from 'node:net';
import { rootCertificates } from 'node:tls';
import { messageOf } from 'research-basics/errors';
import { createAgent } from './agents';
import { ServerError, foreignError, statusError } from './serverError';
import type { ServerSettings } from './settings';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path under the server's base address, or a whole http(s) address. */
  path: string;
  query?: Record<string, string | number | readonly string[] | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as bytes, from a stream of exactly `length` bytes. */
  body?: { open: () => NodeJS.ReadableStream; length: number; type?: string };
  headers?: Readonly<Record<string, string>>;
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

/** Prepares requests to a server: authentication, certificates, proxy, time limits, as its settings say. */
export function createHttp(settings: ServerSettings): Http {
  const base = new URL(settings.uri);
  const tls = {
    rejectUnauthorized: settings.unverifiedTls === 'refuse',
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.clientCertificate === undefined
      ? {}
      : { cert: settings.clientCertificate, key: settings.clientCertificate }),
  };
  // Client certificates, like credentials, are for the configured server alone. A store of artifacts elsewhere may be
  // certified by an authority of the system or by the one that was given.
  const tlsElsewhere = {
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(settings.ca === undefined ? {} : { ca: [...rootCertificates, settings.ca] }),
  };
  const agents = new Map<string, http.Agent>();
  const agentFor = (url: URL): http.Agent => {
    let agent = agents.get(url.origin);
    if (agent === undefined) {
      agent = createAgent(url, url.origin === base.origin ? tls : tlsElsewhere, settings.timeoutMs);
      agents.set(url.origin, agent);
    }
    return agent;
  };
  agentFor(base);
  // Sockets whose connection (with TLS, where it is used) stands. A reused one says so no more.
  const established = new WeakSet<object>();

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
      'user-agent': 'mlflow-tracking-client',
      ...request.headers,
      host: url.host,
    };
    // Credentials go to the configured server alone, whatever address an answer may name.
    if (ours && settings.authorization !== undefined) headers['authorization'] = settings.authorization;
    if (payload !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = payload.length;
    } else if (request.body !== undefined) {
      headers['content-type'] = request.body.type ?? 'application/octet-stream';
      headers['content-length'] = request.body.length;
    }
    const place = `${request.method} ${settings.redact(`${url.origin}${url.pathname}`)}`;

    return new Promise((resolve, reject) => {
      let connected = false;
      let source: NodeJS.ReadableStream | undefined;
      const secure = url.protocol === 'https:';
      const outgoing = (secure ? https : http).request({
        // Also how a proxy's agent knows the pool of a socket.
        protocol: url.protocol,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers,
        // Covers the time until the connection stands as well.
        timeout: settings.timeoutMs,
        agent: agentFor(url),
        ...(secure ? (ours ? tls : tlsElsewhere) : {}),
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
                  ? `${place}: the connection closed before an answer came (${reason})`
                  : `${place}: the MLflow server cannot be reached (${reason})`,
                { cause: error.code },
              ),
        );
      };
      outgoing.on('socket', (socket: net.Socket) => {
        const stands = (): void => {
          established.add(socket);
          connected = true;
        };
        if (established.has(socket)) connected = true;
        else if (secure) socket.once('secureConnect', stands);
        else if (socket.connecting) socket.once('connect', stands);
        else stands();
      });
      outgoing.on('timeout', () => {
        const limit = `within ${settings.timeoutMs / 1000} s (MLFLOW_HTTP_REQUEST_TIMEOUT)`;
        outgoing.destroy(new Error(connected ? `no answer ${limit}` : `no connection ${limit}`));
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
          `${placeOf(request)}: the response was cut off (${settings.redact(messageOf(error))})`,
        );
      }
      const place = placeOf(request);
      if (text.trim() === '') {
        // MLflow answers nothing to an upload, and some gateways nothing (204) to a write.
        if (response.statusCode === 204 || request.body !== undefined) return {} as T;
        throw foreignError(place, 'the answer is empty', settings);
      }
      let answer: unknown;
      try {
        answer = JSON.parse(text);
      } catch {
        const page = /^\s*</.test(text) ? 'a web page' : 'not JSON';
        throw foreignError(place, `the answer is ${page}`, settings);
      }
      if (answer === null || typeof answer !== 'object' || Array.isArray(answer))
        throw foreignError(place, 'the answer is no JSON object', settings);
      return answer as T;
    },
    stream: open,
    close: () => agents.forEach((agent) => agent.destroy()),
  };
}

/** Names a request without its query: a presigned address carries its signature there. */
export function placeOf({ method, path }: Pick<HttpRequest, 'method' | 'path'>): string {
  return `${method} ${path.split('?')[0]}`;
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
