import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { rankScores } from 'stm-lab/dist/evaluation';
import { minimumDetectionCost, normaliseScores } from 'stm-lab/dist/strf';
import { close } from './fixtures';

test('minimum detection cost: by hand, by trying all thresholds, with other costs and weights', () => {
  const cost = (
    scores: number[],
    targets: number[],
    costs?: Parameters<typeof minimumDetectionCost>[1],
    weightOf?: (trial: number) => number,
  ): number =>
    minimumDetectionCost(
      rankScores(scores, (i) => targets[i] === 1),
      costs,
      weightOf,
    );
  assert.equal(cost([4, 3, 2, 1], [1, 1, 0, 0]), 0);
  assert.equal(cost([1, 2, 3, 4], [1, 1, 0, 0]), 1);
  // Half of the targets lie above all others; one false alarm in two would cost 99 times as much.
  close(cost([5, 4, 3, 2], [1, 0, 1, 0]), 0.5, 1e-12);
  // Accepting one false alarm in two is cheap when 9 of 10 trials are targets: 0.1 * 0.5 / 0.1.
  close(cost([5, 4, 3, 2], [1, 0, 1, 0], { targetShare: 0.9 }), 0.5, 1e-12);
  close(cost([5, 4, 3, 2], [1, 0, 1, 0], { targetShare: 0.5, miss: 4 }), 0.5, 1e-12);
  close(cost([5, 4, 3, 2], [1, 0, 1, 0], { targetShare: 0.5, falseAlarm: 0.4 }), 0.5, 1e-12);
  assert.ok(Number.isNaN(cost([1, 2], [1, 1])));
  const state = randomState(4);
  const targets = Array.from({ length: 60 }, (_, i) => (i < 20 ? 1 : 0));
  const scores = targets.map((target) => Math.round(4 * (target + state.normal())));
  const weights = targets.map((_, i) => i % 3);
  const [missing, alarming] = [10 * 0.05, 2 * 0.95];
  const tried = [...new Set(scores), Infinity].map((threshold) => {
    const share = (target: number, wrong: (score: number) => boolean): number => {
      const own = scores.map((_, i) => i).filter((i) => targets[i] === target);
      const sum = (rows: number[]): number => rows.reduce((total, i) => total + weights[i]!, 0);
      return sum(own.filter((i) => wrong(scores[i]!))) / sum(own);
    };
    return (
      missing * share(1, (score) => score < threshold) + alarming * share(0, (score) => score >= threshold)
    );
  });
  close(
    cost(scores, targets, { targetShare: 0.05, miss: 10, falseAlarm: 2 }, (i) => weights[i]!),
    Math.min(...tried) / missing,
    1e-12,
  );
});

test('s-norm: both sides against their nearest cohort speakers', () => {
  const angle = (degrees: number): [number, number] => [
    Math.cos((degrees * Math.PI) / 180),
    Math.sin((degrees * Math.PI) / 180),
  ];
  // Lengths do not matter.
  const embeddings = [angle(0), angle(50)].flatMap(([x, y]) => [3 * x, 3 * y]);
  const cohort = [10, 30, 80, 170].flatMap((degrees) => angle(degrees));
  const cosine = (a: number, b: number): number => Math.cos(((a - b) * Math.PI) / 180);
  const task = { embeddings, cohort, size: 2, pairs: [0, 1], scores: [cosine(0, 50)] };
  const side = (degrees: number, near: number[]): number => {
    const own = near.map((member) => cosine(degrees, member));
    const middle = own.reduce((a, b) => a + b, 0) / own.length;
    const deviation = Math.sqrt(own.reduce((sum, score) => sum + (score - middle) ** 2, 0) / own.length);
    return (cosine(0, 50) - middle) / deviation;
  };
  close(normaliseScores(task, { nearest: 2 })[0]!, (side(0, [10, 30]) + side(50, [30, 80])) / 2, 1e-6);
  const all = (side(0, [10, 30, 80, 170]) + side(50, [10, 30, 80, 170])) / 2;
  close(normaliseScores(task)[0]!, all, 1e-6);
  close(normaliseScores(task, { nearest: 99 })[0]!, all, 1e-6);
  assert.throws(() => normaliseScores({ ...task, cohort: [1, 0] }), /a cohort of 1 speakers; two or more/);
});
