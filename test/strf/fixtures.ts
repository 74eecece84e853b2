import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { LogMelParameters } from 'stm-lab/dist/features/mel/logMel';
import { randomState } from 'research-basics/random/mt19937';
import type { GridName } from 'stm-lab/dist/features/strf/grid';
import type { GaborFilter } from 'stm-lab/dist/features/strf/gabor';

/** The published kernel size. */
export const SHAPE = { frequencyTaps: 9, timeTaps: 111 };

/** Urban sound: 44.1 kHz, 64 ms windows every 25.01 ms, 64 bands up to 8 kHz, as published. */
export const URBAN_LOG_MEL: LogMelParameters = {
  sampleRate: 44100,
  window: 2822,
  hop: 1103,
  bands: 64,
  highestHz: 8000,
  frames: 'centred',
  waveform: 'as-is',
  topDb: 80,
};

interface Golden {
  filters: Record<string, [number, number, number, number]>;
  kernels: { filter: string; grid: GridName; taps: number[][]; sums: number[] }[];
  gradients: { grid: GridName; part: 'real' | 'imaginary'; values: number[] }[];
  outputs: { grid: GridName; ripple: [number, number]; values: number[][] }[];
  frontEnd: { window: number; frames: number; floor: number; decibels: Record<string, number> }[];
  melRowSums: Record<string, number>;
}

export const golden = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'golden', 'strf', 'values.json'), 'utf8'),
) as Golden;

export function goldenFilter(name: string): GaborFilter {
  const [carrier, angle, sigmaFrequency, sigmaTime] = golden.filters[name]!;
  return { carrier, angle, sigmaFrequency, sigmaTime };
}

export function close(got: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got} is not ${wanted} within ${tolerance}`);
}

/** Sampling rate of `voice`, Hz. */
export const VOICE_RATE = 8000;

/** A voice: noise through a resonance of its own. */
export function voice(resonanceHz: number, seconds: number, seed: number): Float32Array {
  const state = randomState(seed);
  const turn = 2 * 0.97 * Math.cos((2 * Math.PI * resonanceHz) / VOICE_RATE);
  let [one, two] = [0, 0];
  return Float32Array.from({ length: Math.round(seconds * VOICE_RATE) }, () => {
    const now = turn * one - 0.97 ** 2 * two + 0.02 * state.normal();
    [two, one] = [one, now];
    return now;
  });
}
