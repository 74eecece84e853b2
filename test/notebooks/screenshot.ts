import * as fs from 'node:fs';
import * as path from 'node:path';
import { noBrowser } from '../tracking/browser';
import { noJupyterLab, viewInJupyterLab } from './jupyterLab';

/**
 * Opens executed notebooks in JupyterLab in Chromium and keeps a picture beside each, as NAME.jupyterlab.png;
 * exit 1 when a figure is not drawn. `npm run screenshot:lab -- [NOTEBOOK.ipynb...]`; default: the ablations of the
 * demo corpus, as `npm run reproduce` leaves them.
 */
async function main(given: readonly string[]): Promise<number> {
  const missing = noJupyterLab || noBrowser;
  if (missing !== false) throw new Error(missing);
  const demo = path.join(
    __dirname,
    '..',
    '..',
    'results',
    'demo',
    'small',
    'notebooks',
    '05-ablations.ipynb',
  );
  let code = 0;
  for (const notebook of given.length > 0 ? given : [demo]) {
    if (!fs.existsSync(notebook)) throw new Error(`${notebook}: is missing; "npm run reproduce" makes it`);
    const picture = notebook.replace(/\.ipynb$/, '.jupyterlab.png');
    const { figures, expected } = await viewInJupyterLab(notebook, picture);
    const drawn = figures.filter(({ width, height }) => width > 50 && height > 50).length;
    console.log(`${picture}: ${drawn} of ${expected} figures drawn by JupyterLab`);
    if (drawn < expected || expected === 0) code = 1;
  }
  return code;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
