import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalErrorRate, rankingAreas, rankScores, trapezoidPrecisionRecall } from 'stm-lab/dist/evaluation';
import { randomState } from 'research-basics/random/mt19937';
import { intersectionOf, unionOf } from 'stm-lab/dist/corpus';
import {
  detectionErrorRate,
  detectionSeconds,
  hysteresis,
  trackErrorRate,
  tuneHysteresis,
} from 'stm-lab/dist/strf/detection';
import { entriesOf, formatRttm, parseRttm, parseUem } from 'stm-lab/dist/corpus/collections/rttm';
import { pairTrials } from 'stm-lab/dist/strf/verification';
import { close } from './fixtures';

const s = (begin: number, end: number): { begin: number; end: number } => ({ begin, end });

test('detection error rate: published example, overlaps once, only the scored part', () => {
  const one = detectionSeconds({ reference: [s(0, 10)], hypothesis: [s(2, 12)] });
  const rate = detectionErrorRate([one]);
  close(rate.missed, 0.2, 1e-12);
  close(rate.falseAlarm, 0.2, 1e-12);
  close(rate.rate, 0.4, 1e-12);
  const overlapping = detectionSeconds({
    reference: [s(0, 4), s(3, 6)],
    hypothesis: [s(0, 5), s(1, 2)],
    scored: [s(0, 5.5)],
  });
  assert.deepEqual(overlapping, { speech: 5.5, missed: 0.5, falseAlarm: 0 });
  // Seconds add up before dividing: 4 + 0.5 of 15.5.
  close(detectionErrorRate([one, overlapping]).rate, 4.5 / 15.5, 1e-12);
  assert.throws(() => detectionErrorRate([]), /holds no speech/);
});

test('always-speech has the error rate non-speech / speech', () => {
  const { rate, missed } = detectionErrorRate([
    detectionSeconds({ reference: [s(2, 8)], hypothesis: [s(0, 30)], scored: [s(0, 30)] }),
  ]);
  close(rate, 24 / 6, 1e-12);
  assert.equal(missed, 0);
});

test('unions and intersections of touching, nested and empty segments', () => {
  assert.deepEqual(unionOf([s(3, 4), s(0, 2), s(2, 3), s(0.5, 1), s(9, 9)]), [s(0, 4)]);
  assert.deepEqual(intersectionOf([s(0, 2), s(4, 6)], [s(1, 5)]), [s(1, 2), s(4, 5)]);
  assert.deepEqual(intersectionOf([], [s(1, 5)]), []);
});

test('hysteresis: rises at onset, falls at offset; short speech goes before short gaps are filled', () => {
  const p = [0, 0.6, 0.4, 0.45, 0.2, 0, 0.7, 0.1, 0.8, 0.9];
  assert.deepEqual(hysteresis(p, 1, { onset: 0.5, offset: 0.3 }), [s(1, 4), s(6, 7), s(8, 10)]);
  assert.deepEqual(hysteresis(p, 1, { onset: 0.5, offset: 0.3, minimumOff: 1.5 }), [s(1, 4), s(6, 10)]);
  assert.deepEqual(hysteresis(p, 1, { onset: 0.5, offset: 0.3, minimumOn: 1.5, minimumOff: 3.5 }), [
    s(1, 4),
    s(8, 10),
  ]);
  assert.deepEqual(hysteresis(p, 10, { onset: 0.5, offset: 0.5 }, 2), [s(2.1, 2.2), s(2.6, 2.7), s(2.8, 3)]);
});

test('tuning finds a rule without errors where there is one, and never a worse one than the start', () => {
  const probabilities = Float32Array.from({ length: 200 }, (_, i) =>
    i >= 50 && i < 150 ? (i === 100 ? 0.1 : 0.33) : 0.15,
  );
  const track = { probabilities, frameRate: 10, start: 0, reference: [s(5, 15)] };
  const rule = tuneHysteresis([track]);
  close(trackErrorRate([track], rule).rate, 0, 1e-9);
  assert.ok(trackErrorRate([track], { onset: 0.5, offset: 0.5 }).rate > 0.9);
});

