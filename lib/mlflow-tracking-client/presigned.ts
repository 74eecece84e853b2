import * as fs from 'node:fs';
import { inputError } from 'research-basics/errors';
import type { ArtifactStore } from './artifactStore';
import { mediaType } from './artifactTypes';
import { download } from './download';
import type { Http } from './http';
import { ServerError } from './serverError';

const API = '/api/2.0/mlflow';

interface Signed {
  presigned_url: string;
  headers?: Record<string, string>;
}

/**
 * The artifacts of a run or logged model in a cloud store (`s3:`, `gs:` ...) that the server does not pass on: it signs
 * an address for each file, so that this program needs no credentials for the store.
 *
 * @param receive writes a download under a temporary name.
 * @throws UserError (`input`) for an address that names no run or model; `put` throws it where the server does not sign (an older one).
 */
export function presignedStore(
  http: Http,
  artifactUri: string,
  receive: (target: string, write: (temporary: string) => Promise<unknown>) => Promise<void>,
): ArtifactStore {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(artifactUri)?.[1] ?? artifactUri;
  const unsupported = (): Error =>
    inputError(
      `the run's artifacts are kept at "${scheme}:", to which this server gives no access; start the MLflow server with ` +
        `--serve-artifacts and --artifacts-destination so that it passes uploads on, and use a new experiment`,
    );
  // The server names the folders: EXPERIMENT/RUN/artifacts and EXPERIMENT/models/MODEL/artifacts.
  const [, folder, id] = /(?:\/(models))?\/([A-Za-z0-9][\w-]*)\/artifacts\/?$/.exec(artifactUri) ?? [];
  if (id === undefined) throw unsupported();
  const ofModel = folder === 'models';
  const owner = ofModel ? { model_id: id } : { run_id: id };

  /** A signed address; undefined where the server does not sign, because it is too old or the store cannot. */
  async function sign(direction: 'upload' | 'download', path: string): Promise<Signed | undefined> {
    try {
      const place = `${API}/artifacts/presigned-${direction}-url`;
      return await http.json<Signed>({ method: 'POST', path: place, json: { ...owner, path } });
    } catch (error) {
      if (error instanceof ServerError && isUnknownCall(error)) return undefined;
      throw error;
    }
  }

  /** A file through the server, which reads any store. */
  const throughServer = (path: string): string =>
    ofModel
      ? `/ajax-api/2.0/mlflow/logged-models/${id}/artifacts/files?${query({ artifact_file_path: path })}`
      : `/get-artifact?${query({ run_uuid: id, path })}`;

  return {
    async put(to, file) {
      const signed = await sign('upload', to);
      if (signed === undefined) throw unsupported();
      const headers = signed.headers ?? {};
      const type = Object.entries(headers).find(([name]) => /^content-type$/i.test(name))?.[1];
      await http.json({
        method: 'PUT',
        path: signed.presigned_url,
        headers,
        body: {
          length: fs.statSync(file).size,
          type: type ?? mediaType(to),
          open: () => fs.createReadStream(file, { highWaterMark: 1 << 20 }),
        },
      });
    },
    async list(folder = '') {
      const files: { path: string; is_dir?: boolean; file_size?: number | string }[] = [];
      let token: string | undefined;
      do {
        const answer = await http.json<{ files?: typeof files; next_page_token?: string }>({
          method: 'GET',
          path: ofModel ? `${API}/logged-models/${id}/artifacts/directories` : `${API}/artifacts/list`,
          query: ofModel
            ? { artifact_directory_path: folder || undefined, page_token: token }
            : { run_id: id, path: folder || undefined, page_token: token },
        });
        files.push(...(answer.files ?? []));
        token = answer.next_page_token || undefined;
      } while (token !== undefined);
      return files.map(({ path, is_dir: isFolder, file_size: bytes }) => ({
        path,
        kind: isFolder ? ('folder' as const) : ('file' as const),
        ...(isFolder ? {} : { bytes: Number(bytes ?? 0) }),
      }));
    },
    async get(from, target) {
      const source = async (): Promise<{ path: string; headers?: Record<string, string> }> => {
        const signed = ofModel ? undefined : await sign('download', from);
        return signed === undefined
          ? { path: throughServer(from) }
          : { path: signed.presigned_url, headers: signed.headers ?? {} };
      };
      await receive(target, (temporary) => download(http, source, temporary));
    },
  };
}

const query = (values: Record<string, string>): string => new URLSearchParams(values).toString();

/** Whether a server says that it does not know a call at all, or not for this store. */
function isUnknownCall({ status, code }: ServerError): boolean {
  return status === 501 || status === 405 || (status === 404 && code !== 'RESOURCE_DOES_NOT_EXIST');
}
