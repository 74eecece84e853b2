import { inputError } from '../base/errors';

/** Mean's power over the channels' power below which the channels cancel each other: -40 dB. */
const CANCELS = 1e-4;

/** Turns blocks of channels into mono. */
export interface Downmix {
  /**
   * One block of mono samples.
   *
   * @param sampleAt value of a channel at a frame; full scale -1 .. 1
   * @throws StmLabError (`input`) when a sample is not a number or infinite, as damaged float files hold them.
   */
  push(frames: number, channels: number, sampleAt: (frame: number, channel: number) => number): Float32Array;
  /**
   * To be called at the end of the recording.
   *
   * @throws StmLabError (`input`) when the channels cancel although they did not at first.
   */
  finish(): void;
}

/**
 * Mono as the mean over channels. Where channels are each other's negative (a microphone wired with inverted polarity)
 * the mean would be rounding noise: when the first block that holds sound cancels, the first channel is taken instead,
 * and `warn` is told; when only the whole recording turns out to cancel, it is refused.
 */
export function createDownmix(file: string, warn: (sentence: string) => void): Downmix {
  let rule: 'mean' | 'first' | undefined;
  let meanPower = 0;
  let channelPower = 0;
  let done = 0;
  const cancels = (): boolean => meanPower < CANCELS * channelPower;
  const checkFinite = (power: number, mono: Float32Array): void => {
    if (Number.isFinite(power)) return;
    const at = mono.findIndex((value) => !Number.isFinite(value));
    throw inputError(
      `${file}: sample ${done + Math.max(0, at)} is not a finite number; the file is damaged, copy it again`,
    );
  };
  return {
    push(frames, channels, sampleAt) {
      const mono = new Float32Array(frames);
      if (channels === 1) {
        let power = 0;
        for (let i = 0; i < frames; i++) {
          const value = (mono[i] = sampleAt(i, 0));
          power += value * value;
        }
        checkFinite(power, mono);
        done += frames;
        return mono;
      }
      let ownMean = 0;
      let ownChannels = 0;
      for (let i = 0; i < frames; i++) {
        let sum = 0;
        let squares = 0;
        for (let c = 0; c < channels; c++) {
          const value = sampleAt(i, c);
          sum += value;
          squares += value * value;
        }
        const mean = sum / channels;
        mono[i] = mean;
        ownMean += mean * mean;
        ownChannels += squares / channels;
      }
      checkFinite(ownChannels, mono);
      done += frames;
      meanPower += ownMean;
      channelPower += ownChannels;
      if (rule === undefined && channelPower > 0) {
        rule = cancels() ? 'first' : 'mean';
        if (rule === 'first')
          warn(
            `its ${channels} channels cancel each other (inverted polarity), so the first one is used, not their mean`,
          );
      }
      if (rule === 'first') for (let i = 0; i < frames; i++) mono[i] = sampleAt(i, 0);
      return mono;
    },
    finish() {
      if (rule === 'mean' && cancels())
        throw inputError(
          `${file}: the channels cancel each other (inverted polarity), so their mean is rounding noise; keep one channel`,
        );
    },
  };
}
