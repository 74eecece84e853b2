import { concatenate } from '../base/concatenate';
import { FRAME_STEP } from '../features/stm/channelPlan';
import { blockFramesFor } from './subbandPlan';

/** Frames of a full block, 8.192 s. */
const BLOCK_FRAMES = 1024;
/** Frames of a block that are not used at either end, where the circular transforms join both ends. */
const MARGIN_FRAMES = 32;
/** Frames over which a block gives way to the next one. */
const FADE_FRAMES = 128;
const HOP = (BLOCK_FRAMES - 2 * MARGIN_FRAMES - FADE_FRAMES) * FRAME_STEP;
const MARGIN = MARGIN_FRAMES * FRAME_STEP;
const FADE = FADE_FRAMES * FRAME_STEP;

/** A block of a signal, its margins included. */
export interface Block {
  /** Sample of the signal at which the block begins; negative for the first one. */
  readonly begin: number;
  /** See `blockFramesFor`. */
  readonly frames: number;
  /** At 16 kHz; beyond the ends of the signal it is mirrored. */
  readonly samples: Float32Array;
}

/** A signal that is worked on in overlapping blocks and put together again. */
export interface BlockStream {
  /** Takes the next samples; returns the finished ones, possibly none. */
  push(samples: Float32Array): Float32Array;
  /** The rest: in all, as many samples come out as went in. */
  finish(): Float32Array;
}

/**
 * Cuts a signal at 16 kHz into blocks of 8.192 s, each beginning 6.656 s after the one before, and joins what
 * `work` makes of them with cross-fades whose gains add up to one. The first and last quarter second of each block are not
 * used. Memory: a few blocks.
 *
 * @param work returns as many samples as the block has
 */
export function startBlocks(work: (block: Block) => Float32Array): BlockStream {
  // The signal from sample `begin` on.
  let held: Float32Array = new Float32Array(0);
  let begin = 0;
  let received = 0;
  let index = 0;
  // The end of the block before, which fades into the next one.
  let fading: Float32Array | undefined;

  const sampleAt = (place: number): number => {
    let at = place < 0 ? -place : place;
    // Mirrored at both ends, as often as a short signal needs.
    const period = 2 * Math.max(1, received - 1);
    at %= period;
    if (at >= received) at = period - at;
    return held[at - begin]!;
  };
  const cut = (frames: number): Block => {
    const start = index * HOP - MARGIN;
    const samples = new Float32Array(frames * FRAME_STEP);
    for (let i = 0; i < samples.length; i++) {
      const place = start + i;
      samples[i] = place >= 0 && place < received ? held[place - begin]! : sampleAt(place);
    }
    return { begin: start, frames, samples };
  };
  /** The finished samples of a block: from where its fade-in begins to where its fade-out begins, or to the end. */
  const join = (block: Block, isLast: boolean): Float32Array => {
    const made = work(block);
    const to = isLast ? received - block.begin : HOP + MARGIN;
    const output = made.slice(MARGIN, to);
    if (fading !== undefined)
      for (let i = 0; i < FADE; i++) {
        const share = 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / FADE);
        output[i] = (1 - share) * fading[i]! + share * output[i]!;
      }
    fading = made.slice(to, to + FADE);
    index++;
    return output;
  };
  const forget = (): void => {
    // Mirroring at the signal's end reaches back less than a block.
    const oldest = Math.max(0, index * HOP - MARGIN - BLOCK_FRAMES * FRAME_STEP);
    if (oldest > begin) {
      held = held.slice(oldest - begin);
      begin = oldest;
    }
  };

  return {
    push(samples) {
      held = concatenate([held, samples]);
      received += samples.length;
      const pieces: Float32Array[] = [];
      // A block is full when the signal continues beyond the part of it that is used.
      while (received > index * HOP - MARGIN + BLOCK_FRAMES * FRAME_STEP) {
        pieces.push(join(cut(BLOCK_FRAMES), false));
        forget();
      }
      return concatenate(pieces);
    },
    finish() {
      if (received === 0) return new Float32Array(0);
      const rest = (received - (index * HOP - MARGIN)) / FRAME_STEP + MARGIN_FRAMES;
      const frames = blockFramesFor(Math.ceil(rest));
      if (frames <= BLOCK_FRAMES) return join(cut(frames), true);
      const first = join(cut(BLOCK_FRAMES), false);
      const left = (received - (index * HOP - MARGIN)) / FRAME_STEP + MARGIN_FRAMES;
      return concatenate([first, join(cut(blockFramesFor(Math.ceil(left))), true)]);
    },
  };
}
