/** A recording being decoded: its properties and its samples as a stream. */
export interface AudioSource {
  /** Hz, as the file says. */
  readonly sampleRate: number;
  /** Channels in the file. */
  readonly channels: number;
  /** What decodes it, with its version: `stm-lab` (PCM), `mpg123-decoder 1.0.3`, `ffmpeg 9.0.2`. */
  readonly decoder: string;
  /**
   * What a user should know of this recording, a sentence each without the file's name: that it is truncated, that its
   * header is wrong. Grows while the blocks are read.
   */
  readonly warnings: readonly string[];
  /**
   * The samples in order, as mono blocks (mean over channels; the first channel where channels cancel each other) of at
   * most a few seconds; full scale is -1 .. 1. May be read once. Stopping early (`break`) releases the file.
   *
   * @throws UserError where the file turns out to be damaged (`input`) or can no longer be read (`environment`).
   */
  blocks(): AsyncIterable<Float32Array>;
  /** Releases the file and the decoder when the blocks are not wanted. Harmless when called twice. */
  close(): void;
}
