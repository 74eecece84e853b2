import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { environmentError, inputError } from 'research-basics/errors';
import type { PageModel } from './model';
import { demoModel } from './readModel';

/** A running page. */
export interface Explorer {
  readonly uri: string;
  close(): Promise<void>;
}

/** How the page is served. */
export interface ExplorerOptions {
  /** On 127.0.0.1; 0 for a free one. Default 0. */
  readonly port?: number | undefined;
  /** Gives class probabilities. Default: the model of the synthetic demo corpus, labelled as such. */
  readonly model?: PageModel | undefined;
}

/** Nothing may be loaded from, or sent to, anywhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'media-src blob: data:',
  "connect-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The page as one file that needs no other, with the model that it carries.
 *
 * @throws UserError (`environment`) when the page has not been built.
 */
export function explorerPage(model: PageModel = demoModel()): string {
  const file = path.join(__dirname, 'explore.html');
  if (!fs.existsSync(file)) throw environmentError(`${file}: is missing; run "npm run build"`);
  // No text of a model can end the element that holds it.
  const text = JSON.stringify(model).replaceAll('<', '\\u003c');
  return fs.readFileSync(file, 'utf8').replace('/*MODEL*/', () => text);
}

/**
 * Serves the page on 127.0.0.1, to this machine only.
 *
 * @throws UserError (`input`) when the port is taken.
 */
export async function startExplorer({ port = 0, model }: ExplorerOptions = {}): Promise<Explorer> {
  const page = explorerPage(model);
  const server = http.createServer((request, response) => {
    // Another name for this machine may belong to a page elsewhere.
    const named = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '');
    if (!named || request.method !== 'GET' || request.url !== '/') {
      response.writeHead(named ? 404 : 403).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
    response.end(page);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? inputError(`port ${port}: is in use; name another with --port, or leave it out`)
          : environmentError(`the page cannot be served (${error.message})`, error),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
