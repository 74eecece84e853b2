import * as fs from 'node:fs';
import * as path from 'node:path';
import { readableName } from '../base/fileName';
import { createExclusive, readJson, sha256, writeJson } from 'research-basics/files';
import { isFolder, type Manifest } from '../corpus';

/** Longest name in bytes; a hash may come behind it. */
const LONGEST = 100;
const DEMO = 'demo';

/** What `corpus.json` in a corpus's folder of results says: whose results they are. */
interface Claim {
  /** Absolute path of the manifest, links resolved. */
  readonly manifest: string;
  readonly sha256: string;
}

/**
 * Name of the folder below `results` (and in MLflow) that holds a corpus's results: the manifest's folder, and its own
 * name unless that is "manifest" (a folder that is read as a manifest: its name); "demo" without a manifest. Manifests that would share a name are told apart: the first
 * owns it, by a file `corpus.json`, and others get 8 digits of the hash of their path behind it. A corpus that was
 * moved (its content is the same, and nothing is left where it was) keeps its results.
 *
 * @param claim `take`: claims the folder for this manifest; `look`: only says which it would be.
 * @param manifest as `readManifest` reads it.
 */
export function corpusName(
  results: string,
  manifest: Pick<Manifest, 'file' | 'hash'> | undefined,
  claim: 'take' | 'look',
): string {
  if (manifest === undefined) return DEMO;
  const own = { manifest: fs.realpathSync(manifest.file), sha256: manifest.hash };
  const base = baseName(own.manifest);
  if (base !== DEMO && owns(path.join(results, base), own, claim)) return base;
  const name = `${base}-${sha256(own.manifest).slice(0, 8)}`;
  if (claim === 'take') writeClaim(path.join(results, name), own);
  return name;
}

function baseName(manifest: string): string {
  const { name, dir } = path.parse(isFolder(manifest) ? path.join(manifest, 'manifest.csv') : manifest);
  const folder = path.basename(dir);
  return readableName(name === 'manifest' ? folder : `${folder}-${name}`, LONGEST) || 'corpus';
}

/** Whether a folder belongs to a manifest; an unclaimed one is taken. */
function owns(folder: string, own: Claim, claim: 'take' | 'look'): boolean {
  const file = path.join(folder, 'corpus.json');
  const known = readClaim(file);
  if (known === undefined) {
    if (claim === 'look') return true;
    fs.mkdirSync(folder, { recursive: true });
    if (!fs.existsSync(file) && createExclusive(file, claimText(own)) === 'made') return true;
    const other = readClaim(file);
    if (other !== undefined) return other.manifest === own.manifest;
    writeClaim(folder, own);
    return true;
  }
  if (known.manifest === own.manifest) return true;
  const moved = known.sha256 === own.sha256 && !fs.existsSync(known.manifest);
  if (moved && claim === 'take') writeClaim(folder, own);
  return moved;
}

const claimText = (claim: Claim): string => `${JSON.stringify(claim, null, 2)}\n`;
const writeClaim = (folder: string, claim: Claim): void => writeJson(path.join(folder, 'corpus.json'), claim);

function readClaim(file: string): Claim | undefined {
  try {
    return readJson<Claim>(file);
  } catch {
    return undefined;
  }
}
