import { inputError } from 'research-basics/errors';
import { hannWindow } from './hann';
import { loadPffft } from './kernels/pffft';

/** Sampling, window and hop of the power spectrogram. */
export interface Analysis {
  /** Hz; default 16000. */
  readonly sampleRate: number;
  /** Length of transform and window, samples; a multiple of 32. Default 512. */
  readonly fftLength: number;
  /** Samples from frame to frame; default 256: 62.5 frames a second. */
  readonly hop: number;
}

/** The published analysis. */
export const PUBLISHED_ANALYSIS: Analysis = { sampleRate: 16000, fftLength: 512, hop: 256 };

/** Frames of an excerpt: 1 + floor(samples / hop). */
export function frameCount(samples: number, { hop }: Analysis): number {
  return 1 + Math.floor(samples / hop);
}

/** Computes power spectrograms. */
export interface PowerSpectrogram {
  /**
   * |X|^2 without normalisation, periodic Hann window, frames centred on multiples of the hop, the signal
   * reflected at both ends (edge sample not repeated), as torchaudio's `Spectrogram` by default.
   *
   * @param samples full scale -1 .. 1, longer than half a window.
   * @returns float32, row-major frames x (fftLength / 2 + 1).
   * @throws UserError (`input`) when there are too few samples to reflect.
   */
  compute(samples: Float32Array): Float32Array;
}

/**
 * Starts a power-spectrogram kernel.
 *
 * @throws UserError (`input`) from the kernel, for fewer samples than half a window and one.
 */
export async function createPowerSpectrogram(analysis: Analysis): Promise<PowerSpectrogram> {
  const { fftLength, hop } = analysis;
  const fft = await loadPffft();
  const plan = fft.plan(fftLength, 'real');
  const [input, output, scratch] = [0, 1, 2].map(() => fft.allocate(4 * fftLength)) as [
    number,
    number,
    number,
  ];
  const window = hannWindow(fftLength);
  const half = fftLength / 2;
  const bins = half + 1;
  return {
    compute: (samples) => {
      const { length } = samples;
      if (length <= half)
        throw inputError(
          `spectrogram: ${length} samples are fewer than the ${half + 1} that a window of ${fftLength} needs; use a longer excerpt`,
        );
      const frames = frameCount(length, analysis);
      const power = new Float32Array(frames * bins);
      const x = new Float32Array(fft.memory.buffer, input, fftLength);
      const y = new Float32Array(fft.memory.buffer, output, fftLength);
      for (let frame = 0; frame < frames; frame++) {
        const start = frame * hop - half;
        for (let i = 0; i < fftLength; i++) {
          let at = start + i;
          if (at < 0) at = -at;
          if (at >= length) at = 2 * (length - 1) - at;
          x[i] = samples[at]! * window[i]!;
        }
        fft.transform(plan, input, output, scratch, 'forward', 'ordered');
        const row = power.subarray(frame * bins, (frame + 1) * bins);
        // Ordered real transform: real parts at 0 and at half the rate first, then pairs.
        row[0] = y[0]! * y[0]!;
        row[half] = y[1]! * y[1]!;
        for (let k = 1; k < half; k++) row[k] = y[2 * k]! * y[2 * k]! + y[2 * k + 1]! * y[2 * k + 1]!;
      }
      return power;
    },
  };
}
