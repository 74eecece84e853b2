import { hzToMel, melToHz } from '../mel';
import { htkMelToHz, hzToHtkMel } from '../mel/htkBank';
import type { EmbeddingLogMel } from './description';

/** What of a description decides its filter bank. */
export type EmbeddingMelBank = Pick<
  EmbeddingLogMel,
  'fftLength' | 'bands' | 'lowestHz' | 'highestHz' | 'melScale' | 'triangles' | 'bandGain'
>;

/**
 * Triangular bands, equally spaced on a mel scale.
 *
 * @returns row-major bands x bins (0 Hz to half the sampling rate).
 */
export function embeddingMelBank(sampleRate: number, settings: EmbeddingMelBank): Float64Array {
  const { fftLength, bands, lowestHz, highestHz } = settings;
  const { melScale = 'htk', triangles = 'mel', bandGain = 'height' } = settings;
  const [toMel, toHz] = melScale === 'htk' ? [hzToHtkMel, htkMelToHz] : [hzToMel, melToHz];
  const [low, high] = [toMel(lowestHz), toMel(highestHz)];
  const edges = Float64Array.from({ length: bands + 2 }, (_, i) => low + ((high - low) * i) / (bands + 1));
  const edgesHz = edges.map(toHz);
  const [along, sides] = triangles === 'mel' ? [toMel, edges] : [(hz: number): number => hz, edgesHz];
  const bins = fftLength / 2 + 1;
  return Float64Array.from({ length: bands * bins }, (_, i) => {
    const band = Math.floor(i / bins);
    const place = along(((i % bins) * sampleRate) / fftLength);
    const [left, centre, right] = [sides[band]!, sides[band + 1]!, sides[band + 2]!];
    const height = Math.max(
      0,
      Math.min((place - left) / (centre - left), (right - place) / (right - centre)),
    );
    return bandGain === 'height' ? height : (2 * height) / (edgesHz[band + 2]! - edgesHz[band]!);
  });
}