test('RTTM: unknown speakers, overlaps, comments, Windows line ends, an empty file', () => {
  const text =
    ';; comment\r\nSPEAKER a 1 0.5 1.5 <NA> <NA> X <NA> <NA>\r\nSPKR-INFO a 1 <NA> <NA> <NA> unknown X <NA> <NA>\r\nSPEAKER a 1 1 2 <NA> <NA> <NA> <NA>\r\nSPEAKER b 1 3 0 <NA> <NA> Y <NA> <NA>\n';
  const turns = parseRttm(text);
  assert.deepEqual(turns, [
    { recording: 'a', begin: 0.5, end: 2, speaker: 'X' },
    { recording: 'a', begin: 1, end: 3, speaker: undefined },
  ]);
  assert.deepEqual(unionOf(turns), [s(0.5, 3)]);
  assert.deepEqual(parseRttm(''), []);
  assert.deepEqual(parseRttm('\uFEFF\n\n'), []);
  assert.deepEqual(parseRttm(formatRttm(turns)), turns);
  assert.match(
    formatRttm([{ recording: 'a b', begin: 0, end: 1, speaker: undefined }]),
    /^SPEAKER a_b 1 0\.000 1\.000 <NA> <NA> <NA> <NA> <NA>\n$/,
  );
  assert.throws(() => parseRttm('SPEAKER a 1 x 2', 'f.rttm'), /f\.rttm: line 1: begin "x" is not a number/);
  assert.throws(() => parseRttm('SPEAKER a 1 1 -2', 'f.rttm'), /duration "-2"/);
});

test('UEM: reads parts; an end before the beginning is named', () => {
  assert.deepEqual(parseUem('a 1 0.000 30.000\n'), [{ recording: 'a', begin: 0, end: 30 }]);
  assert.throws(
    () => parseUem('a 1 5 3', 'f.uem'),
    /f\.uem: line 1: ends at 3 s, not after its beginning 5 s/,
  );
});

test('names meet across spellings, the exact one first; two that fit are refused', () => {
  const entry = (recording: string): { recording: string } => ({ recording });
  const decomposed = 'trn\u030300';
  const composed = 'tr\u00f100';
  assert.deepEqual(entriesOf(decomposed, [entry(composed)]), [entry(composed)]);
  assert.deepEqual(entriesOf(composed, [entry('trn00'), entry('trn01')]), [entry('trn00')]);
  assert.deepEqual(entriesOf(composed, [entry('trn00'), entry(composed)]), [entry(composed)]);
  assert.deepEqual(entriesOf('other', [entry('trn00')]), []);
  assert.throws(() => entriesOf('trn00', [entry('tr\u00f100'), entry('tr\u01f900')]), /spells it as/);
});

test('average precision by steps and by trapezoids: published values; ties do not depend on order', () => {
  const labels = [1, 0, 1, 1, 0, 0, 1, 0];
  const ranking = rankScores([0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.1], (i) => labels[i] === 1);
  close(rankingAreas(ranking).ap, 0.747024, 5e-7);
  close(trapezoidPrecisionRecall(ranking), 0.706845, 5e-7);
  const tied = [
    [1, 0],
    [0, 1],
  ].map((order) => trapezoidPrecisionRecall(rankScores([0.5, 0.5], (i) => order[i] === 1)));
  close(tied[0]!, 0.75, 1e-12);
  close(tied[1]!, 0.75, 1e-12);
  assert.ok(Number.isNaN(trapezoidPrecisionRecall(rankScores([1], () => false))));
});

test('equal error rate: separated, useless, interpolated, weighted', () => {
  const rate = (scores: number[], targets: number[], weightOf?: (trial: number) => number): number =>
    equalErrorRate(
      rankScores(scores, (i) => targets[i] === 1),
      weightOf,
    );
  assert.equal(rate([4, 3, 2, 1], [1, 1, 0, 0]), 0);
  close(rate([1, 1, 1, 1], [1, 1, 0, 0]), 0.5, 1e-12);
  close(rate([4, 3, 2, 1], [1, 0, 1, 0]), 0.5, 1e-12);
  // Steps (far, frr): (0, 2/3), (0, 1/3), (1/2, 1/3): the line crosses at 1/3.
  close(rate([5, 4, 3, 2, 1], [1, 1, 0, 1, 0]), 1 / 3, 1e-12);
  assert.ok(Number.isNaN(rate([1, 2], [1, 1])));
  close(
    rate([5, 4, 3, 2, 1], [1, 1, 0, 1, 0], (i) => (i === 3 ? 0 : 1)),
    0,
    1e-12,
  );
});

test('paired trials: all pairs once, targets where the speaker is one', () => {
  const state = randomState(5);
  const rows = 60;
  const speakers = Int32Array.from({ length: rows }, (_, i) => i % 3);
  const values = Float32Array.from(
    { length: rows * 4 },
    (_, i) => (i % 4 === speakers[Math.floor(i / 4)] ? 1 : 0) + 0.7 * state.normal(),
  );
  const trials = pairTrials({ values, size: 4, speakers });
  assert.equal(trials.scores.length, (rows * (rows - 1)) / 2);
  assert.equal(trials.targets.filter((target) => target === 1).length, 3 * 190);
  const rate = equalErrorRate(rankScores(trials.scores, (trial) => trials.targets[trial] === 1));
  assert.ok(rate > 0.02 && rate < 0.5);
  assert.throws(() => pairTrials({ values, size: 3, speakers }), /are not 60 embeddings of 3/);
});
