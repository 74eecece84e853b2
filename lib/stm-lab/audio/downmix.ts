import { inputError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';

/** Mean's power over the channels' power below which the channels cancel each other: -40 dB. */
const CANCELS = 1e-4;

/** Samples of one channel: what decoders give, or double precision where a file holds more than float32 can. */
export type Samples = Float32Array | Float64Array;

/** Turns blocks of channels into mono. */
export interface Downmix {
  /**
   * One block of mono samples.
   *
   * @param channels samples of each channel, full scale -1 .. 1 after multiplication by `gain`; at least `frames` each
   * @throws UserError (`input`) when a sample is not a number or infinite, as damaged float files hold them.
   */
  push(frames: number, channels: readonly Samples[], gain?: number): Float32Array;
  /**
   * To be called at the end of the recording.
   *
   * @throws UserError (`input`) when the channels cancel although they did not at first.
   */
  finish(): void;
}

/**
 * Mono as the mean over channels. Where channels are each other's negative (a microphone wired with inverted polarity)
 * the mean would be rounding noise: when the first block that holds sound cancels, the first channel is taken instead,
 * and `warn` is called; when only the whole recording turns out to cancel, it is refused.
 *
 * @throws UserError (`input`) from the downmix, for samples that are not finite and for channels that cancel each
 *   other throughout.
 */
export function createDownmix(file: string, warn: (sentence: string) => void): Downmix {
  let rule: 'mean' | 'first' | undefined;
  let meanPower = 0;
  let channelPower = 0;
  let done = 0;
  const cancels = (): boolean => meanPower < CANCELS * channelPower;
  const checkFinite = (power: number, mono: Float32Array): void => {
    if (Number.isFinite(power)) return;
    const at = firstNotFinite(mono);
    throw inputError(
      `${file}: sample ${done + Math.max(0, at)} is not a finite number; the file is damaged, copy it again`,
    );
  };
  return {
    push(frames, channels, gain = 1) {
      const mono = new Float32Array(frames);
      const first = channels[0]!;
      if (channels.length === 1) {
        let power = 0;
        for (let i = 0; i < frames; i++) {
          const value = (mono[i] = first[i]! * gain);
          power += value * value;
        }
        checkFinite(power, mono);
        done += frames;
        return mono;
      }
      const powers = channels.length === 2 ? mixTwo(mono, channels, gain) : mixMany(mono, channels, gain);
      checkFinite(powers.channels, mono);
      done += frames;
      meanPower += powers.mean;
      channelPower += powers.channels;
      if (rule === undefined && channelPower > 0) {
        rule = cancels() ? 'first' : 'mean';
        if (rule === 'first')
          warn(
            `its ${channels.length} channels cancel each other (inverted polarity), so the first one is used, not their mean`,
          );
      }
      if (rule === 'first') for (let i = 0; i < frames; i++) mono[i] = first[i]! * gain;
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

/** Sums over a block of the squared mean and of the mean square of the channels. */
interface Powers {
  readonly mean: number;
  readonly channels: number;
}

/** Two channels, by far the most common case, without a loop over them. */
function mixTwo(mono: Float32Array, channels: readonly Samples[], gain: number): Powers {
  const [left, right] = channels as [Samples, Samples];
  let [meanPower, channelPower] = [0, 0];
  for (let i = 0; i < mono.length; i++) {
    const a = left[i]! * gain;
    const b = right[i]! * gain;
    const mean = (a + b) / 2;
    mono[i] = mean;
    meanPower += mean * mean;
    channelPower += (a * a + b * b) / 2;
  }
  return { mean: meanPower, channels: channelPower };
}

function mixMany(mono: Float32Array, channels: readonly Samples[], gain: number): Powers {
  let [meanPower, channelPower] = [0, 0];
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    let squares = 0;
    for (const channel of channels) {
      const value = channel[i]! * gain;
      sum += value;
      squares += value * value;
    }
    const mean = sum / channels.length;
    mono[i] = mean;
    meanPower += mean * mean;
    channelPower += squares / channels.length;
  }
  return { mean: meanPower, channels: channelPower };
}
