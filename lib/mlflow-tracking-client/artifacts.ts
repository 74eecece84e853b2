import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputError } from 'research-basics/errors';
import { temporaryName } from 'research-basics/files';
import type { ArtifactStore } from './artifactStore';
import { mediaType } from './artifactTypes';
import { download } from './download';
import type { Http } from './http';
import { isLoopback } from './agents';
import { presignedStore } from './presigned';
import { ServerError } from './serverError';

/**
 * The store an artifact address points to: through the server (`mlflow-artifacts:`), a folder that this machine shares
 * with it (`file:` or a plain path), or a cloud store (`s3:` and others) by addresses that the server signs.
 *
 * @throws UserError (`input`) for any other address, saying what to configure.
 */
export function openArtifactStore(server: { http: Http; uri: string }, artifactUri: string): ArtifactStore {
  if (artifactUri.startsWith('mlflow-artifacts:')) return proxiedStore(server.http, server.uri, artifactUri);
  if (artifactUri.startsWith('file:')) return sharedFolder(server.uri, fileURLToPath(artifactUri));
  if (/^([A-Za-z]:)?[\\/]/.test(artifactUri)) return sharedFolder(server.uri, artifactUri);
  return presignedStore(server.http, artifactUri, receive);
}

/** A folder of a server on another machine is meant only where it is mounted: its experiment's root must be there. */
function sharedFolder(serverUri: string, root: string): ArtifactStore {
  const server = new URL(serverUri);
  if (!isLoopback(server) && !fs.existsSync(path.dirname(path.dirname(path.dirname(root))))) {
    throw inputError(
      `the run's artifacts are kept in ${root} on ${server.hostname}, which is not mounted here; mount it, or start the server with --serve-artifacts and use a new experiment`,
    );
  }
  return folderStore(root);
}

/**
 * Checks an artifact's path: relative, inside its folder, and of characters that survive the way through
 * an address and a file system.
 *
 * @throws UserError (`input`) naming the path.
 */
export function checkArtifactPath(to: string): string {
  const parts = to.split('/');
  if (
    to === '' ||
    // eslint-disable-next-line no-control-regex
    /[\\\u0000-\u001f:*?"<>|#%]/.test(to) ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw inputError(
      `artifact path "${to}" cannot be used: give a relative path with "/" and without .. \\ : * ? " < > | # %`,
    );
  }
  return to;
}

function proxiedStore(http: Http, serverUri: string, artifactUri: string): ArtifactStore {
  const parsed = /^mlflow-artifacts:(?:\/\/([^/]*))?\/?(.*)$/.exec(artifactUri)!;
  const authority = parsed[1] ?? '';
  const root = parsed[2]!.replace(/\/+$/, '');
  const origin = authority === '' ? '' : `${new URL(serverUri).protocol}//${authority}`;
  const api = `${origin}/api/2.0/mlflow-artifacts/artifacts`;
  const encode = (where: string): string => where.split('/').map(encodeURIComponent).join('/');
  // The root is an address already: what is percent-encoded in it stays so, as in MLflow's own clients.
  const prefix = encode(root).replace(/%25([0-9A-Fa-f]{2})/g, '%$1');
  const address = (relative: string): string =>
    [api, prefix, encode(relative)].filter((part) => part !== '').join('/');
  const list: ArtifactStore['list'] = async (folder = '') => {
    const answer = await http.json<{
      files?: { path: string; is_dir?: boolean; file_size?: number | string }[];
    }>({
      method: 'GET',
      path: api,
      query: { path: [root, folder].filter((part) => part !== '').join('/') },
    });
    return (answer.files ?? []).map((file) => ({
      path: folder === '' ? file.path : `${folder}/${file.path}`,
      kind: file.is_dir ? ('folder' as const) : ('file' as const),
      ...(file.is_dir ? {} : { bytes: Number(file.file_size ?? 0) }),
    }));
  };
  return {
    async put(to, file) {
      const length = fs.statSync(file).size;
      const answer = await http.json<object>({
        method: 'PUT',
        path: address(to),
        body: {
          length,
          type: mediaType(to),
          open: () => fs.createReadStream(file, { highWaterMark: 1 << 20 }),
        },
      });
      if (Object.keys(answer).length === 0) return;
      // MLflow answers nothing here: another program may have taken the port.
      const there = await list(path.posix.dirname(to).replace(/^\.$/, ''));
      if (!there.some((one) => one.path === to && one.bytes === length))
        throw new ServerError('ambiguous', `PUT ${address(to)}: the answer is not MLflow's`);
    },
    list,
    async get(from, target) {
      await receive(target, (temporary) => download(http, { path: address(from) }, temporary));
    },
  };
}

function folderStore(root: string): ArtifactStore {
  return {
    async put(to, file) {
      const target = path.join(root, to);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      await receive(target, (temporary) => fs.promises.copyFile(file, temporary));
    },
    async list(folder = '') {
      const names = await fs.promises
        .readdir(path.join(root, folder), { withFileTypes: true })
        .catch(() => []);
      return names.map((name) => {
        const relative = folder === '' ? name.name : `${folder}/${name.name}`;
        return name.isDirectory()
          ? { path: relative, kind: 'folder' as const }
          : { path: relative, kind: 'file' as const, bytes: fs.statSync(path.join(root, relative)).size };
      });
    },
    async get(from, target) {
      await receive(target, (temporary) => fs.promises.copyFile(path.join(root, from), temporary));
    },
  };
}

/** Lets a file appear only when it is whole. */
async function receive(target: string, write: (temporary: string) => Promise<unknown>): Promise<void> {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    await write(temporary);
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Every file under `folder`, with the folders walked. */
export async function listAllArtifacts(
  store: ArtifactStore,
  folder = '',
): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = [];
  for (const item of await store.list(folder)) {
    if (item.kind === 'folder') found.push(...(await listAllArtifacts(store, item.path)));
    else found.push({ path: item.path, bytes: item.bytes ?? 0 });
  }
  return found;
}
