import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { build } from 'esbuild';
import { extractMel } from 'stm-lab/dist/features/mel';
import { extractStm } from 'stm-lab/dist/features/stm';
import { findChromium } from '../chromium';
import { noise } from './corpus';
import { maxError } from './shared';

const chromium = findChromium();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-browser-'));
after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const root = path.resolve(__dirname, '..', '..');

async function bundle(source: string): Promise<string> {
  const result = await build({
    stdin: { contents: source, resolveDir: root },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}

const PROGRAM = `
import { extractStm } from 'stm-lab/dist/features/stm';
import { extractMel } from 'stm-lab/dist/features/mel';
(async () => {
  try {
    const samples = Float32Array.from(__SOUND__);
    const stm = await extractStm(samples, 8000);
    const mel = await extractMel(samples, 8000);
    await fetch('/result', { method: 'POST', body: JSON.stringify({ stm: [...stm.features], mel: [...mel.features] }) });
  } catch (error) {
    await fetch('/result', { method: 'POST', body: JSON.stringify({ error: String(error) }) });
  }
})();`;

test('features bundle for the browser without any Node module', async () => {
  const text = await bundle(PROGRAM);
  assert.doesNotMatch(text, /require\(["'](node:)?(fs|path|os|worker_threads|crypto)["']\)/);
});

test(
  'Chromium computes the same features',
  {
    skip: chromium === undefined ? 'Chromium is not installed (apt-get install chromium)' : false,
    timeout: 90_000,
  },
  async () => {
    const samples = noise(5, 4.1, 8000);
    const program = (await bundle(PROGRAM)).replace('__SOUND__', JSON.stringify([...samples]));
    const page = `<!doctype html><meta charset="utf-8"><body><script>${program}</script></body>`;
    const server = http.createServer();
    const answer = new Promise<string>((resolve, reject) => {
      server.on('request', (request, response) => {
        if (request.method !== 'POST') {
          response.setHeader('Content-Type', 'text/html');
          response.end(page);
          return;
        }
        let body = '';
        request.on('data', (data: Buffer) => (body += data.toString()));
        request.on('end', () => {
          response.end();
          resolve(body);
        });
      });
      setTimeout(() => reject(new Error('Chromium gave no answer within 60 s')), 60_000).unref();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--remote-debugging-port=0',
      `--user-data-dir=${folder}/profile`,
    ];
    const browser = spawn(chromium!.executable, [...flags, `http://127.0.0.1:${port}/`], {
      env: chromium!.env,
      stdio: 'ignore',
      detached: true,
    });
    let result: { stm?: number[]; mel?: number[]; error?: string };
    try {
      result = JSON.parse(await answer) as typeof result;
    } finally {
      const closed = new Promise((resolve) => browser.once('close', resolve));
      // With its helpers, which are of its process group.
      process.kill(-browser.pid!, 'SIGKILL');
      await closed;
      server.closeAllConnections();
      server.close();
    }
    assert.equal(result.error, undefined);
    assert.ok(maxError(result.stm!, (await extractStm(samples, 8000)).features) < 1e-6);
    const mel = (await extractMel(samples, 8000)).features;
    assert.ok(maxError(result.mel!, mel) < 1e-5 * Math.max(...mel));
  },
);
