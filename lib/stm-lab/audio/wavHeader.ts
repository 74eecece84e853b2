/** Samples of a mono WAV file: 16-bit integers, or 32-bit floating point, which has no overload. */
export type WavSamples = 'pcm16' | 'float32';

/**
 * The header of a mono WAV file, 44 bytes for integers; for floating point 58, with the longer `fmt ` chunk and the `fact`
 * chunk that it requires.
 *
 * @param sampleRate Hz, a positive integer
 * @param dataBytes bytes of the samples that follow
 */
export function wavHeader(samples: WavSamples, sampleRate: number, dataBytes: number): Buffer {
  const isFloat = samples === 'float32';
  const width = isFloat ? 4 : 2;
  const head = Buffer.alloc(wavHeaderBytes(samples));
  const data = head.length - 8;
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(head.length - 8 + dataBytes, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(isFloat ? 18 : 16, 16);
  head.writeUInt16LE(isFloat ? 3 : 1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * width, 28);
  head.writeUInt16LE(width, 32);
  head.writeUInt16LE(8 * width, 34);
  if (isFloat) {
    head.write('fact', 38, 'latin1');
    head.writeUInt32LE(4, 42);
    head.writeUInt32LE(dataBytes / width, 46);
  }
  head.write('data', data, 'latin1');
  head.writeUInt32LE(dataBytes, data + 4);
  return head;
}

/** Bytes before the samples. */
export function wavHeaderBytes(samples: WavSamples): number {
  return samples === 'float32' ? 58 : 44;
}
