import * as figures from 'stm-lab/dist/figures';
import { gaussianKernel, sincKernel } from 'stm-lab/dist/features/tmnn/filterBank';
import { filterResponse } from 'stm-lab/dist/tmnn/filterState';
import { resolveTmnn } from 'stm-lab/dist/tmnn/spec';

/** Figures of temporal-modulation networks. */
export function tmnnExamples(note: string): Record<string, figures.FigureSpec> {
  const spec = resolveTmnn({ frontEnd: { kind: 'mel' }, outputs: 1 });
  const row = (
    panel: string,
    state: figures.ModulationResponseRow['state'],
    seed: number,
    kernel: Float64Array,
  ): figures.ModulationResponseRow => {
    const { hz, gain } = filterResponse(kernel, spec, 63);
    return { panel, filter: 1, seed, state, hz, gain };
  };
  return {
    'modulation-filters': figures.modulationFiltersFigure({
      responses: [
        row('sinc', 'before training', 1, sincKernel(0.5, 30.25, 62.5, 101)),
        row('sinc', 'learned', 1, sincKernel(1, 7, 62.5, 101)),
        row('sinc', 'learned', 2, sincKernel(1.5, 9, 62.5, 101)),
        row('gaussian', 'before training', 1, gaussianKernel(0.1, 101)),
        row('gaussian', 'learned', 1, gaussianKernel(0.05, 101)),
      ],
      markHz: 8,
      note,
    }),
  };
}
