import { environmentError, messageOf } from 'research-basics/errors';

/** The GPL-licensed synthesiser: named only here, loaded only when speech is to be made. */
const PACKAGE = '@echogarden/espeak-ng-emscripten';
const VARIANTS = '/usr/share/espeak-ng-data/voices/!v';

/** What of the package is used. */
interface EspeakModule {
  readonly FS: { writeFile(path: string, content: string): void };
  readonly eSpeakNGWorker: new () => EspeakWorker;
}

interface EspeakWorker {
  set_voice(voice: string): number;
  set_rate(wordsPerMinute: number): void;
  set_range(range: number): void;
  get_samplerate(): number;
  synthesize(text: string, receive: (samples: Int16Array | undefined) => boolean): void;
}

type EspeakFactory = (options: { print(): void; printErr(): void }) => Promise<EspeakModule>;

/** A speaker of our own making, in the terms of an eSpeak NG voice variant. */
export interface Speaker {
  /** Lowest and highest pitch in Hz of the neutral intonation. */
  readonly pitch: readonly [number, number];
  /** Formant frequencies in percent of the standard voice. */
  readonly formants: number;
  /** Irregularity of pitch, 0 .. 10. */
  readonly flutter: number;
  /** Roughness of the voice, 0 .. 7. */
  readonly roughness: number;
  /** Liveliness of intonation, 0 .. 99 (50 is normal). */
  readonly range: number;
}

function variantFile({ pitch, formants, flutter, roughness }: Speaker): string {
  const lines = ['language variant', 'name demo', `pitch ${pitch[0]} ${pitch[1]}`];
  // No "breath" line: eSpeak takes that noise from a generator seeded by the clock.
  lines.push(`flutter ${flutter}`, `roughness ${roughness}`, `formant 0 100 100 100`);
  for (let formant = 1; formant <= 8; formant++) lines.push(`formant ${formant} ${formants} 100 100`);
  return `${lines.join('\n')}\n`;
}

/**
 * Loads the package's factory. `name` is for tests.
 *
 * @throws UserError (`environment`) when the package is missing or cannot be loaded.
 */
export async function loadEspeak(name: string = PACKAGE): Promise<EspeakFactory> {
  try {
    // A name in a variable keeps bundlers and the compiler from resolving the optional package.
    return ((await import(name)) as { default: EspeakFactory }).default;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw environmentError(
      `the demo corpus needs the speech synthesiser ${name}, which ` +
        `${missing ? 'is not installed' : `cannot be loaded (${messageOf(error)})`}; ` +
        `run "npm install" without leaving out optional dependencies, or give a manifest of your own recordings`,
      error,
    );
  }
}

/** How a text is spoken. */
export interface SpeakOptions {
  /** Language voice of eSpeak NG, e.g. "pt-br". */
  readonly voice: string;
  readonly speaker: Speaker;
  readonly wordsPerMinute: number;
  /** The synthesiser stops after this many seconds, or at the end of the text. */
  readonly seconds: number;
}

/**
 * Speaks a text with eSpeak NG, always from a fresh instance: the synthesiser carries its flutter
 * from one text to the next, and the same call must give the same samples in any order of calls.
 *
 * @returns samples in [-1, 1] at `sampleRate` (22,050 Hz).
 * @throws UserError (`environment`) when the optional package is missing, or lacks the voice.
 */
export async function speak(
  text: string,
  options: SpeakOptions,
): Promise<{ samples: Float32Array; sampleRate: number }> {
  const factory = await loadEspeak();
  const espeak = await factory({ print() {}, printErr() {} });
  espeak.FS.writeFile(`${VARIANTS}/demo`, variantFile(options.speaker));
  const worker = new espeak.eSpeakNGWorker();
  if (worker.set_voice(`${options.voice}+demo`) !== 0) {
    throw environmentError(
      `${PACKAGE} has no voice "${options.voice}"; run "npm ci" to restore the version this project was made with`,
    );
  }
  worker.set_rate(options.wordsPerMinute);
  worker.set_range(options.speaker.range);
  const enough = Math.ceil(options.seconds * worker.get_samplerate());
  const parts: Int16Array[] = [];
  let count = 0;
  worker.synthesize(text, (part) => {
    if (part !== undefined && part.length > 0) {
      parts.push(part);
      count += part.length;
    }
    return count >= enough;
  });
  const samples = new Float32Array(count);
  let offset = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) samples[offset + i] = part[i]! / 32768;
    offset += part.length;
  }
  return { samples: samples.subarray(0, enough), sampleRate: worker.get_samplerate() };
}
