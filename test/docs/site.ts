// Looks at the documentation site that "npm run docs" built in site/: every link leads to a page that is there, pages fit a
// desktop and a phone, and the search finds a function without a network.   npm run test:docs [-- --screenshots DIR]
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startBrowser } from '../tracking/browser';

const site = path.resolve(__dirname, '..', '..', 'site');
const { values } = parseArgs({ options: { screenshots: { type: 'string' } } });
const faults: string[] = [];

function pagesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.html'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Links and images of a page that lead to no file, and fragments that no element of the target carries. */
function deadLinks(page: string, ids: (file: string) => ReadonlySet<string>): string[] {
  const text = fs.readFileSync(page, 'utf8');
  return [...text.matchAll(/\s(?:href|src)="([^"]+)"/g)].flatMap(([, link]) => {
    if (/^(https?:|data:|mailto:|javascript:)/.test(link!)) return [];
    const [file, fragment = ''] = decodeURI(link!.replaceAll('&amp;', '&')).split('#');
    const target = file === '' ? page : path.resolve(path.dirname(page), file!.replace(/\?.*$/, ''));
    if (!fs.existsSync(target)) return [`${path.relative(site, page)}: ${link}`];
    if (fragment === '' || !target.endsWith('.html') || ids(target).has(fragment)) return [];
    return [`${path.relative(site, page)}: ${link} (no such part)`];
  });
}

async function main(): Promise<void> {
  const pages = pagesBelow(site);
  const known = new Map<string, ReadonlySet<string>>();
  const ids = (file: string): ReadonlySet<string> => {
    const found =
      known.get(file) ??
      new Set([...fs.readFileSync(file, 'utf8').matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id!));
    known.set(file, found);
    return found;
  };
  const dead = pages.flatMap((page) => deadLinks(page, ids));
  faults.push(...dead.slice(0, 50));
  const browser = await startBrowser();
  try {
    for (const [width, height] of [
      [1280, 900],
      [390, 844],
    ] as const) {
      await browser.resize(width, height);
      for (const page of ['index.html', 'modules/stm-lab_features.html', 'documents/docs_sound.html']) {
        const file = path.join(site, page);
        if (!fs.existsSync(file)) {
          faults.push(`${page}: is missing`);
          continue;
        }
        await browser.open(pathToFileURL(file).href, /stm-lab/);
        const over = await browser.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(over) > 1) faults.push(`${page}: ${String(over)} px wider than ${width} px`);
        if (values.screenshots !== undefined)
          await browser.screenshot(
            path.join(values.screenshots, `${path.basename(page, '.html')}-${width}.png`),
            'window',
          );
      }
    }
    await browser.resize(1280, 900);
    await browser.open(pathToFileURL(path.join(site, 'index.html')).href, /stm-lab/);
    await browser.evaluate(`document.querySelector('#tsd-search-trigger').click()`);
    await browser.waitFor(`document.querySelector('#tsd-search-input') !== null`);
    await browser.evaluate(
      `(() => { const box = document.querySelector('#tsd-search-input'); box.focus(); box.value = 'poolExcerpts'; box.dispatchEvent(new Event('input', { bubbles: true })); })()`,
    );
    await browser.waitFor(
      `document.querySelector('#tsd-search-results')?.textContent.includes('poolExcerpts')`,
    );
    const away = browser.requests.filter((address) => /^https?:/.test(address));
    if (away.length > 0) faults.push(`pages ask the network for ${away.slice(0, 3).join(', ')}`);
    faults.push(...browser.errors.slice(0, 5));
  } finally {
    await browser.close();
  }
  for (const fault of faults) console.error(fault);
  console.log(`${pages.length} pages, ${dead.length} dead links, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

void main();
