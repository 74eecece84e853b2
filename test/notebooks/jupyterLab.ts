import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { startBrowser } from '../tracking/browser';

const root = path.resolve(__dirname, '..', '..');
const python = path.join(root, '.venv', 'bin', 'python');

/** Why JupyterLab cannot be started, or false. */
export const noJupyterLab: string | false = fs.existsSync(python)
  ? false
  : 'SKIPPED: the Python packages are not installed ("npm run doctor" says why)';

/** What was seen of a notebook. */
export interface LabView {
  /** Vega-Lite outputs that JupyterLab drew, with their size in px. */
  readonly figures: readonly { readonly width: number; readonly height: number }[];
  /** Vega-Lite outputs in the file. */
  readonly expected: number;
  readonly text: string;
}

/** The pictures that JupyterLab's own Vega renderer made; it may draw on a canvas or as SVG. */
const DRAWN = `[...document.querySelectorAll('.jp-RenderedVegaCommon5 .vega-embed, .jp-RenderedVegaCommon5')]
  .filter((node) => node.matches('.jp-RenderedVegaCommon5'))
  .map((node) => node.querySelector('canvas, svg, img'))
  .filter((node) => node !== null)
  .map((node) => node.getBoundingClientRect())
  .map(({ width, height }) => ({ width, height }))`;

/**
 * Opens an executed notebook in a real JupyterLab in Chromium, waits until all its figures are drawn, and keeps
 * a picture of the whole page.
 */
export async function viewInJupyterLab(notebook: string, screenshot: string): Promise<LabView> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-jupyter-'));
  const name = path.basename(notebook);
  fs.mkdirSync(path.join(folder, 'notebooks'));
  fs.copyFileSync(notebook, path.join(folder, 'notebooks', name));
  const lab = await startLab(folder);
  const browser = await startBrowser();
  try {
    const { cells } = JSON.parse(fs.readFileSync(notebook, 'utf8')) as {
      cells: { outputs?: { data?: Record<string, unknown> }[] }[];
    };
    const expected = cells
      .flatMap(({ outputs }) => outputs ?? [])
      .filter(({ data }) => data !== undefined && 'application/vnd.vegalite.v5+json' in data).length;
    // JupyterLab draws the cells that are in sight: the window is as high as the notebook.
    await browser.resize(1300, 3000 + 900 * expected);
    await browser.open(`${lab.address}/lab/tree/${encodeURIComponent(name)}?token=${lab.token}`, /tslab/);
    let figures: LabView['figures'] = [];
    for (let waited = 0; waited < 30_000 && figures.length < expected; waited += 250) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      figures = ((await browser.evaluate(DRAWN)) ?? []) as LabView['figures'];
    }
    await browser.screenshot(screenshot);
    return { figures, expected, text: (await browser.evaluate('document.body.innerText')) as string };
  } finally {
    await browser.close();
    await lab.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A JupyterLab of this project with nothing of the user's settings, on a free port of this machine. */
async function startLab(
  folder: string,
): Promise<{ readonly address: string; readonly token: string; stop(): Promise<void> }> {
  const token = 'stm-lab-test';
  const own = (name: string): string => path.join(folder, name);
  const child = spawn(
    python,
    [
      ...[
        '-m',
        'jupyterlab',
        '--no-browser',
        '--allow-root',
        '--ServerApp.ip=127.0.0.1',
        '--ServerApp.port=0',
      ],
      ...[`--IdentityProvider.token=${token}`, `--ServerApp.root_dir=${own('notebooks')}`],
      ...['--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.news_url=None'],
      ...['--LabApp.extension_manager=readonly'],
    ],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        JUPYTER_PREFER_ENV_PATH: '1',
        JUPYTER_CONFIG_DIR: own('config'),
        JUPYTER_DATA_DIR: own('data'),
        JUPYTER_RUNTIME_DIR: own('runtime'),
        JUPYTERLAB_SETTINGS_DIR: own('settings'),
        JUPYTERLAB_WORKSPACES_DIR: own('workspaces'),
      },
    },
  );
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  let log = '';
  const address = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`JupyterLab did not start: ${log}`)), 60_000);
    child.stderr.on('data', (part: Buffer) => {
      log += part.toString('utf8');
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.on('exit', () => reject(new Error(`JupyterLab ended: ${log}`)));
  });
  return {
    address,
    token,
    async stop() {
      // With the kernels it started.
      process.kill(-child.pid!, 'SIGTERM');
      await ended;
    },
  };
}
