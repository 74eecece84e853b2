// Kernels of the STM analysis, in AssemblyScript with 128-bit SIMD. They work in PFFFT's memory and hold no state:
// every buffer is passed as a byte address. Lengths are counted in elements. See ../stmKernels.ts for the contract.

// prettier-ignore
@inline function f4(x: f32): v128 { return f32x4.splat(x); }
// prettier-ignore
@inline function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// prettier-ignore
@inline function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
// prettier-ignore
@inline function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
// prettier-ignore
@inline function at(base: usize, index: i32): usize { return base + (<usize>index << 2); }

@inline function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Base-2 logarithm of four positive numbers; a zero gives about -127. */
@inline function log2(x: v128): v128 {
  // Split so that the mantissa lies in [sqrt(1/2), sqrt(2)).
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(shifted, 23);
  const m = i32x4.sub(x, i32x4.shl(exponent, 23));
  const t = f32x4.div(sub(m, f4(1)), add(m, f4(1)));
  const t2 = mul(t, t);
  let p = add(f4(0.41219858), mul(t2, f4(0.32059889)));
  p = add(f4(0.57707802), mul(t2, p));
  p = add(f4(0.96179669), mul(t2, p));
  p = add(f4(2.88539008), mul(t2, p));
  return add(f32x4.convert_i32x4_s(exponent), mul(t, p));
}

/**
 * Writes a windowed piece of a spectrum into the input of a complex backward transform of `length`, in PFFFT's
 * internal order, everything else zero. `spectrum` is at the first bin, which goes to bin `position` (modulo
 * length); `count`, `position` and `length` are multiples of 4 and 16.
 */
export function fillBand(
  spectrum: usize, weights: usize, band: usize, count: i32, position: i32, length: i32,
): void {
  memory.fill(band, 0, <usize>length << 3);
  // Groups of four bins stand in four interleaved runs.
  const quarter = length >> 4;
  let run = (position >> 2) / quarter;
  let place = (position >> 2) % quarter;
  for (let i = 0; i < count; i += 4) {
    const a = v128.load(at(spectrum, 2 * i));
    const b = v128.load(at(spectrum, 2 * i), 16);
    const w = v128.load(at(weights, i));
    const target = band + (<usize>((place << 2) + run) << 5);
    v128.store(target, mul(v128.shuffle<f32>(a, b, 0, 2, 4, 6), w));
    v128.store(target, mul(v128.shuffle<f32>(a, b, 1, 3, 5, 7), w), 16);
    if (++place == quarter) {
      place = 0;
      run = (run + 1) & 3;
    }
  }
}

/** Squared magnitude and magnitude of interleaved complex samples; `length` is a multiple of 4. */
export function envelope(signal: usize, power: usize, magnitude: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const a = v128.load(at(signal, 2 * i));
    const b = v128.load(at(signal, 2 * i), 16);
    const re = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
    const im = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
    const p = add(mul(re, re), mul(im, im));
    v128.store(at(power, i), p);
    v128.store(at(magnitude, i), f32x4.sqrt(p));
  }
}

/**
 * Indices of local minima of `power` that lie well below their surroundings: the samples next to a near-zero of the
 * analytic signal. `power` is valid 4 samples beyond both ends. Returns their number; `list` is padded with
 * `length + 4` (a harmless place) to a multiple of 4.
 */
export function findMinima(power: usize, length: i32, list: usize): i32 {
  let count = 0;
  for (let i = 0; i < length; i += 4) {
    const p = at(power, i);
    const centre = v128.load(p);
    const around = mul(add(v128.load(p - 8), v128.load(p + 8)), f4(0.25));
    // All conditions before one branch: minima are common, deep ones rare.
    let mask = i32x4.bitmask(
      v128.and(
        v128.and(f32x4.le(centre, v128.load(p - 4)), f32x4.lt(centre, v128.load(p + 4))),
        f32x4.lt(centre, around),
      ),
    );
    while (mask) {
      store<i32>(at(list, count++), i + ctz(mask));
      mask &= mask - 1;
    }
  }
  for (let i = count; i & 3; i++) store<i32>(at(list, i), length + 4);
  return count;
}

