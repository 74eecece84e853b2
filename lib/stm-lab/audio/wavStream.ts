import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { temporaryName } from 'research-basics/files';
import { wavHeader, wavHeaderBytes } from './wavHeader';

/** A WAV file being written. */
export interface WavWriter {
  /** Appends mono samples, full scale -1 .. 1; values beyond it are kept as they are. */
  write(samples: Float32Array): void;
  /** Completes the file under its own name. */
  close(): void;
  /** Removes what was written; harmless after `close`. */
  discard(): void;
}

const HEADER_BYTES = wavHeaderBytes('float32');
/** What a WAV header can say. */
const MOST_BYTES = 0xffffffff - HEADER_BYTES;

/**
 * Starts a mono WAV file of 32-bit float samples, which has no overload and loses nothing. It carries a temporary name until
 * it is complete. The bytes depend on samples and rate alone.
 *
 * @param sampleRate Hz, a positive integer
 * @throws RangeError from `write` beyond 4 GiB (18 h at 16 kHz).
 */
export function openWavWriter(file: string, sampleRate: number): WavWriter {
  const temporary = temporaryName(file);
  const handle = openSync(temporary, 'w');
  let bytes = 0;
  let isOpen = true;
  const release = (): void => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  writeSync(handle, wavHeader('float32', sampleRate, 0));
  return {
    write(samples) {
      if (bytes + 4 * samples.length > MOST_BYTES)
        throw new RangeError(`${file}: a WAV file holds at most 4 GiB; filter the recording in parts`);
      const block = Buffer.alloc(4 * samples.length);
      samples.forEach((value, i) => block.writeFloatLE(value, 4 * i));
      writeSync(handle, block);
      bytes += block.length;
    },
    close() {
      writeSync(handle, wavHeader('float32', sampleRate, bytes), 0, HEADER_BYTES, 0);
      release();
      renameSync(temporary, file);
    },
    discard() {
      release();
      rmSync(temporary, { force: true });
    },
  };
}
