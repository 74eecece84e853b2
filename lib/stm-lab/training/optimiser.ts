import type { Tensor, Tensor1D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import type { Parameter, ParameterLayout } from './parameters';
import { createVariables, createVectors } from './vectors';

/** The largest float32, where a parameter has no bound. */
const LARGEST = 3.4028234663852886e38;

/** Constants of Adam (Kingma & Ba 2015). */
export interface AdamConstants {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8 in the form `pytorch`, 1e-7 in the form `keras`. */
  readonly epsilon?: number;
}

/** Adam, with the root of the second moment corrected before or after epsilon is added to it. */
export interface AdamRule extends AdamConstants {
  readonly kind: 'adam';
  /**
   * `pytorch` (default): epsilon is added to the corrected root (algorithm 1 of the paper). `keras`: to the root itself
   * (its "epsilon-hat" form); native TensorFlow then makes the whole update in one operation.
   */
  readonly form?: 'pytorch' | 'keras';
  /**
   * By how much an update raises the count t of the bias correction sqrt(1 - beta2^t) / (1 - beta1^t); default 1.
   * Keras 3.0 to 3.4 counted the micro-batches of an update by mistake (up to 2.6 times larger steps in the first
   * hundred updates of 8).
   */
  readonly countsPerUpdate?: number;
}

/** Stochastic gradient descent as PyTorch computes it: the first velocity is the first gradient. */
export interface SgdRule {
  readonly kind: 'sgd';
  /** Default 0. */
  readonly momentum?: number;
  /** Default `plain`. `nesterov` steps along gradient + momentum x velocity. */
  readonly form?: 'plain' | 'nesterov';
}

/**
 * Lookahead (Zhang et al. 2019): after every `updates` updates, slow values move by `share` of the way to the present
 * ones, which continue from there.
 */
export interface Lookahead {
  /** Whole number from 1; default 5. */
  readonly updates?: number;
  /** Above 0, up to 1; default 0.5. */
  readonly share?: number;
}

/** An update rule with what acts on the gradient and the values besides. */
export interface OptimiserOptions {
  readonly rule: AdamRule | SgdRule;
  /** Coupled L2: this times the value is added to the gradient; default 0. */
  readonly decay?: number;
  /** Decoupled decay (AdamW): this share of each value, times the learning rate, is taken away first; default 0. */
  readonly weightDecay?: number;
  /** Largest Euclidean norm of the whole gradient, before decay and L1; default none. */
  readonly clipNorm?: number;
  /** Default none. */
  readonly lookahead?: Lookahead;
}

/** Host copy of an optimiser: enough to continue from, bit for bit. */
export interface OptimiserState {
  /** Updates made so far. */
  readonly updates: number;
  readonly values: Float32Array;
  /** Adam: first and second moment. SGD: velocity. With Lookahead, the slow values last. */
  readonly slots: readonly Float32Array[];
}

/** Parameter values on the engine and the rule that moves them. */
export interface Optimiser {
  /** Current values as one vector; valid until the next `update`, `write` or `dispose`. */
  readonly values: Tensor1D;
  readonly updates: number;
  /** One update with the gradient (as `values`; not disposed). Parameters' `rate`, `l1` and `bounds` apply. */
  update(gradient: Tensor1D, learningRate: number): void;
  read(): OptimiserState;
  /** Continues from a state that `read` returned. */
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
  const { rule, decay = 0, weightDecay = 0, clipNorm, lookahead } = options;
  checkOptions(options);
  const checked = (data: Float32Array): Float32Array => {
    if (data.length !== layout.size)
      throw inputError(`optimiser: ${data.length} values for ${layout.size}; they belong to another network`);
    return data;
  };
  const perElement = (of: (parameter: Parameter) => number, usual: number): Tensor1D | undefined => {
    const factors = new Float32Array(layout.size).fill(usual);
    for (const parameter of layout.parameters) {
      const { from, to } = layout.range(parameter.name);
      factors.fill(of(parameter), from, to);
    }
    return factors.every((factor) => factor === Math.fround(usual))
      ? undefined
      : tf.tensor1d(factors, 'float32');
  };
  const rates = perElement(({ rate }) => rate ?? 1, 1);
  const l1 = perElement((parameter) => parameter.l1 ?? 0, 0);
  const decays =
    decay === 0 && weightDecay === 0 ? undefined : perElement((own) => (own.decay === 'no' ? 0 : 1), 1);
  const lowest = perElement(({ bounds }) => bounds?.[0] ?? -LARGEST, -LARGEST);
  const highest = perElement(({ bounds }) => bounds?.[1] ?? LARGEST, LARGEST);
  const isFused =
    engine.name === 'native' &&
    rule.kind === 'adam' &&
    rule.form === 'keras' &&
    [rates, lowest, highest].every((factors) => factors === undefined);
  const moving = rule.kind === 'adam' ? 2 : 1;
  const start = [checked(values), ...Array.from({ length: moving }, () => new Float32Array(layout.size))];
  if (lookahead !== undefined) start.push(values);
  // Values first, then the slots.
  const variables = isFused ? createVariables(engine, start) : undefined;
  const vectors = variables ?? createVectors(engine, start);
  let updates = 0;

  const within = (next: Tensor): Tensor => {
    const above = lowest === undefined ? next : tf.maximum(next, lowest);
    return highest === undefined ? above : tf.minimum(above, highest);
  };
  const prepared = (gradient: Tensor1D): Tensor => {
    const current = vectors.get(0);
    let g: Tensor = gradient;
    if (clipNorm !== undefined) {
      const norm = tf.norm(g);
      g = tf.mul(g, tf.minimum(1, tf.div(clipNorm, tf.maximum(norm, 1e-30))));
    }
    if (decay !== 0) {
      const share = tf.mul(current, decay);
      g = tf.add(g, decays === undefined ? share : tf.mul(share, decays));
    }
    return l1 === undefined ? g : tf.add(g, tf.mul(tf.sign(current), l1));
  };
  const shrink = (amount: number): void => {
    const current = vectors.get(0);
    const smaller = tf.mul(current, 1 - amount);
    vectors.set(0, decays === undefined ? smaller : tf.where(tf.cast(decays, 'bool'), smaller, current));
  };
  const adam = (g: Tensor, learningRate: number, adamRule: AdamRule): void => {
    const { form = 'pytorch', countsPerUpdate = 1, beta1 = 0.9, beta2 = 0.999 } = adamRule;
    const t = (updates + 1) * countsPerUpdate;
    const correction = Math.sqrt(1 - beta2 ** t);
    const size = (learningRate * correction) / (1 - beta1 ** t);
    // The correction is in `size`, so an epsilon that stands beside the corrected root is scaled alike.
    const epsilon = form === 'keras' ? (adamRule.epsilon ?? 1e-7) : (adamRule.epsilon ?? 1e-8) * correction;
    if (variables !== undefined) return variables.adam(g, size, { beta1, beta2, epsilon });
    const moved = (slot: number, towards: Tensor, beta: number): Tensor => {
      const old = vectors.get(slot);
      return form === 'keras'
        ? tf.add(old, tf.mul(tf.sub(towards, old), 1 - beta))
        : tf.add(tf.mul(old, beta), tf.mul(towards, 1 - beta));
    };
    const first = moved(1, g, beta1);
    const second = moved(2, tf.square(g), beta2);
    step(tf.div(tf.mul(first, size), tf.add(tf.sqrt(second), epsilon)));
    vectors.set(1, first);
    vectors.set(2, second);
  };
  const sgd = (g: Tensor, learningRate: number, { momentum = 0, form = 'plain' }: SgdRule): void => {
    const velocity = tf.add(tf.mul(vectors.get(1), momentum), g);
    const direction = form === 'nesterov' ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
    step(tf.mul(direction, learningRate));
    vectors.set(1, velocity);
  };
  const step = (by: Tensor): void =>
    vectors.set(0, within(tf.sub(vectors.get(0), rates === undefined ? by : tf.mul(by, rates))));
  const lookAhead = ({ updates: every = 5, share = 0.5 }: Lookahead): void => {
    if (updates % every !== 0) return;
    const slow = vectors.get(moving + 1);
    const next = tf.add(slow, tf.mul(tf.sub(vectors.get(0), slow), share));
    vectors.set(0, tf.clone(next));
    vectors.set(moving + 1, next);
  };

  return {
    get values() {
      return vectors.get(0);
    },
    get updates() {
      return updates;
    },
    update: (gradient, learningRate) =>
      tf.tidy(() => {
        const g = prepared(gradient);
        if (weightDecay > 0) shrink(learningRate * weightDecay);
        if (rule.kind === 'adam') adam(g, learningRate, rule);
        else sgd(g, learningRate, rule);
        updates++;
        if (lookahead !== undefined) lookAhead(lookahead);
      }),
    read: () => {
      const [own, ...slots] = start.map((_, i) => Float32Array.from(vectors.get(i).dataSync()));
      return { updates, values: own!, slots };
    },
    write: (state) => {
      if (state.slots.length !== start.length - 1)
        throw inputError(`optimiser: the state is another rule's than ${rule.kind}`);
      [state.values, ...state.slots].forEach((data, i) =>
        vectors.set(i, tf.tensor1d(checked(data), 'float32')),
      );
      updates = state.updates;
    },
    dispose: () => {
      vectors.dispose();
      [rates, l1, decays, lowest, highest].forEach((tensor) => tensor?.dispose());
    },
  };
}

function checkOptions({
  rule,
  decay = 0,
  weightDecay = 0,
  clipNorm,
  lookahead = {},
}: OptimiserOptions): void {
  const { updates = 5, share = 0.5 } = lookahead;
  if (!(decay >= 0)) throw inputError(`optimiser: decay ${decay} must be 0 or more`);
  if (!(weightDecay >= 0)) throw inputError(`optimiser: weightDecay ${weightDecay} must be 0 or more`);
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw inputError(`optimiser: clipNorm ${clipNorm} must be above 0`);
  if (!Number.isInteger(updates) || updates < 1)
    throw inputError(`optimiser: lookahead after ${updates} updates; give a whole number from 1`);
  if (!(share > 0 && share <= 1))
    throw inputError(`optimiser: lookahead share ${share} must be above 0 and up to 1`);
  if (rule.kind === 'sgd' && !((rule.momentum ?? 0) >= 0 && (rule.momentum ?? 0) < 1))
    throw inputError(`optimiser: momentum ${rule.momentum} must lie in 0 .. <1`);
}