// Sum over the grid minus integral of g(u) = sqrt(u^2 + d^2) and of u g(u), u counted from a point x off the grid:
// the three nearest terms and the logarithm exactly, the smooth rest as a polynomial (fitted on |x| <= 0.5,
// d <= 1.25; largest error 1e-5; generator: fitCusp.py).
// prettier-ignore
const P000: f32 = 2.16666615; const P001: f32 = 1.61595315; const P002: f32 = 0.0503705109; const P003: f32 = -0.00431023364; const P004: f32 = 0.000376563986;
const P010: f32 = 0.999996152; const P011: f32 = -0.201602608; const P012: f32 = 0.0537677047; const P013: f32 = -0.0127336137; const P014: f32 = 0.00174805605;
const P020: f32 = -1.11887874e-05; const P021: f32 = -0.0394524844; const P022: f32 = 0.0331299459; const P023: f32 = -0.0144970395; const P024: f32 = 0.00276348622;
const P100: f32 = -4.33333681; const P101: f32 = -0.999830624; const P102: f32 = 0.100003721; const P103: f32 = -0.0162880035; const P104: f32 = 0.00188915159;
const P110: f32 = -0.666675013; const P111: f32 = 0.000413569946; const P112: f32 = 0.0341330161; const P113: f32 = -0.0147575161; const P114: f32 = 0.00262810916;
const P120: f32 = -1.15869955e-05; const P121: f32 = 0.000598516761; const P122: f32 = 0.0103789731; const P123: f32 = -0.00790661407; const P124: f32 = 0.00189769919;

@inline function cuspTerms(x: v128, d2: v128): v128 {
  const x2 = mul(x, x);
  const left = add(x, f4(1));
  const right = sub(f4(1), x);
  const near = add(
    f32x4.sqrt(add(x2, d2)),
    add(f32x4.sqrt(add(mul(left, left), d2)), f32x4.sqrt(add(mul(right, right), d2))),
  );
  const log = mul(mul(d2, log2(d2)), f4(0.34657359));
  let p0 = f4(P004), p1 = f4(P014), p2 = f4(P024);
  p0 = add(f4(P003), mul(d2, p0)); p1 = add(f4(P013), mul(d2, p1)); p2 = add(f4(P023), mul(d2, p2));
  p0 = add(f4(P002), mul(d2, p0)); p1 = add(f4(P012), mul(d2, p1)); p2 = add(f4(P022), mul(d2, p2));
  p0 = add(f4(P001), mul(d2, p0)); p1 = add(f4(P011), mul(d2, p1)); p2 = add(f4(P021), mul(d2, p2));
  p0 = add(f4(P000), mul(d2, p0)); p1 = add(f4(P010), mul(d2, p1)); p2 = add(f4(P020), mul(d2, p2));
  return sub(add(near, log), add(p0, mul(x2, add(p1, mul(x2, p2)))));
}

@inline function cuspMoment(x: v128, d2: v128): v128 {
  const x2 = mul(x, x);
  const left = add(x, f4(1));
  const right = sub(f4(1), x);
  const near = sub(
    sub(
      mul(right, f32x4.sqrt(add(mul(right, right), d2))),
      mul(left, f32x4.sqrt(add(mul(left, left), d2))),
    ),
    mul(x, f32x4.sqrt(add(x2, d2))),
  );
  let p0 = f4(P104), p1 = f4(P114), p2 = f4(P124);
  p0 = add(f4(P103), mul(d2, p0)); p1 = add(f4(P113), mul(d2, p1)); p2 = add(f4(P123), mul(d2, p2));
  p0 = add(f4(P102), mul(d2, p0)); p1 = add(f4(P112), mul(d2, p1)); p2 = add(f4(P122), mul(d2, p2));
  p0 = add(f4(P101), mul(d2, p0)); p1 = add(f4(P111), mul(d2, p1)); p2 = add(f4(P121), mul(d2, p2));
  p0 = add(f4(P100), mul(d2, p0)); p1 = add(f4(P110), mul(d2, p1)); p2 = add(f4(P120), mul(d2, p2));
  return sub(near, mul(x, add(p0, mul(x2, add(p1, mul(x2, p2))))));
}

