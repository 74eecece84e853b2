import { environmentError, inputError, isOutOfMemory, messageOf, StmLabError } from '../base/errors';
import { chunksOf, type ByteSource } from './byteSource';
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
  /** Byte at which the decoder starts. */
  readonly begin: number;
  create(source: ByteSource): Promise<StreamDecoder>;
}

/** The decoders report damage on the console as well as in their result; only the result is wanted. */
async function withoutConsole<T>(work: () => T | Promise<T>): Promise<T> {
  const { error, warn } = console;
  console.error = console.warn = () => undefined;
  try {
    return await work();
  } finally {
    Object.assign(console, { error, warn });
  }
}

function toMono({ channelData, samplesDecoded }: DecodedPiece): Float32Array {
  const channels = channelData.length;
  if (channels === 1) return channelData[0]!.slice(0, samplesDecoded);
  const mono = new Float32Array(samplesDecoded);
  for (let i = 0; i < samplesDecoded; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += channelData[c]![i]!;
    mono[i] = sum / channels;
  }
  return mono;
}

/**
 * A compressed recording as a stream of mono blocks. The first samples are decoded at once, because only they
 * tell the sampling rate.
 *
 * @throws StmLabError (`input`) when nothing can be decoded; the stream throws where a frame is damaged.
 */
export async function openCompressed(source: ByteSource, codec: Codec): Promise<AudioSource> {
  const { file } = source;
  const fail = (reason: string, cause?: unknown): never => {
    throw inputError(`${file}: ${reason}`, cause);
  };
  const decoder = await codec.create(source);
  let open = true;
  const close = (): void => {
    if (open) decoder.free();
    open = false;
    source.close();
  };
  let seconds = 0;
  let sampleRate = 0;
  let channels = 0;
  async function* pieces(): AsyncGenerator<Float32Array> {
    const accept = (piece: DecodedPiece | undefined): Float32Array | undefined => {
      if (piece === undefined) return undefined;
      const damage = piece.errors?.[0];
      if (damage !== undefined)
        fail(
          `${codec.name} data are damaged after about ${seconds.toFixed(1)} s (${damage.message}); copy the file again`,
        );
      if (piece.samplesDecoded === 0) return undefined;
      if (sampleRate !== 0 && (piece.sampleRate !== sampleRate || piece.channelData.length !== channels))
        fail(
          `${codec.name} stream changes from ${sampleRate} Hz, ${channels} channels to ${piece.sampleRate} Hz, ` +
            `${piece.channelData.length} after ${seconds.toFixed(1)} s; split it`,
        );
      sampleRate = piece.sampleRate;
      channels = piece.channelData.length;
      seconds += piece.samplesDecoded / sampleRate;
      return toMono(piece);
    };
    const run = async (work: () => DecodedPiece | undefined | Promise<DecodedPiece | undefined>) => {
      try {
        return await withoutConsole(work);
      } catch (error) {
        if (error instanceof StmLabError) throw error;
        if (isOutOfMemory(error))
          throw environmentError(`${file}: memory ran out (${messageOf(error)}); use fewer workers`, error);
        return fail(`${codec.name} data cannot be decoded (${messageOf(error)}); copy the file again`, error);
      }
    };
    for (const chunk of chunksOf(source, codec.begin)) {
      const block = accept(await run(() => decoder.decode(chunk)));
      if (block !== undefined) yield block;
    }
    const last = accept(await run(() => decoder.flush()));
    if (last !== undefined) yield last;
  }
  const stream = pieces();
  let first: IteratorResult<Float32Array>;
  try {
    first = await stream.next();
    if (first.done === true)
      fail(`no ${codec.name} audio could be decoded; the file is cut short or damaged`);
  } catch (error) {
    close();
    throw error;
  }
  return {
    sampleRate,
    channels,
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
