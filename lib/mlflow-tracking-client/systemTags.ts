import { execFileSync } from 'node:child_process';
import * as os from 'node:os';
import * as path from 'node:path';
import { withoutUserInfo } from './secrets';

/**
 * The tags MLflow's own client sets: who ran what, from which commit. Outside a git work tree the git tags
 * are left out. User data in the repository's address (a token, often) is cut off, and the program is
 * named relative to the work tree, so that no home folder is published.
 */
export function systemTags(cwd: string = process.cwd()): Record<string, string> {
  const tags: Record<string, string> = { 'mlflow.user': userName() };
  const git = (...args: string[]): string | undefined => {
    try {
      return execFileSync('git', args, { cwd, timeout: 3000, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString('utf8')
        .trim();
    } catch {
      return undefined;
    }
  };
  const where = git('rev-parse', '--show-toplevel', 'HEAD', '--abbrev-ref', 'HEAD')?.split('\n');
  const root = where?.[0];
  const notebook = process.env['JPY_SESSION_NAME'];
  const program = notebook ?? process.argv[1];
  tags['mlflow.source.type'] = notebook === undefined ? 'LOCAL' : 'NOTEBOOK';
  if (program !== undefined && program !== '') {
    const relative = path.relative(root ?? cwd, path.resolve(cwd, program));
    tags['mlflow.source.name'] =
      relative.startsWith('..') || relative === '' ? path.basename(program) : relative;
  }
  if (where?.[1] !== undefined && /^[0-9a-f]{40,64}$/.test(where[1])) {
    tags['mlflow.source.git.commit'] = where[1];
    if (where[2] !== undefined && where[2] !== 'HEAD') tags['mlflow.source.git.branch'] = where[2];
    const dirty = git('status', '--porcelain', '--untracked-files=no');
    if (dirty !== undefined) tags['mlflow.source.git.dirty'] = dirty === '' ? 'false' : 'true';
    const origin = git('config', '--get', 'remote.origin.url');
    if (origin) tags['mlflow.source.git.repoURL'] = withoutUserInfo(origin);
  }
  return tags;
}

function userName(): string {
  try {
    return process.env['LOGNAME'] || os.userInfo().username;
  } catch {
    return 'unknown';
  }
}
