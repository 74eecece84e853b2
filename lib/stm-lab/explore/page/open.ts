import type { SoundInput } from './messages';

const textAt = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length));

/** Sampling rates of MPEG-1 layer III; versions 2 and 2.5 have a half and a quarter. */
const MPEG_RATES = [44100, 48000, 32000];

/**
 * The sampling rate (Hz) that a compressed file names, so that the browser decodes it without resampling; undefined where it
 * is not found.
 */
export function namedRate(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (textAt(bytes, 0, 4) === 'fLaC') return view.getUint32(18) >>> 12;
  if (textAt(bytes, 0, 4) === 'OggS') {
    const start = 27 + bytes[26]!;
    if (textAt(bytes, start + 1, 6) === 'vorbis') return view.getUint32(start + 12, true);
    return 48000;
  }
  let at = 0;
  if (textAt(bytes, 0, 3) === 'ID3')
    at = 10 + ((bytes[6]! << 21) | (bytes[7]! << 14) | (bytes[8]! << 7) | bytes[9]!);
  for (const end = Math.min(bytes.length - 4, at + 65536); at < end; at++) {
    const [sync, second, third] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
    const [version, layer, index] = [(second >> 3) & 3, (second >> 1) & 3, (third >> 2) & 3];
    if (sync !== 0xff || second < 0xe0 || version === 1 || layer !== 1 || index === 3) continue;
    return MPEG_RATES[index]! / (version === 3 ? 1 : version === 2 ? 2 : 4);
  }
  return undefined;
}

/**
 * Prepares a file for the worker: WAV as it is, to be read by the library's own code; anything else decoded by the
 * browser at its own sampling rate.
 *
 * @throws Error in one sentence naming the file.
 */
export async function openFile(name: string, file: Blob): Promise<SoundInput> {
  if (file.size === 0) throw new Error(`${name}: is empty (0 bytes); choose another file`);
  const bytes = await file.arrayBuffer();
  const head = new Uint8Array(bytes);
  if (['RIFF', 'RIFX', 'RF64', 'BW64'].includes(textAt(head, 0, 4)) && textAt(head, 8, 4) === 'WAVE')
    return { kind: 'wav', bytes };
  const rate = namedRate(head) ?? 48000;
  let decoded: AudioBuffer;
  try {
    decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  } catch {
    throw new Error(`${name}: this browser cannot decode it as sound; choose a WAV, FLAC, MP3 or Ogg file`);
  }
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, c) =>
    decoded.getChannelData(c).slice(),
  );
  return { kind: 'channels', channels, sampleRate: decoded.sampleRate };
}

/** A recording from the microphone that continues until `stop` is called. */
export async function record(): Promise<{ stop(): Promise<Blob> }> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch {
    throw new Error('Microphone: it is not available; allow it in the browser, or connect one');
  }
  const recorder = new MediaRecorder(stream);
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start();
  return {
    stop: () =>
      new Promise((resolve) => {
        recorder.onstop = () => {
          stream.getTracks().forEach((track) => track.stop());
          resolve(new Blob(pieces, { type: recorder.mimeType }));
        };
        recorder.stop();
      }),
  };
}
