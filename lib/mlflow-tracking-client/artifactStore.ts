/** The artifact folder of one run or model. Paths are relative, with `/`. */
export interface ArtifactStore {
  /** Uploads a file under `to`, replacing what is there. Streams; memory stays small. */
  put(to: string, file: string): Promise<void>;
  /** Files and folders directly under `folder` (default: the root). */
  list(folder?: string): Promise<{ path: string; kind: 'file' | 'folder'; bytes?: number }[]>;
  /** Downloads one file; the target appears only when it is whole. */
  get(from: string, target: string): Promise<void>;
}
