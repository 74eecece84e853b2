/** What FFmpeg says on its standard error output, with `-v level+info`, read line by line. */
export interface FfmpegLog {
  /** Takes the next piece of text. */
  push(text: string): void;
  /** Length that the container declares, seconds; undefined when it declares none or FFmpeg guesses it. */
  readonly declaredSeconds: number | undefined;
  /** Streams of sound in the file. */
  readonly audioStreams: number;
  /** The first complaints, without addresses in memory. */
  readonly errors: readonly string[];
  readonly errorCount: number;
}

const MOST_ERRORS = 8;

/** Starts reading. Lines in unknown words are passed over. */
export function readFfmpegLog(): FfmpegLog {
  let rest = '';
  let declaredSeconds: number | undefined;
  let isGuessed = false;
  let isInput = true;
  let audioStreams = 0;
  let errorCount = 0;
  const errors: string[] = [];
  const take = (line: string): void => {
    const [, level, text] = /^(?:\[[^\]]* @ [^\]]*\] )*\[(\w+)\] ?(.*)$/.exec(line) ?? [];
    if (text === undefined) return;
    if (level === 'error' || level === 'fatal' || level === 'panic') {
      errorCount++;
      if (errors.length < MOST_ERRORS) errors.push(text.trim());
      return;
    }
    if (text.includes('Estimating duration from bitrate')) isGuessed = true;
    if (text.startsWith('Stream mapping')) isInput = false;
    if (!isInput) return;
    const time = /^ {2}Duration: (\d+):(\d\d):(\d\d\.\d+)/.exec(text);
    if (time !== null) declaredSeconds = Number(time[1]) * 3600 + Number(time[2]) * 60 + Number(time[3]);
    if (/^ {2}Stream #0:\d+.*: Audio: /.test(text)) audioStreams++;
  };
  return {
    push(text) {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop()!.slice(-4096);
      lines.forEach(take);
    },
    get declaredSeconds() {
      return isGuessed ? undefined : declaredSeconds;
    },
    get audioStreams() {
      return audioStreams;
    },
    errors,
    get errorCount() {
      return errorCount;
    },
  };
}
