/** A sound for the player, with its place in the recording. */
export interface Take {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
  /** Where it begins in the recording, seconds. */
  readonly startSeconds: number;
}

/** Plays one of two versions of a sound; switching keeps the position. */
export interface Player {
  load(version: 'before' | 'after', take: Take | undefined): void;
  choose(version: 'before' | 'after'): void;
  play(): void;
  pause(): void;
  seek(seconds: number): void;
  /** Position in the recording, seconds. */
  position(): number;
  isPlaying(): boolean;
}

/** Seconds passed to the browser at a time: a long recording in one piece would block the page. */
const PIECE_SECONDS = 20;

/** Starts a player; `onChange` is called when playing starts or ends. */
export function createPlayer(onChange: () => void): Player {
  let context: AudioContext | undefined;
  let [startedAt, place] = [0, 0];
  let chosen: 'before' | 'after' = 'before';
  const takes = new Map<'before' | 'after', Take>();
  const nodes = new Set<AudioBufferSourceNode>();

  const position = (): number => (nodes.size === 0 ? place : place + context!.currentTime - startedAt);
  const stop = (): void => {
    if (nodes.size === 0) return;
    place = position();
    for (const node of nodes) {
      node.onended = null;
      node.stop();
    }
    nodes.clear();
  };
  /** Schedules the piece that begins at a sample, at its exact time; the piece after next when it has been played. */
  const schedule = (take: Take, first: number, from: number): void => {
    const { samples, sampleRate } = take;
    if (from >= samples.length) return;
    const length = PIECE_SECONDS * sampleRate;
    const piece = samples.subarray(from, from + length);
    const buffer = context!.createBuffer(1, piece.length, sampleRate);
    buffer.copyToChannel(piece, 0);
    const node = context!.createBufferSource();
    node.buffer = buffer;
    node.connect(context!.destination);
    nodes.add(node);
    node.onended = () => {
      nodes.delete(node);
      schedule(take, first, from + 2 * length);
      if (nodes.size > 0) return;
      place = take.startSeconds;
      onChange();
    };
    node.start(startedAt + (from - first) / sampleRate);
  };
  const start = (): void => {
    const take = takes.get(chosen);
    if (take === undefined) return;
    context ??= new AudioContext();
    void context.resume();
    const { samples, sampleRate, startSeconds } = take;
    if (place < startSeconds || place >= startSeconds + samples.length / sampleRate - 0.02)
      place = startSeconds;
    const first = Math.round((place - startSeconds) * sampleRate);
    startedAt = context.currentTime;
    schedule(take, first, first);
    schedule(take, first, first + PIECE_SECONDS * sampleRate);
  };
  const again = (change: () => void): void => {
    const playing = nodes.size > 0;
    stop();
    change();
    if (playing) start();
    onChange();
  };
  return {
    load: (version, take) =>
      again(() => {
        if (take === undefined) takes.delete(version);
        else takes.set(version, take);
      }),
    choose: (version) => again(() => (chosen = version)),
    play: () => {
      stop();
      start();
      onChange();
    },
    pause: () => {
      stop();
      onChange();
    },
    seek: (seconds) => again(() => (place = Math.max(0, seconds))),
    position,
    isPlaying: () => nodes.size > 0,
  };
}
