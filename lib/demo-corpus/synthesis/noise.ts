import type { Draw } from './draw';

/** Spectral slope of a noise: flat, -3 dB or -6 dB an octave. */
export type NoiseColour = 'white' | 'pink' | 'brown';

/** Noise of RMS about 1 (white 0.58), `count` samples. */
export function noise(draw: Draw, count: number, colour: NoiseColour = 'white'): Float32Array {
  const out = new Float32Array(count);
  if (colour === 'white') {
    for (let i = 0; i < count; i++) out[i] = draw.noise();
  } else if (colour === 'brown') {
    let sum = 0;
    for (let i = 0; i < count; i++) out[i] = sum = 0.998 * sum + 0.11 * draw.noise();
  } else {
    // Three first-order sections with poles a decade apart approximate the 1/f slope within about 1 dB.
    let slow = 0;
    let middle = 0;
    let fast = 0;
    for (let i = 0; i < count; i++) {
      const x = draw.noise();
      slow = 0.9985 * slow + 0.055 * x;
      middle = 0.985 * middle + 0.13 * x;
      fast = 0.85 * fast + 0.35 * x;
      out[i] = slow + middle + fast + 0.25 * x;
    }
  }
  return out;
}

/**
 * A slowly wandering control signal in [0, 1], as a function of time in seconds: random values `hz`
 * times a second joined by raised cosines. For gusts, swells and drifting pitch.
 */
export function wander(draw: Draw, seconds: number, hz: number): (time: number) => number {
  const knots = Array.from({ length: Math.ceil(seconds * hz) + 2 }, () => draw.uniform(0, 1));
  return (time) => {
    const place = Math.min(Math.max(time * hz, 0), knots.length - 2);
    const k = Math.floor(place);
    const ease = 0.5 - 0.5 * Math.cos(Math.PI * (place - k));
    return knots[k]! + (knots[k + 1]! - knots[k]!) * ease;
  };
}
