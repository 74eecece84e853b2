/** Samples of a mono WAV file: 16-bit integers, or 32-bit floating point, which has no overload. */
export type WavSamples = 'pcm16' | 'float32';

/**
 * The header of a mono WAV file, 44 bytes for integers; for floating point 58, with the longer `fmt ` chunk and the `fact`
 * chunk that it requires.
 *
 * @param sampleRate Hz, a positive integer
 * @param dataBytes bytes of the samples that follow
 */
export function wavHeader(samples: WavSamples, sampleRate: number, dataBytes: number): Uint8Array {
  const isFloat = samples === 'float32';
  const width = isFloat ? 4 : 2;
  const head = new Uint8Array(wavHeaderBytes(samples));
  const view = new DataView(head.buffer);
  const text = (at: number, characters: string): void =>
    [...characters].forEach((character, i) => (head[at + i] = character.charCodeAt(0)));
  const data = head.length - 8;
  text(0, 'RIFF');
  view.setUint32(4, head.length - 8 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, isFloat ? 18 : 16, true);
  view.setUint16(20, isFloat ? 3 : 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, 8 * width, true);
  if (isFloat) {
    text(38, 'fact');
    view.setUint32(42, 4, true);
    view.setUint32(46, dataBytes / width, true);
  }
  text(data, 'data');
  view.setUint32(data + 4, dataBytes, true);
  return head;
}

/** Bytes before the samples. */
export function wavHeaderBytes(samples: WavSamples): number {
  return samples === 'float32' ? 58 : 44;
}