/** Largest distance of a zero from the real axis, in samples, that is corrected for. */
const REACH: f32 = 1.2;

/**
 * Corrects the magnitude near zeros of the analytic signal, where it has a cusp that a coarse grid sums wrongly: the
 * sum then equals that of the full-rate grid, `spacing` times finer. Four zeros are handled at once.
 *
 * A zero w = x + i d of the signal beside sample k makes |z(t)| = |t - w| |q(t)| with smooth q. Sum minus
 * integral of |t - w| over either grid is known in closed form; the difference, and its first two moments, are put
 * on samples k - 1, k, k + 1. `signal` is valid 4 samples beyond both ends and readable 8 beyond,
 * `magnitude` writable 8 beyond. The signal is periodic.
 */
export function correctCusps(
  signal: usize, magnitude: usize, length: i32, list: usize, count: i32, spacing: f32,
): void {
  store<f32>(magnitude - 4, 0);
  store<f32>(at(magnitude, length), 0);
  const fine = f4(spacing);
  const step = f4(1 / spacing);
  const step2 = mul(step, step);
  const step3 = mul(step2, step);
  for (let i = 0; i < count; i += 4) {
    const k0 = load<i32>(at(list, i)), k1 = load<i32>(at(list, i), 4);
    const k2 = load<i32>(at(list, i), 8), k3 = load<i32>(at(list, i), 12);
    const z0 = at(signal, 2 * k0), z1 = at(signal, 2 * k1), z2 = at(signal, 2 * k2), z3 = at(signal, 2 * k3);
    let a = v128.load(z0 - 16), b = v128.load(z1 - 16), c = v128.load(z2 - 16), d = v128.load(z3 - 16);
    let ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const reA = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imA = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const reB = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imB = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    a = v128.load(z0); b = v128.load(z1); c = v128.load(z2); d = v128.load(z3);
    ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const reC = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imC = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const reD = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imD = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    a = v128.load(z0 + 16); b = v128.load(z1 + 16); c = v128.load(z2 + 16); d = v128.load(z3 + 16);
    ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const reE = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imE = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);

    // Quartic through the five samples around k.
    let even = add(reB, reD), odd = sub(reD, reB), outer = add(reA, reE), tilt = sub(reE, reA);
    const c0r = reC;
    const c1r = mul(sub(mul(odd, f4(8)), tilt), f4(1.0 / 12));
    const c2r = mul(sub(sub(mul(even, f4(16)), mul(reC, f4(30))), outer), f4(1.0 / 24));
    const c3r = mul(sub(tilt, add(odd, odd)), f4(1.0 / 12));
    const c4r = mul(add(sub(outer, mul(even, f4(4))), mul(reC, f4(6))), f4(1.0 / 24));
    even = add(imB, imD); odd = sub(imD, imB); outer = add(imA, imE); tilt = sub(imE, imA);
    const c0i = imC;
    const c1i = mul(sub(mul(odd, f4(8)), tilt), f4(1.0 / 12));
    const c2i = mul(sub(sub(mul(even, f4(16)), mul(imC, f4(30))), outer), f4(1.0 / 24));
    const c3i = mul(sub(tilt, add(odd, odd)), f4(1.0 / 12));
    const c4i = mul(add(sub(outer, mul(even, f4(4))), mul(imC, f4(6))), f4(1.0 / 24));

    // Newton's iteration to the zero w, from the first-order guess.
    let n2 = f32x4.div(f4(-1), add(mul(c1r, c1r), mul(c1i, c1i)));
    let wr = mul(add(mul(c0r, c1r), mul(c0i, c1i)), n2);
    let wi = mul(sub(mul(c0i, c1r), mul(c0r, c1i)), n2);
    for (let step = 0; step < 4; step++) {
      let pr = c4r, pi = c4i, dr = f4(0), di = f4(0), t = f4(0);
      t = add(sub(mul(dr, wr), mul(di, wi)), pr); di = add(add(mul(dr, wi), mul(di, wr)), pi); dr = t;
      t = add(sub(mul(pr, wr), mul(pi, wi)), c3r); pi = add(add(mul(pr, wi), mul(pi, wr)), c3i); pr = t;
      t = add(sub(mul(dr, wr), mul(di, wi)), pr); di = add(add(mul(dr, wi), mul(di, wr)), pi); dr = t;
      t = add(sub(mul(pr, wr), mul(pi, wi)), c2r); pi = add(add(mul(pr, wi), mul(pi, wr)), c2i); pr = t;
      t = add(sub(mul(dr, wr), mul(di, wi)), pr); di = add(add(mul(dr, wi), mul(di, wr)), pi); dr = t;
      t = add(sub(mul(pr, wr), mul(pi, wi)), c1r); pi = add(add(mul(pr, wi), mul(pi, wr)), c1i); pr = t;
      t = add(sub(mul(dr, wr), mul(di, wi)), pr); di = add(add(mul(dr, wi), mul(di, wr)), pi); dr = t;
      t = add(sub(mul(pr, wr), mul(pi, wi)), c0r); pi = add(add(mul(pr, wi), mul(pi, wr)), c0i); pr = t;
      n2 = f32x4.div(f4(1), add(mul(dr, dr), mul(di, di)));
      wr = sub(wr, mul(add(mul(pr, dr), mul(pi, di)), n2));
      wi = sub(wi, mul(sub(mul(pi, dr), mul(pr, di)), n2));
    }
    const dist = f32x4.abs(wi);
    // Also false where the iteration left the numbers.
    const valid = v128.and(f32x4.lt(f32x4.abs(wr), f4(0.8)), f32x4.lt(dist, f4(REACH)));
    if (!v128.any_true(valid)) continue;
    wr = v128.and(wr, valid);
    wi = v128.and(wi, valid);

    // Smooth factor q = z / (t - w), and its value and slope at x = Re w.
    const q2r = add(c3r, sub(mul(wr, c4r), mul(wi, c4i))), q2i = add(c3i, add(mul(wr, c4i), mul(wi, c4r)));
    const q1r = add(c2r, sub(mul(wr, q2r), mul(wi, q2i))), q1i = add(c2i, add(mul(wr, q2i), mul(wi, q2r)));
    const q0r = add(c1r, sub(mul(wr, q1r), mul(wi, q1i))), q0i = add(c1i, add(mul(wr, q1i), mul(wi, q1r)));
    const Qr = add(q0r, mul(wr, add(q1r, mul(wr, add(q2r, mul(wr, c4r))))));
    const Qi = add(q0i, mul(wr, add(q1i, mul(wr, add(q2i, mul(wr, c4i))))));
    const Sr = add(q1r, mul(wr, add(add(q2r, q2r), mul(mul(wr, c4r), f4(3)))));
    const Si = add(q1i, mul(wr, add(add(q2i, q2i), mul(mul(wr, c4i), f4(3)))));
    const Q2 = add(mul(Qr, Qr), mul(Qi, Qi));
    const slope = f32x4.div(add(mul(Sr, Qr), mul(Si, Qi)), Q2);

    const d2 = mul(wi, wi);
    const x = sub(wr, f32x4.nearest(wr));
    let e0 = cuspTerms(x, d2);
    let e1 = cuspMoment(x, d2);
    const fineDist = mul(f32x4.abs(wi), fine);
    const fineNear = f32x4.lt(fineDist, f4(REACH));
    if (v128.any_true(fineNear)) {
      const index = f32x4.convert_i32x4_s(v128.load(at(list, i)));
      let y = mul(add(index, wr), fine);
      y = sub(y, f32x4.nearest(y));
      const f2 = v128.and(mul(fineDist, fineDist), fineNear);
      e0 = sub(e0, v128.and(mul(cuspTerms(y, f2), step2), fineNear));
      e1 = sub(e1, v128.and(mul(cuspMoment(y, f2), step3), fineNear));
    }
    const scale = v128.and(f32x4.neg(f32x4.sqrt(Q2)), valid);
    const total = add(e0, mul(slope, e1));
    const first = add(mul(total, wr), e1);
    const second = mul(wr, add(first, e1));
    let here = mul(scale, sub(total, second));
    let after = mul(scale, mul(add(second, first), f4(0.5)));
    let before = mul(scale, mul(sub(second, first), f4(0.5)));
    // Division by zero where the signal is silent.
    const finite = f32x4.lt(f32x4.abs(add(here, add(after, before))), f4(Infinity));
    here = v128.and(here, finite); after = v128.and(after, finite); before = v128.and(before, finite);
    deposit(at(magnitude, k0), f32x4.extract_lane(before, 0), f32x4.extract_lane(here, 0), f32x4.extract_lane(after, 0));
    deposit(at(magnitude, k1), f32x4.extract_lane(before, 1), f32x4.extract_lane(here, 1), f32x4.extract_lane(after, 1));
    deposit(at(magnitude, k2), f32x4.extract_lane(before, 2), f32x4.extract_lane(here, 2), f32x4.extract_lane(after, 2));
    deposit(at(magnitude, k3), f32x4.extract_lane(before, 3), f32x4.extract_lane(here, 3), f32x4.extract_lane(after, 3));
  }
  const last = at(magnitude, length - 1);
  store<f32>(last, load<f32>(last) + load<f32>(magnitude - 4));
  store<f32>(magnitude, load<f32>(magnitude) + load<f32>(at(magnitude, length)));
}

