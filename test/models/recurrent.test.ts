import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { createNetwork } from 'stm-lab/dist/models/recurrent';

test('the gradient of the recurrent network is that of its loss, weight by weight', () => {
  const layout = { inputs: 3, units: 4, classes: 3 };
  const random = randomState(1);
  const size = 3 * 4 * (3 + 4 + 1) + 3 * (4 + 1);
  const weights = Float64Array.from({ length: size }, () => 0.5 * random.normal());
  const x = Float32Array.from({ length: 5 * 3 }, () => random.normal());
  const network = createNetwork(layout, weights, 5);
  const loss = (): number => -0.7 * Math.log(network.forward(x)[2]!);
  const gradient = new Float64Array(size);
  network.forward(x);
  network.backward(x, 2, 0.7, gradient);
  for (let i = 0; i < size; i++) {
    const value = weights[i]!;
    weights[i] = value + 1e-5;
    const above = loss();
    weights[i] = value - 1e-5;
    const slope = (above - loss()) / 2e-5;
    weights[i] = value;
    assert.ok(Math.abs(slope - gradient[i]!) < 1e-8, `weight ${i}: ${slope} and ${gradient[i]}`);
  }
});
