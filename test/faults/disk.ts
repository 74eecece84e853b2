import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';

/** Runs a body with a file system of a given size, when this user may make one; else says why not. */
export async function withSmallDisk(
  folder: string,
  kilobytes: number,
  body: (disk: { grow(): void; freeze(): void }) => Promise<void>,
): Promise<string | undefined> {
  fs.mkdirSync(folder, { recursive: true });
  const mount = (...args: string[]): string | undefined => {
    const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
    return status === 0 ? undefined : (error?.message ?? stderr.trim());
  };
  const refused = mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder);
  if (refused !== undefined) return `a small disk cannot be made here (${refused})`;
  try {
    await body({
      grow: () => void mount('-o', 'remount,rw,size=512m', folder),
      freeze: () => void mount('-o', 'remount,ro', folder),
    });
    return undefined;
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
}