/** Copies `halo` periodic values of `width` bytes each to both sides of `length` values. */
export function extend(values: usize, length: i32, width: i32, halo: i32): void {
  const bytes = <usize>(halo * width);
  const size = <usize>length * <usize>width;
  memory.copy(values - bytes, values + size - bytes, bytes);
  memory.copy(values + size, values, bytes);
}

@inline function deposit(target: usize, before: f32, here: f32, after: f32): void {
  store<f32>(target - 4, load<f32>(target - 4) + before);
  store<f32>(target, load<f32>(target) + here);
  store<f32>(target, load<f32>(target, 4) + after, 4);
}

/**
 * Outputs `count` (a multiple of 4) low-pass filtered samples, `hop` input samples apart; `input` is at the first
 * sample of the first output's support of `taps` samples. `hop` and `taps` are multiples of 4.
 */
export function lowPass(
  input: usize, filter: usize, taps: i32, hop: i32, output: usize, count: i32,
): void {
  const stride = <usize>hop << 2;
  for (let n = 0; n < count; n += 4) {
    let s0 = f4(0), s1 = f4(0), s2 = f4(0), s3 = f4(0);
    const p0 = input + <usize>n * stride, p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
    for (let j: usize = 0, end = <usize>taps << 2; j < end; j += 16) {
      const h = v128.load(filter + j);
      s0 = add(s0, mul(h, v128.load(p0 + j)));
      s1 = add(s1, mul(h, v128.load(p1 + j)));
      s2 = add(s2, mul(h, v128.load(p2 + j)));
      s3 = add(s3, mul(h, v128.load(p3 + j)));
    }
    store<f32>(at(output, n), sum4(s0));
    store<f32>(at(output, n), sum4(s1), 4);
    store<f32>(at(output, n), sum4(s2), 8);
    store<f32>(at(output, n), sum4(s3), 12);
  }
}

