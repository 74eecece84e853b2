import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paletteColour } from 'stm-lab/dist/figures/colour';
import { CLASS_COLOURS, CLASS_DASHES, CLASS_SHAPES } from 'stm-lab/dist/figures/theme';

type Triple = readonly [number, number, number];
const times = (matrix: readonly Triple[], v: Triple): Triple =>
  matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Triple;

const XYZ: readonly Triple[] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
/** What is left of linear RGB without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1). */
const SIGHT: Readonly<Record<string, readonly Triple[]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** CIELAB under D65 of a colour as it is seen. */
function lab(colour: string, sight = 'usual'): Triple {
  const linear = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;
  const seen = times(SIGHT[sight]!, linear).map((part) => Math.min(1, Math.max(0, part)));
  const [x, y, z] = times(XYZ, seen as unknown as Triple).map((value, i) => {
    const share = value / [0.95047, 1, 1.08883][i]!;
    return share > 216 / 24389 ? Math.cbrt(share) : (share * (24389 / 27) + 16) / 116;
  }) as unknown as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const distance = (a: Triple, b: Triple): number => Math.hypot(...a.map((value, i) => value - b[i]!));

const places = Array.from({ length: 101 }, (_, i) => i / 100);
for (const sight of Object.keys(SIGHT)) {
  test(`colour scales keep their order in print without colour and with ${sight} sight`, () => {
    const lightness = (palette: 'sequential' | 'diverging', part: readonly number[]): number[] =>
      part.map((place) => lab(paletteColour(palette, place), sight)[0]);
    const rises = (values: readonly number[]): boolean =>
      values.every((v, i) => i === 0 || v > values[i - 1]!);
    const sequential = lightness('sequential', places);
    assert.ok(rises(sequential) && sequential.at(-1)! - sequential[0]! > 70);
    const diverging = lightness('diverging', places);
    assert.ok(
      rises(diverging.slice(0, 51)) && rises(diverging.slice(50).reverse()),
      'lightest in the middle',
    );
    const ends = [0, 1].map((place) => lab(paletteColour('diverging', place), sight));
    assert.ok(distance(ends[0]!, ends[1]!) > 30, 'signs differ in more than lightness');
  });

  test(`every two classes differ with ${sight} sight`, () => {
    const colours = CLASS_COLOURS.map((colour) => lab(colour, sight));
    for (const [i, one] of colours.entries())
      for (const [j, other] of colours.slice(0, i).entries())
        assert.ok(
          distance(one, other) > 17,
          `${CLASS_COLOURS[i]} and ${CLASS_COLOURS[j]}: ${distance(one, other)}`,
        );
  });
}

test('classes differ without colour: by mark and by dash', () => {
  for (const marks of [CLASS_SHAPES, CLASS_DASHES])
    assert.equal(new Set(marks.map(String)).size, CLASS_COLOURS.length);
});
