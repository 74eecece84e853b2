/** A recording being decoded: its properties and its samples as a stream. */
export interface AudioSource {
  /** Hz, as the file says. */
  readonly sampleRate: number;
  /** Channels in the file. */
  readonly channels: number;
  /**
   * The samples in order, as mono blocks (mean over channels) of at most a few seconds; full scale is -1 .. 1.
   * May be read once. Stopping early (`break`) releases the file.
   *
   * @throws StmLabError (`input`) where the file turns out to be damaged.
   */
  blocks(): AsyncIterable<Float32Array>;
  /** Releases the file and the decoder when the blocks are not wanted. Harmless when called twice. */
  close(): void;
}
