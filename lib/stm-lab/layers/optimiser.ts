import type { Tensor, Tensor1D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import { adamStep } from '../models/adam';
import type { ParameterLayout } from './parameters';

/** The largest float32, where a parameter has no bound. */
const LARGEST = 3.4028234663852886e38;

/** Adam as PyTorch computes it (Kingma & Ba 2015, algorithm 1). */
export interface AdamRule {
  readonly kind: 'adam';
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Added to the corrected root; default 1e-8. */
  readonly epsilon?: number;
}

/** Stochastic gradient descent as PyTorch computes it: the first velocity is the first gradient. */
export interface SgdRule {
  readonly kind: 'sgd';
  /** Default 0. */
  readonly momentum?: number;
  /** Default `plain`. `nesterov` steps along gradient + momentum x velocity. */
  readonly form?: 'plain' | 'nesterov';
}

/** An update rule with what acts on the gradient before it. */
export interface OptimiserOptions {
  readonly rule: AdamRule | SgdRule;
  /** Coupled L2: this times the value is added to the gradient; default 0. */
  readonly decay?: number;
  /** Largest Euclidean norm of the whole gradient, before decay; default none. */
  readonly clipNorm?: number;
}

/** Host copy of an optimiser: enough to go on from, bit for bit. */
export interface OptimiserState {
  /** Updates made so far. */
  readonly updates: number;
  readonly values: Float32Array;
  /** Adam: first and second moment. SGD: velocity. */
  readonly slots: readonly Float32Array[];
}

/** Parameter values on the engine and the rule that moves them. */
export interface Optimiser {
  /** Current values as one vector; valid until the next `update`, `write` or `dispose`. */
  readonly values: Tensor1D;
  readonly updates: number;
  /** One update with the gradient (as `values`; not disposed). Parameters' `rate` factors apply. */
  update(gradient: Tensor1D, learningRate: number): void;
  read(): OptimiserState;
  /** Goes on from a state that `read` returned. */
  write(state: OptimiserState): void;
  dispose(): void;
}

/**
 * Puts values on the engine under an update rule, with moments or velocity 0.
 *
 * @throws UserError (`input`) when the values do not fit the layout or an option is out of range.
 */
export function createOptimiser(
  engine: Engine,
  layout: ParameterLayout,
  values: Float32Array,
  options: OptimiserOptions,
): Optimiser {
  const { tf } = engine;
  const { rule, decay = 0, clipNorm } = options;
  checkOptions(options);
  const slotCount = rule.kind === 'adam' ? 2 : 1;
  const upload = (data: Float32Array): Tensor1D => {
    if (data.length !== layout.size)
      throw inputError(`optimiser: ${data.length} values for ${layout.size}; they belong to another network`);
    return tf.tensor1d(data, 'float32');
  };
  const perElement = (
    of: (parameter: ParameterLayout['parameters'][number]) => number,
    usual = 1,
  ): Tensor1D | undefined => {
    const factors = new Float32Array(layout.size).fill(usual);
    for (const parameter of layout.parameters) {
      const { from, to } = layout.range(parameter.name);
      factors.fill(of(parameter), from, to);
    }
    return factors.every((factor) => factor === Math.fround(usual))
      ? undefined
      : tf.tensor1d(factors, 'float32');
  };
  const rates = perElement(({ rate }) => rate ?? 1);
  const decays = decay === 0 ? undefined : perElement(({ decay: own }) => (own === 'no' ? 0 : 1));
  const lowest = perElement(({ bounds }) => bounds?.[0] ?? -LARGEST, -LARGEST);
  const highest = perElement(({ bounds }) => bounds?.[1] ?? LARGEST, LARGEST);
  const within = (next: Tensor): Tensor => {
    const above = lowest === undefined ? next : tf.maximum(next, lowest);
    return highest === undefined ? above : tf.minimum(above, highest);
  };
  let current = upload(values);
  let slots = Array.from({ length: slotCount }, () => tf.zeros([layout.size]) as Tensor1D);
  let updates = 0;

  const prepared = (gradient: Tensor1D): Tensor => {
    let g: Tensor = gradient;
    if (clipNorm !== undefined) {
      const norm = tf.norm(g);
      g = tf.mul(g, tf.minimum(1, tf.div(clipNorm, tf.maximum(norm, 1e-30))));
    }
    if (decay !== 0) {
      const share = tf.mul(current, decay);
      g = tf.add(g, decays === undefined ? share : tf.mul(share, decays));
    }
    return g;
  };
  /** Step (to be multiplied by the rates) and the new slots. */
  const stepOf = (g: Tensor, learningRate: number): [Tensor, ...Tensor[]] => {
    if (rule.kind === 'adam') {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = rule;
      const first = tf.add(tf.mul(slots[0]!, beta1), tf.mul(g, 1 - beta1));
      const second = tf.add(tf.mul(slots[1]!, beta2), tf.mul(tf.square(g), 1 - beta2));
      const size = adamStep(learningRate, updates + 1, 1, 'standard', { beta1, beta2 });
      // Epsilon stands beside the corrected root; the correction is in `size`, so it is scaled alike.
      const scaled = epsilon * Math.sqrt(1 - beta2 ** (updates + 1));
      return [tf.div(tf.mul(first, size), tf.add(tf.sqrt(second), scaled)), first, second];
    }
    const { momentum = 0, form = 'plain' } = rule;
    const velocity = tf.add(tf.mul(slots[0]!, momentum), g);
    const direction = form === 'nesterov' ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
    return [tf.mul(direction, learningRate), velocity];
  };
  const take = (next: Tensor, nextSlots: readonly Tensor[]): void => {
    [current, ...slots].forEach((tensor) => tensor.dispose());
    current = next as Tensor1D;
    slots = nextSlots as Tensor1D[];
  };

  return {
    get values() {
      return current;
    },
    get updates() {
      return updates;
    },
    update: (gradient, learningRate) => {
      const [next, ...nextSlots] = tf.tidy(() => {
        const [step, ...moved] = stepOf(prepared(gradient), learningRate);
        return [within(tf.sub(current, rates === undefined ? step : tf.mul(step, rates))), ...moved];
      });
      [next!, ...nextSlots].forEach((tensor) => tf.keep(tensor));
      take(next!, nextSlots);
      updates++;
    },
    read: () => ({
      updates,
      values: Float32Array.from(current.dataSync()),
      slots: slots.map((slot) => Float32Array.from(slot.dataSync())),
    }),
    write: (state) => {
      if (state.slots.length !== slotCount)
        throw inputError(`optimiser: the state is another rule's than ${rule.kind}`);
      take(
        tf.keep(upload(state.values)),
        state.slots.map((slot) => tf.keep(upload(slot))),
      );
      updates = state.updates;
    },
    dispose: () => [current, ...slots, rates, decays, lowest, highest].forEach((tensor) => tensor?.dispose()),
  };
}

function checkOptions({ rule, decay = 0, clipNorm }: OptimiserOptions): void {
  if (!(decay >= 0)) throw inputError(`optimiser: decay ${decay} must be 0 or more`);
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw inputError(`optimiser: clipNorm ${clipNorm} must be above 0`);
  if (rule.kind === 'sgd' && !((rule.momentum ?? 0) >= 0 && (rule.momentum ?? 0) < 1))
    throw inputError(`optimiser: momentum ${rule.momentum} must lie in 0 .. <1`);
}
