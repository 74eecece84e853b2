/** A jump of the time stamps between two frames. */
export interface Gap {
  /** Samples that come before it. */
  readonly at: number;
  /** Samples that are missing. */
  readonly missing: number;
}

/** The frames that FFmpeg's `framecrc` output lists, read as they come. */
export interface FrameList {
  push(text: string): void;
  /** No more will come. */
  finish(): void;
  /** Resolves when `samples` are listed, or the list has ended. */
  reaches(samples: number): Promise<void>;
  /** Hz; 0 before the first frame. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel listed so far. */
  readonly samples: number;
  /** Jumps so far, in order. */
  readonly gaps: readonly Gap[];
}

/** Bytes of a sample in the listed output. */
const SAMPLE_BYTES = 4;

/** Shortest jump that is taken for one, as a part of a frame: containers round their time stamps. */
const LEAST_GAP = 0.75;

/** Starts reading. A decoder that drops a damaged frame leaves a gap here, at an exact place. */
export function readFrameList(): FrameList {
  let rest = '';
  let sampleRate = 0;
  let channels = 0;
  let samples = 0;
  let expected: number | undefined;
  let isFinished = false;
  const gaps: Gap[] = [];
  let waiting: { readonly samples: number; readonly resolve: () => void }[] = [];
  const wake = (): void => {
    const ready = waiting.filter((one) => isFinished || samples >= one.samples);
    waiting = waiting.filter((one) => !ready.includes(one));
    ready.forEach(({ resolve }) => resolve());
  };
  const take = (line: string): void => {
    const header = /^#sample_rate 0: (\d+)/.exec(line);
    if (header !== null) sampleRate = Number(header[1]);
    const frame = /^0, *-?\d+, *(-?\d+), *(\d+), *(\d+),/.exec(line);
    if (frame === null) return;
    const [start, length, bytes] = frame.slice(1).map(Number) as [number, number, number];
    if (length === 0) return;
    if (channels === 0) channels = bytes / length / SAMPLE_BYTES;
    const missing = start - (expected ?? start);
    if (missing >= LEAST_GAP * length && missing >= 0.002 * sampleRate) gaps.push({ at: samples, missing });
    expected = start + length;
    samples += length;
  };
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      lines.forEach(take);
      wake();
    },
    finish() {
      isFinished = true;
      wake();
    },
    reaches: (target) =>
      isFinished || samples >= target
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ samples: target, resolve })),
    get sampleRate() {
      return sampleRate;
    },
    get channels() {
      return channels;
    },
    get samples() {
      return samples;
    },
    gaps,
  };
}
