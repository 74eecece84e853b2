import { inputError } from '../errors';

/** A complex Fourier transform of one length, in double precision. */
export interface FourierTransform {
  readonly length: number;
  /**
   * Replaces the signal by its forward transform (no scaling).
   *
   * @param real, imaginary `length` values each.
   */
  transform(real: Float64Array, imaginary: Float64Array): void;
}

/**
 * Prepares a Fourier transform of any length: one pass per prime factor (Stockham's order, so that no
 * values need to be put back in place). Lengths with small factors are fast; a prime length p costs p^2.
 * For the audio path at one fixed length the WebAssembly kernels are faster; this one is exact to 1e-15
 * and takes windows such as 400 or 2,822 samples.
 *
 * @throws UserError (`input`) for a length that is not a whole number from 1.
 */
export function fourierTransform(length: number): FourierTransform {
  if (!Number.isInteger(length) || length < 1)
    throw inputError(`Fourier transform of length ${length}: it must be a whole number from 1`);
  const factors = primeFactors(length);
  const cosine = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sine = Float64Array.from({ length }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
  const spare = [new Float64Array(length), new Float64Array(length)] as const;
  return {
    length,
    transform(real, imaginary) {
      let [re, im] = [real, imaginary];
      let [otherRe, otherIm]: [Float64Array, Float64Array] = [spare[0], spare[1]];
      // So far the signal stands as interleaved transforms of length `done`; each pass joins `radix` of them.
      let done = 1;
      for (const radix of factors) {
        const stride = length / (done * radix);
        for (let k = 0; k < done; k++)
          for (let s = 0; s < stride; s++)
            for (let q = 0; q < radix; q++) {
              let sumRe = 0;
              let sumIm = 0;
              const step = ((k + q * done) * stride) % length;
              let turn = 0;
              for (let p = 0, from = k * stride * radix + s; p < radix; p++, from += stride) {
                sumRe += re[from]! * cosine[turn]! - im[from]! * sine[turn]!;
                sumIm += re[from]! * sine[turn]! + im[from]! * cosine[turn]!;
                turn += step;
                if (turn >= length) turn -= length;
              }
              const to = (k + q * done) * stride + s;
              otherRe[to] = sumRe;
              otherIm[to] = sumIm;
            }
        [re, im, otherRe, otherIm] = [otherRe, otherIm, re, im];
        done *= radix;
      }
      if (re !== real) {
        real.set(re);
        imaginary.set(im);
      }
    },
  };
}

function primeFactors(length: number): number[] {
  const factors: number[] = [];
  let rest = length;
  for (let factor = 2; rest > 1; factor = factor * factor > rest ? rest : factor + 1)
    while (rest % factor === 0) {
      factors.push(factor);
      rest /= factor;
    }
  return factors;
}
