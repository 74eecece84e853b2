import * as fs from 'node:fs';
import { inputError, messageOf } from 'research-basics/errors';
import { redactor } from './secrets';

/** How to reach one MLflow server. Made by `serverSettings`; holds secrets, so it is never written or logged. */
export interface ServerSettings {
  /** Base address without user data and without a final slash, e.g. `http://127.0.0.1:5000`. */
  uri: string;
  /** Value of the `Authorization` header. */
  authorization?: string;
  /** Certificate authorities (PEM) to trust instead of the system's. */
  ca?: string;
  /** Client certificate and key (PEM). */
  clientCertificate?: string;
  /** `'accept'` trusts any certificate. */
  unverifiedTls: 'accept' | 'refuse';
  /** Longest silence on a connection, in ms. */
  timeoutMs: number;
  /** Attempts after the first, for calls that may be repeated. */
  retries: number;
  /** Blanks this server's secrets out of a text. */
  redact: (text: string) => string;
}

/**
 * Settings for a server address, completed from the environment by the names the Python client uses:
 * `MLFLOW_TRACKING_USERNAME` and `_PASSWORD` (basic), `MLFLOW_TRACKING_TOKEN` (bearer),
 * `MLFLOW_TRACKING_INSECURE_TLS`, `MLFLOW_TRACKING_SERVER_CERT_PATH`, `MLFLOW_TRACKING_CLIENT_CERT_PATH`,
 * `MLFLOW_HTTP_REQUEST_TIMEOUT` (seconds without a sign of life, default 120), `MLFLOW_HTTP_REQUEST_MAX_RETRIES` (default 5).
 * User data inside the address (`https://user:password@host`) is used and cut off.
 *
 * @throws UserError (`input`) for an address that is not http(s), contradictory or unreadable TLS settings.
 */
export function serverSettings(uri: string, env: NodeJS.ProcessEnv = process.env): ServerSettings {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw inputError(
      `MLFLOW_TRACKING_URI "${redactor([])(uri)}" is not an address like http://127.0.0.1:5000`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw inputError(
      `MLFLOW_TRACKING_URI "${redactor([])(uri)}": only http and https servers can be reached; start one with "mlflow server" and give its address`,
    );
  }
  const user = url.username === '' ? env['MLFLOW_TRACKING_USERNAME'] : decodeURIComponent(url.username);
  const password = url.username === '' ? env['MLFLOW_TRACKING_PASSWORD'] : decodeURIComponent(url.password);
  const token = env['MLFLOW_TRACKING_TOKEN'];
  let authorization: string | undefined;
  if (user && password)
    authorization = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  else if (token) authorization = `Bearer ${token}`;

  const insecure = /^(1|true|yes)$/i.test(env['MLFLOW_TRACKING_INSECURE_TLS'] ?? '');
  const caFile = env['MLFLOW_TRACKING_SERVER_CERT_PATH'];
  if (insecure && caFile) {
    throw inputError(
      'MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH contradict each other; unset one',
    );
  }
  const clientFile = env['MLFLOW_TRACKING_CLIENT_CERT_PATH'];
  const settings: ServerSettings = {
    uri: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`,
    unverifiedTls: insecure ? 'accept' : 'refuse',
    timeoutMs: 1000 * positive(env['MLFLOW_HTTP_REQUEST_TIMEOUT'], 120),
    retries: positive(env['MLFLOW_HTTP_REQUEST_MAX_RETRIES'], 5),
    redact: redactor([
      password,
      token,
      user && password ? `${user}:${password}` : undefined,
      authorization?.replace(/^\w+ /, ''),
    ]),
  };
  if (authorization !== undefined) settings.authorization = authorization;
  if (caFile) settings.ca = readPem('MLFLOW_TRACKING_SERVER_CERT_PATH', caFile);
  if (clientFile) settings.clientCertificate = readPem('MLFLOW_TRACKING_CLIENT_CERT_PATH', clientFile);
  return settings;
}

function positive(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return text !== undefined && text !== '' && Number.isFinite(value) && value >= 0 ? value : fallback;
}

function readPem(variable: string, file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw inputError(`${variable}: ${file} cannot be read (${messageOf(error)})`, error);
  }
}

/** Settings without the function, to hand to another thread. */
export type PlainSettings = Omit<ServerSettings, 'redact'> & { secrets: string[] };

/** @returns the same settings in a form that can be copied to another thread of this process. */
export function settingsToPlain(settings: ServerSettings): PlainSettings {
  const rest: Omit<ServerSettings, 'redact'> & { redact?: unknown } = { ...settings };
  delete rest.redact;
  const credential = settings.authorization?.replace(/^\w+ /, '');
  const secrets: string[] = [];
  if (credential !== undefined) {
    secrets.push(credential);
    if (settings.authorization?.startsWith('Basic ')) {
      const pair = Buffer.from(credential, 'base64').toString('utf8');
      secrets.push(pair, pair.slice(pair.indexOf(':') + 1));
    }
  }
  return { ...rest, secrets };
}

/** The inverse of `settingsToPlain`. */
export function settingsFromPlain(plain: PlainSettings): ServerSettings {
  const { secrets, ...rest } = plain;
  return { ...rest, redact: redactor(secrets) };
}