/**
 * Magnitude of the complex signal between its samples: `count` values, each from 16 samples beginning at its own start,
 * with 16 weights stored twice each.
 */
export function interpolate(signal: usize, starts: usize, weights: usize, count: i32, output: usize): void {
  for (let k = 0; k < count; k++) {
    const from = at(signal, 2 * load<i32>(at(starts, k)));
    const row = at(weights, 32 * k);
    let even = f4(0), odd = f4(0);
    for (let j: usize = 0; j < 128; j += 32) {
      even = add(even, mul(v128.load(from + j), v128.load(row + j)));
      odd = add(odd, mul(v128.load(from + j, 16), v128.load(row + j, 16)));
    }
    const s = add(even, odd);
    const re = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2);
    const im = f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3);
    store<f32>(at(output, k), sqrt<f32>(re * re + im * im));
  }
}

/** Dot product; `length` is a multiple of 4. */
export function dot(a: usize, b: usize, length: i32): f32 {
  let even = f4(0), odd = f4(0);
  let j: usize = 0;
  const end = <usize>length << 2;
  for (; j + 16 < end; j += 32) {
    even = add(even, mul(v128.load(a + j), v128.load(b + j)));
    odd = add(odd, mul(v128.load(a + j, 16), v128.load(b + j, 16)));
  }
  if (j < end) even = add(even, mul(v128.load(a + j), v128.load(b + j)));
  return sum4(add(even, odd));
}

