// Kernels of the synthesis from subbands, in AssemblyScript with 128-bit SIMD, beside those of the analysis (stm.as)
// and in the same memory. Every buffer is passed as a byte address; lengths are counted in elements.

// prettier-ignore
@inline function f4(x: f32): v128 { return f32x4.splat(x); }
// prettier-ignore
@inline function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// prettier-ignore
@inline function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
// prettier-ignore
@inline function at(base: usize, index: i32): usize { return base + (<usize>index << 2); }

/** Magnitude of interleaved complex samples; `length` is a multiple of 4. */
export function magnitudes(signal: usize, magnitude: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const a = v128.load(at(signal, 2 * i));
    const b = v128.load(at(signal, 2 * i), 16);
    const re = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
    const im = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
    v128.store(at(magnitude, i), f32x4.sqrt(add(mul(re, re), mul(im, im))));
  }
}

/**
 * Multiplies interleaved complex samples, in place, by gains given once a frame and interpolated linearly between
 * frames: frame n stands at sample n * perFrame. `gains` has one more value than there are frames; `perFrame` is a
 * multiple of 4.
 */
export function scaleFrames(signal: usize, gains: usize, frames: i32, perFrame: i32): void {
  const step: f32 = 1 / <f32>perFrame;
  for (let n = 0; n < frames; n++) {
    const from = load<f32>(at(gains, n));
    const slope = (load<f32>(at(gains, n), 4) - from) * step;
    let g01 = f32x4(from, from, from + slope, from + slope);
    let g23 = add(g01, f4(2 * slope));
    const advance = f4(4 * slope);
    let p = at(signal, 2 * n * perFrame);
    for (const end = p + (<usize>perFrame << 3); p < end; p += 32) {
      v128.store(p, mul(v128.load(p), g01));
      v128.store(p, mul(v128.load(p, 16), g23), 16);
      g01 = add(g01, advance);
      g23 = add(g23, advance);
    }
  }
}

/**
 * Adds a windowed piece of a complex transform of `length`, in PFFFT's internal order, to a spectrum in natural order:
 * the counterpart of `fillBand`, with the same weights times `scale`.
 */
export function addBand(
  band: usize, weights: usize, spectrum: usize, count: i32, position: i32, length: i32, scale: f32,
): void {
  const quarter = length >> 4;
  let run = (position >> 2) / quarter;
  let place = (position >> 2) % quarter;
  for (let i = 0; i < count; i += 4) {
    const source = band + (<usize>((place << 2) + run) << 5);
    const w = mul(v128.load(at(weights, i)), f4(scale));
    const re = mul(v128.load(source), w);
    const im = mul(v128.load(source, 16), w);
    const target = at(spectrum, 2 * i);
    v128.store(target, add(v128.load(target), v128.shuffle<f32>(re, im, 0, 4, 1, 5)));
    v128.store(target, add(v128.load(target, 16), v128.shuffle<f32>(re, im, 2, 6, 3, 7)), 16);
    if (++place == quarter) {
      place = 0;
      run = (run + 1) & 3;
    }
  }
}

/** Amplitude factors of levels: 10^(v / 20), in place; levels within -400 ... 400 dB, `length` a multiple of 4. */
export function fromDecibels(values: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const y = mul(v128.load(at(values, i)), f4(0.16609640474));
    const whole = f32x4.nearest(y);
    const t = mul(f32x4.sub(y, whole), f4(0.69314718056));
    // exp(t) for |t| <= 0.35, relative error below 1e-7.
    let p = add(f4(1.0 / 120), mul(t, f4(1.0 / 720)));
    p = add(f4(1.0 / 24), mul(t, p));
    p = add(f4(1.0 / 6), mul(t, p));
    p = add(f4(0.5), mul(t, p));
    p = add(f4(1), mul(t, p));
    p = add(f4(1), mul(t, p));
    const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
    v128.store(at(values, i), mul(p, exponent));
  }
}
