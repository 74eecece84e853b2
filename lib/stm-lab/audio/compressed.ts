import { environmentError, inputError, isOutOfMemory, messageOf, UserError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { createDownmix } from './downmix';
import { withoutConsole } from './quiet';
import type { AudioSource } from './source';

/** What every decoder library here hands back for a piece of the stream. */
export interface DecodedPiece {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors?: readonly { readonly message: string }[];
}

/** A decoder fed with the file's bytes in order. */
export interface StreamDecoder {
  decode(bytes: Uint8Array): DecodedPiece | Promise<DecodedPiece>;
  flush(): DecodedPiece | undefined | Promise<DecodedPiece | undefined>;
  free(): void;
}

/** A compressed format: its name for messages, and how its decoder is made. */
export interface Codec {
  readonly name: string;
  /** Package and version of the decoder. */
  readonly decoder: string;
  create(): Promise<StreamDecoder>;
}

/** A stretch of the file with a decoder of its own: all of it, or one link of a chain. */
export interface Part {
  readonly codec: Codec;
  /** The bytes to decode, in fresh blocks. */
  readonly bytes: () => Iterable<Uint8Array>;
  /** As the part's header says. */
  readonly channels: number;
  /** Samples to drop at its start. Default 0. */
  readonly skip?: number;
  /** Factor on its samples. Default 1. */
  readonly gain?: number;
  /** Samples that its container promises behind the dropped ones. */
  readonly promised?: number;
}

/** A decoder may hold back or add a block at either end. */
const PROMISE_TOLERANCE = 8192;

/**
 * A compressed recording as a stream of mono blocks. The first samples are decoded at once, because only they
 * tell the sampling rate.
 *
 * @param warnings what is known to be noteworthy
 * @throws UserError: `input` when nothing can be decoded, `environment` when memory runs out or the file can no longer
 *   be read; the stream throws `input` where a frame is damaged or the rate changes.
 */
export async function openCompressed(
  source: ByteSource,
  parts: readonly Part[],
  known: readonly string[] = [],
): Promise<AudioSource> {
  const { file } = source;
  const fail = (reason: string, cause?: unknown): never => {
    throw inputError(`${file}: ${reason}`, cause);
  };
  const { codec, channels } = parts[0]!;
  const warnings = [...known];
  const downmix = createDownmix(file, (sentence) => warnings.push(sentence));
  let decoder: StreamDecoder | undefined;
  let open = true;
  const free = (): void => {
    decoder?.free();
    decoder = undefined;
  };
  const close = (): void => {
    if (open) free();
    open = false;
    source.close();
  };
  let seconds = 0;
  let sampleRate = 0;
  const run = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await withoutConsole(work);
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (isOutOfMemory(error))
        throw environmentError(`${file}: memory ran out (${messageOf(error)}); use fewer workers`, error);
      return fail(`${codec.name} data cannot be decoded (${messageOf(error)}); copy the file again`, error);
    }
  };
  async function* piecesOf({
    codec: own,
    bytes,
    channels: declared,
    skip = 0,
    gain = 1,
    promised,
  }: Part): AsyncGenerator<Float32Array> {
    decoder = await run(() => own.create());
    const current = decoder;
    let toSkip = skip;
    let decoded = 0;
    const accept = (piece: DecodedPiece | undefined): Float32Array | undefined => {
      if (piece === undefined) return undefined;
      const damage = piece.errors?.[0];
      if (damage !== undefined)
        fail(
          `${own.name} data are damaged after about ${seconds.toFixed(1)} s (${damage.message}); copy the file again`,
        );
      if (piece.samplesDecoded === 0) return undefined;
      if (sampleRate !== 0 && piece.sampleRate !== sampleRate)
        fail(
          `${own.name} stream changes from ${sampleRate} Hz to ${piece.sampleRate} Hz after ` +
            `${seconds.toFixed(1)} s; split it`,
        );
      sampleRate = piece.sampleRate;
      const { channelData } = piece;
      // mpg123 gives one channel twice.
      const mono = downmix.push(piece.samplesDecoded, channelData.slice(0, declared), gain);
      const drop = Math.min(toSkip, mono.length);
      toSkip -= drop;
      decoded += mono.length - drop;
      seconds += (mono.length - drop) / sampleRate;
      return drop === mono.length ? undefined : mono.subarray(drop);
    };
    for (const chunk of bytes()) {
      const block = accept(await run(() => current.decode(chunk)));
      if (block !== undefined) yield block;
    }
    const last = accept(await run(() => current.flush()));
    if (last !== undefined) yield last;
    free();
    if (promised !== undefined && promised - decoded > PROMISE_TOLERANCE)
      warnings.push(
        `${own.name} gives ${decoded} samples where its last page counts ${promised}; the part that could be read is used`,
      );
  }
  async function* pieces(): AsyncGenerator<Float32Array> {
    for (const part of parts) yield* piecesOf(part);
    downmix.finish();
  }
  const stream = pieces();
  let first: IteratorResult<Float32Array>;
  try {
    first = await stream.next();
    if (first.done === true)
      fail(`no ${codec.name} audio could be decoded; the file is truncated or damaged`);
  } catch (error) {
    close();
    throw error;
  }
  return {
    sampleRate,
    channels,
    decoder: codec.decoder,
    warnings,
    async *blocks() {
      try {
        for (let next = first; next.done !== true; next = await stream.next()) yield next.value;
      } finally {
        close();
      }
    },
    close,
  };
}