/** 20 log10 + 80, negative values and those of numbers up to 0 set to 0; in place, `length` a multiple of 4. */
export function toDecibels(values: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const x = f32x4.max(v128.load(at(values, i)), f4(1e-30));
    v128.store(at(values, i), f32x4.max(f4(0), add(f4(80), mul(log2(x), f4(6.02059991)))));
  }
}

/**
 * Real Fourier transform of rows of 500 values at the first `rates` multiples of 1/500, by sums over the even and
 * odd halves of the row. The row's mean, which only rate 0 sees, is taken out first to keep the small cells exact.
 * `cosines` and `sines`: rates x 252. `work`: 504 values. Output: rates x channels, real and imaginary.
 */
export function rowTransform(
  rows: usize, channels: i32, rates: i32, cosines: usize, sines: usize, work: usize, real: usize, imaginary: usize,
): void {
  const odd = at(work, 252);
  for (let c = 0; c < channels; c++) {
    const row = at(rows, c * 500);
    let s = f64x2.splat(0);
    for (let n = 0; n < 500; n += 4) {
      const v = v128.load(at(row, n));
      s = f64x2.add(s, f64x2.add(
        f64x2.promote_low_f32x4(v),
        f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)),
      ));
    }
    const sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
    const mean = <f32>(sum / 500);
    store<f32>(work, load<f32>(row) - mean);
    store<f32>(odd, 0);
    for (let n = 1; n < 250; n++) {
      const a = load<f32>(at(row, n)) - mean, b = load<f32>(at(row, 500 - n)) - mean;
      store<f32>(at(work, n), a + b);
      store<f32>(at(odd, n), a - b);
    }
    store<f32>(at(work, 250), load<f32>(at(row, 250)) - mean);
    store<f32>(at(work, 251), 0);
    store<f32>(at(odd, 250), 0);
    store<f32>(at(odd, 251), 0);
    store<f32>(at(real, c), <f32>sum);
    store<f32>(at(imaginary, c), 0);
    for (let f = 1; f < rates; f++) {
      store<f32>(at(real, f * channels + c), dot(work, at(cosines, f * 252), 252));
      store<f32>(at(imaginary, f * channels + c), -dot(odd, at(sines, f * 252), 252));
    }
  }
}

/**
 * Polyphase resampling. `input` is at sample 0, with zeros around it for a whole filter row; rows of `rowLength` (a
 * multiple of 4) weights; see audio/resample.ts.
 */
export function resample(
  input: usize, rows: usize, rowLength: i32, taps: i32, up: i32, down: i32, half: i32, output: usize, count: i32,
): void {
  const stepWhole = down / up, stepRest = down % up;
  let phase = half % up;
  let oldest = half / up - taps + 1;
  for (let m = 0; m < count; m++) {
    store<f32>(at(output, m), dot(input + (<isize>oldest << 2), at(rows, phase * rowLength), rowLength));
    oldest += stepWhole;
    phase += stepRest;
    if (phase >= up) {
      phase -= up;
      oldest++;
    }
  }
}
