import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/** Writes files (path to content) below a new temporary folder and returns that folder. */
export function plant(files: Readonly<Record<string, string>>): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-tree-'));
  const made = new Set<string>();
  for (const [name, content] of Object.entries(files)) {
    const folder = path.dirname(path.join(root, name));
    if (!made.has(folder)) fs.mkdirSync(folder, { recursive: true });
    made.add(folder);
    fs.writeFileSync(path.join(root, name), content);
  }
  return root;
}
