import { inputError } from 'research-basics/errors';
import type { Values } from 'bayesian-optimizer';
import type { ModelChoice } from './modelChoice';

/**
 * A trial's hyperparameters as a network and its learning rate. The names are the published search's:
 * `num_layers`, and for layer i from 0 `units_i`, `L1_i` (default 0), `drop_i` (default 0); `lr`. Layers at
 * and above `num_layers` are ignored, as published, where they are searched all the same.
 *
 * @throws UserError (`input`) naming a hyperparameter that is missing or no number.
 */
export function modelOfTrial(
  values: Values,
  family: ModelChoice['family'],
  fit: ModelChoice['fit'],
): ModelChoice {
  const numberOf = (name: string, fallback?: number): number => {
    const value = values[name] ?? fallback;
    if (typeof value !== 'number') {
      throw inputError(
        `hyperparameter ${name} is ${String(value)}: the network needs a number; add it to the space`,
      );
    }
    return value;
  };
  const hidden = Array.from({ length: numberOf('num_layers') }, (_, i) => ({
    units: numberOf(`units_${i}`),
    l1: numberOf(`L1_${i}`, 0),
    ...(family === 'dropout' ? { dropout: numberOf(`drop_${i}`, 0) } : {}),
  }));
  return { family, hidden, fit: { ...fit, learningRate: numberOf('lr') } };
}
