import { inputError } from 'research-basics/errors';
import type { Sampler } from '../sampler';
import { gpSampler } from './gp';
import type { GpSamplerOptions } from './gp';
import { kerasTunerSampler } from './kerasTuner';
import type { KerasTunerSamplerOptions } from './kerasTuner';
import { randomSampler } from './random';
import { sobolSampler } from './sobol';
import { tpeSampler } from './tpe';
import type { TpeSamplerOptions } from './tpe';

/** Built-in samplers by name. */
export const samplerNames = ['gp', 'tpe', 'sobol', 'random', 'keras-tuner'] as const;
export type SamplerName = (typeof samplerNames)[number];

/** A sampler by name with options; plain JSON. */
export type SamplerOptions =
  GpSamplerOptions | TpeSamplerOptions | KerasTunerSamplerOptions | { readonly name: 'random' | 'sobol' };

/** A sampler by name, with its defaults, or with options; plain JSON. */
export type SamplerChoice = SamplerName | SamplerOptions;

/**
 * The sampler of a name or of options; a sampler of your own passes through.
 *
 * @throws UserError (`input`) for an unknown name.
 */
export function createSampler(choice: SamplerChoice | Sampler): Sampler {
  if (typeof choice === 'object' && 'propose' in choice) return choice;
  const options = (typeof choice === 'string' ? { name: choice } : choice) as SamplerOptions;
  switch (options.name) {
    case 'gp':
      return gpSampler(options);
    case 'keras-tuner':
      return kerasTunerSampler(options);
    case 'random':
      return randomSampler();
    case 'tpe':
      return tpeSampler(options);
    case 'sobol':
      return sobolSampler();
    default:
      throw inputError(
        `sampler ${JSON.stringify((options as { name?: unknown }).name)}: must be one of ${samplerNames.join(', ')}`,
      );
  }
}
