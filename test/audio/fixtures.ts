import * as path from 'node:path';

export const GOLDEN = path.resolve(__dirname, '..', 'golden', 'audio');

/** The chirp that every fixture holds, 8 kHz. */
export function chirp(): Float64Array {
  return Float64Array.from({ length: 34400 }, (_, i) => {
    const t = i / 8000;
    return 0.4 * Math.sin(2 * Math.PI * (200 * t + 150 * t * t)) + 0.1 * Math.sin(2 * Math.PI * 1500 * t);
  });
}

export interface WavLayout {
  tag: number;
  bits: number;
  channels?: number;
  rate?: number;
  extensible?: boolean;
  fact?: number;
  big?: boolean;
}

/** A WAV file around `data`, with the header as told, true or not. */
export function wavBytes(data: Uint8Array, layout: WavLayout): Buffer {
  const { tag, bits, channels = 1, rate = 8000, extensible = false, fact, big = false } = layout;
  const u16 = (value: number): Buffer => {
    const bytes = Buffer.alloc(2);
    if (big) bytes.writeUInt16BE(value);
    else bytes.writeUInt16LE(value);
    return bytes;
  };
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (big) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  };
  const frame = (bits / 8) * channels;
  const format = Buffer.concat([
    u16(extensible ? 0xfffe : tag), u16(channels), u32(rate), u32(rate * frame), u16(frame), u16(bits),
    ...(extensible ? [u16(22), u16(bits), u32(0), u16(tag), Buffer.alloc(14)] : []),
  ]); // prettier-ignore
  const chunk = (id: string, body: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from(id), u32(body.length), body, Buffer.alloc(body.length % 2)]);
  const chunks = [chunk('LIST', Buffer.from('odd')), chunk('fmt ', format)];
  if (fact !== undefined) chunks.push(chunk('fact', u32(fact)));
  chunks.push(chunk('data', data));
  const body = Buffer.concat(chunks);
  return Buffer.concat([Buffer.from(big ? 'RIFX' : 'RIFF'), u32(body.length + 4), Buffer.from('WAVE'), body]);
}

/** Samples as bytes of the given kind. */
export function encode(samples: Float64Array, kind: string, big = false): Buffer {
  const width = { u8: 1, s8: 1, s16: 2, u16: 2, s24: 3, s32: 4, f32: 4, f64: 8 }[kind]!;
  const bytes = Buffer.alloc(samples.length * width);
  samples.forEach((value, i) => {
    const at = i * width;
    const scaled = Math.round(value * 2 ** (width * 8 - 1));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (kind === 'u8') bytes.writeUInt8(scaled + 128, at);
    else if (kind === 's8') bytes.writeInt8(scaled, at);
    else if (kind === 'u16') view.setUint16(at, scaled + 32768, !big);
    else if (kind === 'f32') view.setFloat32(at, value, !big);
    else if (kind === 'f64') view.setFloat64(at, value, !big);
    else if (big) bytes.writeIntBE(scaled, at, width);
    else bytes.writeIntLE(scaled, at, width);
  });
  return bytes;
}
