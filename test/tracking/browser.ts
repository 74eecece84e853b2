import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { findChromium } from '../chromium';
import { temporaryFolder } from './support';

const chromium = findChromium();

/** Why pages cannot be looked at, or false. */
export const noBrowser: string | false =
  chromium === undefined ? 'SKIPPED: no Chromium (apt-get install chromium, or set STM_CHROMIUM)' : false;

export interface Browser {
  /** Opens an address and waits until the page's text matches; throws with the text when it does not within a minute. */
  open(address: string, expected: RegExp): Promise<string>;
  /** Value of an expression in the page, or of what it promises, as if a user had asked for it; plain JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression in the page is true; throws when it is not within half a minute. */
  waitFor(expression: string): Promise<void>;
  /** Size of the window's inside, px. */
  resize(width: number, height: number): Promise<void>;
  screenshot(file: string, part?: 'window' | 'page'): Promise<void>;
  /** Moves the pointer along points of the window with the button down, px. */
  drag(points: readonly (readonly [number, number])[]): Promise<void>;
  /** Presses a key, by its name, e.g. `ArrowRight`. */
  press(key: string): Promise<void>;
  /** Which colours the page is asked for. */
  colours(scheme: 'light' | 'dark'): Promise<void>;
  /** Which medium the page is laid out for. */
  media(type: 'screen' | 'print'): Promise<void>;
  /** Every address that the pages asked for, since the start. */
  readonly requests: string[];
  /** Uncaught exceptions, console errors, answers of 400 and more, since the start. */
  readonly errors: string[];
  close(): Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** A headless Chromium driven over its debugging pipe (file descriptors 3 and 4, messages ended by a NUL). */
export async function startBrowser(): Promise<Browser> {
  const profile = temporaryFolder();
  const child = spawn(
    chromium!.executable,
    [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      ...['--disable-extensions', '--disable-background-networking', '--remote-debugging-pipe'],
      // A microphone that beeps once a second and may be used without asking.
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      ...[`--user-data-dir=${profile}`, '--window-size=1500,1100', 'about:blank'],
    ],
    { env: chromium!.env, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
  );
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  const errors: string[] = [];
  const requests: string[] = [];
  let nextId = 1;
  let rest = '';
  output.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\0');
    rest = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else note(message);
    }
  });
  const note = ({ method, params }: Message): void => {
    const text = JSON.stringify(params);
    if (method === 'Network.requestWillBeSent') requests.push((params!['request'] as { url: string }).url);
    if (method === 'Runtime.exceptionThrown') errors.push(`exception: ${text.slice(0, 400)}`);
    if (method === 'Runtime.consoleAPICalled' && params!['type'] === 'error')
      errors.push(`console: ${text.slice(0, 400)}`);
    const response = params?.['response'] as { status: number; url: string } | undefined;
    if (method === 'Network.responseReceived' && response!.status >= 400) {
      errors.push(`${response!.status}: ${response!.url}`);
    }
  };
  const call = (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, (message) => {
        waiting.delete(id);
        if (message.error === undefined) resolve(message.result ?? {});
        else reject(new Error(`${method}: ${message.error.message}`));
      });
      input.write(
        `${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
      );
    });
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = (await call('Target.attachToTarget', { targetId, flatten: true })) as {
    sessionId: string;
  };
  for (const domain of ['Page', 'Runtime', 'Network']) await call(`${domain}.enable`, {}, sessionId);

  const evaluate = async (expression: string): Promise<unknown> => {
    const asked = { expression, returnByValue: true, awaitPromise: true, userGesture: true };
    const answer = await call('Runtime.evaluate', asked, sessionId);
    return (answer as { result: { value: unknown } }).result.value;
  };

  return {
    errors,
    requests,
    evaluate,
    async waitFor(expression) {
      for (let waited = 0; waited < 30_000; waited += 250) {
        if ((await evaluate(expression)) === true) return;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      throw new Error(`not true within 30 s: ${expression}`);
    },
    async drag(points) {
      const mouse = (type: string, [x, y]: readonly [number, number]): Promise<unknown> =>
        call(
          'Input.dispatchMouseEvent',
          { type, x, y, button: 'left', buttons: 1, clickCount: 1 },
          sessionId,
        );
      await mouse('mousePressed', points[0]!);
      for (const point of points) await mouse('mouseMoved', point);
      await mouse('mouseReleased', points.at(-1)!);
    },
    async press(key) {
      const codes: Record<string, number> = { Tab: 9, Enter: 13, ' ': 32, Home: 36, ArrowRight: 39 };
      const event = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: codes[key] };
      const text = { Enter: '\r', ' ': ' ' }[key];
      const down = text === undefined ? { type: 'rawKeyDown' } : { type: 'keyDown', text };
      await call('Input.dispatchKeyEvent', { ...event, ...down }, sessionId);
      await call('Input.dispatchKeyEvent', { ...event, type: 'keyUp' }, sessionId);
    },
    async colours(scheme) {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await call('Emulation.setEmulatedMedia', { features }, sessionId);
    },
    async media(type) {
      await call('Emulation.setEmulatedMedia', { media: type }, sessionId);
    },
    async resize(width, height) {
      const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
      await call('Emulation.setDeviceMetricsOverride', metrics, sessionId);
    },
    async open(address, expected) {
      await call('Page.navigate', { url: address }, sessionId);
      let text = '';
      for (let waited = 0; waited < 60_000; waited += 250) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        text = (await evaluate('document.body ? document.body.innerText : ""')) as string;
        if (expected.test(text)) return text;
      }
      throw new Error(`${address} does not show ${expected}, but: ${text.slice(0, 2000)}`);
    },
    async screenshot(file, part = 'window') {
      // Charts draw after their text is there.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const { data } = (await call(
        'Page.captureScreenshot',
        { format: 'png', captureBeyondViewport: part === 'page' },
        sessionId,
      )) as {
        data: string;
      };
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, Buffer.from(data, 'base64'));
    },
    async close() {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      // The whole group: helpers would continue writing to the profile.
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
      await fs.promises.rm(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}
