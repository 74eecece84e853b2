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

@inline function power4(real: usize, imaginary: usize, i: i32): v128 {
  const re = v128.load(at(real, i)), im = v128.load(at(imaginary, i));
  return add(mul(re, re), mul(im, im));
}

/**
 * Magnitude of complex samples, and the indices of those next to a near-zero of the signal: local minima of its power
 * that lie well below their surroundings. The signal is valid 4 samples beyond both ends; `length` is a multiple of 4. `places` holds, for each of the 16 sets of lanes, those in it, 16 bits each, first ones first. Returns the number
 * of indices; `list` is padded with `length + 4` (a harmless place) to a multiple of 4, and has room for 4 more.
 */
export function envelope(
  real: usize, imaginary: usize, magnitude: usize, length: i32, places: usize, list: usize,
): i32 {
  let before = power4(real, imaginary, -4), centre = power4(real, imaginary, 0);
  let found = list;
  for (let i = 0; i < length; i += 4) {
    const after = power4(real, imaginary, i + 4);
    v128.store(at(magnitude, i), f32x4.sqrt(centre));
    const left = v128.shuffle<f32>(before, centre, 3, 4, 5, 6), right = v128.shuffle<f32>(centre, after, 1, 2, 3, 4);
    const around = mul(
      add(v128.shuffle<f32>(before, centre, 2, 3, 4, 5), v128.shuffle<f32>(centre, after, 2, 3, 4, 5)),
      f4(0.25),
    );
    const deep = v128.and(
      v128.and(f32x4.le(centre, left), f32x4.lt(centre, right)),
      f32x4.lt(centre, around),
    );
    // Without a branch, which would be taken at random: all four places are written, those that count are kept.
    const mask = i32x4.bitmask(deep);
    v128.store(found, i32x4.add(i32x4.splat(i), v128.load16x4_u(places + (<usize>mask << 3))));
    found += <usize>popcnt(mask) << 2;
    before = centre;
    centre = after;
  }
  v128.store(found, i32x4.splat(length + 4));
  return <i32>((found - list) >> 2);
}

// Sum over the grid minus integral of g(u) = sqrt(u^2 + d^2), of u g(u) and of u^2 g(u), u counted from a point x off the
// grid: the nearest terms and the logarithm exactly, the smooth rest as a polynomial (fitted on |x| <= 0.5, d <= 1.25;
// largest error 1e-5, of the last, which counts for little, 1e-3; generator: fitCusp.py).
// prettier-ignore
const P000: f32 = 2.16666615; const P001: f32 = 1.61595315; const P002: f32 = 0.0503705109; const P003: f32 = -0.00431023364; const P004: f32 = 0.000376563986;
const P010: f32 = 0.999996152; const P011: f32 = -0.201602608; const P012: f32 = 0.0537677047; const P013: f32 = -0.0127336137; const P014: f32 = 0.00174805605;
const P020: f32 = -1.11887874e-05; const P021: f32 = -0.0394524844; const P022: f32 = 0.0331299459; const P023: f32 = -0.0144970395; const P024: f32 = 0.00276348622;
const P100: f32 = -4.33333681; const P101: f32 = -0.999830624; const P102: f32 = 0.100003721; const P103: f32 = -0.0162880035; const P104: f32 = 0.00188915159;
const P110: f32 = -0.666675013; const P111: f32 = 0.000413569946; const P112: f32 = 0.0341330161; const P113: f32 = -0.0147575161; const P114: f32 = 0.00262810916;
const P120: f32 = -1.15869955e-05; const P121: f32 = 0.000598516761; const P122: f32 = 0.0103789731; const P123: f32 = -0.00790661407; const P124: f32 = 0.00189769919;
// prettier-ignore
const P200: f32 = 0.0159473172; const P201: f32 = -0.045791782; const P202: f32 = 0.0464848634; const P203: f32 = -0.0154001963;
const P210: f32 = -0.498459687; const P211: f32 = -0.557797066; const P212: f32 = 0.0123335198; const P213: f32 = 0.0224068058;
const P220: f32 = -0.500405162; const P221: f32 = -0.0198154174; const P222: f32 = 0.157718388; const P223: f32 = -0.0585810059;

@inline function rootAt(x: v128, d2: v128): v128 { return f32x4.sqrt(add(mul(x, x), d2)); }

/** Of `x` with the roots at it and a sample to its left and right. */
@inline function cuspTerms(x: v128, d2: v128, root: v128, left: v128, right: v128): v128 {
  const x2 = mul(x, x);
  const near = add(root, add(left, right));
  const log = mul(mul(d2, log2(d2)), f4(0.34657359));
  let p0 = f4(P004), p1 = f4(P014), p2 = f4(P024);
  p0 = add(f4(P003), mul(d2, p0)); p1 = add(f4(P013), mul(d2, p1)); p2 = add(f4(P023), mul(d2, p2));
  p0 = add(f4(P002), mul(d2, p0)); p1 = add(f4(P012), mul(d2, p1)); p2 = add(f4(P022), mul(d2, p2));
  p0 = add(f4(P001), mul(d2, p0)); p1 = add(f4(P011), mul(d2, p1)); p2 = add(f4(P021), mul(d2, p2));
  p0 = add(f4(P000), mul(d2, p0)); p1 = add(f4(P010), mul(d2, p1)); p2 = add(f4(P020), mul(d2, p2));
  return sub(add(near, log), add(p0, mul(x2, add(p1, mul(x2, p2)))));
}

@inline function cuspMoment(x: v128, d2: v128, root: v128, left: v128, right: v128): v128 {
  const x2 = mul(x, x);
  const near = sub(sub(mul(sub(f4(1), x), right), mul(add(x, f4(1)), left)), mul(x, root));
  let p0 = f4(P104), p1 = f4(P114), p2 = f4(P124);
  p0 = add(f4(P103), mul(d2, p0)); p1 = add(f4(P113), mul(d2, p1)); p2 = add(f4(P123), mul(d2, p2));
  p0 = add(f4(P102), mul(d2, p0)); p1 = add(f4(P112), mul(d2, p1)); p2 = add(f4(P122), mul(d2, p2));
  p0 = add(f4(P101), mul(d2, p0)); p1 = add(f4(P111), mul(d2, p1)); p2 = add(f4(P121), mul(d2, p2));
  p0 = add(f4(P100), mul(d2, p0)); p1 = add(f4(P110), mul(d2, p1)); p2 = add(f4(P120), mul(d2, p2));
  return sub(near, mul(x, add(p0, mul(x2, add(p1, mul(x2, p2))))));
}

@inline function cuspBend(x: v128, d2: v128, root: v128): v128 {
  const x2 = mul(x, x);
  let p0 = f4(P203), p1 = f4(P213), p2 = f4(P223);
  p0 = add(f4(P202), mul(d2, p0)); p1 = add(f4(P212), mul(d2, p1)); p2 = add(f4(P222), mul(d2, p2));
  p0 = add(f4(P201), mul(d2, p0)); p1 = add(f4(P211), mul(d2, p1)); p2 = add(f4(P221), mul(d2, p2));
  p0 = add(f4(P200), mul(d2, p0)); p1 = add(f4(P210), mul(d2, p1)); p2 = add(f4(P220), mul(d2, p2));
  return add(mul(x2, root), add(p0, mul(x2, add(p1, mul(x2, p2)))));
}

/** Largest distance of a zero from the real axis, in samples, that is corrected for. */
const REACH: f32 = 1.2;

/**
 * Corrects the magnitude near zeros of the analytic signal, where it has a cusp that a coarse grid sums wrongly: the
 * sum then equals that of the full-rate grid, `spacing` times finer. Four zeros are handled at once.
 *
 * A zero w = x + i d of the signal beside sample k makes |z(t)| = |t - w| |q(t)| with smooth q, of which the value, slope
 * and curvature at x are taken. Sum minus integral of |t - w|, and of its products with t - x and its square, are known in
 * closed form over either grid; the difference, and its first two moments, are put on samples k - 1, k, k + 1. The signal is
 * valid 4 samples beyond both ends and readable 8 beyond, `magnitude` writable 8 beyond. The signal is periodic.
 */
export function correctCusps(
  real: usize, imaginary: usize, magnitude: usize, length: i32, list: usize, count: i32, spacing: f32,
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
    let a = v128.load(at(real, k0 - 3)), b = v128.load(at(real, k1 - 3)), c = v128.load(at(real, k2 - 3)), d = v128.load(at(real, k3 - 3));
    let ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const reZ = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), reA = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const reB = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), reC = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    a = v128.load(at(real, k0 + 1)); b = v128.load(at(real, k1 + 1)); c = v128.load(at(real, k2 + 1)); d = v128.load(at(real, k3 + 1));
    ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const reD = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), reE = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const reF = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);
    a = v128.load(at(imaginary, k0 - 3)); b = v128.load(at(imaginary, k1 - 3)); c = v128.load(at(imaginary, k2 - 3)); d = v128.load(at(imaginary, k3 - 3));
    ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const imZ = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imA = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const imB = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imC = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    a = v128.load(at(imaginary, k0 + 1)); b = v128.load(at(imaginary, k1 + 1)); c = v128.load(at(imaginary, k2 + 1)); d = v128.load(at(imaginary, k3 + 1));
    ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const imD = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), imE = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const imF = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);

    // Derivatives at k up to the fourth, from the seven samples around it.
    let even1 = add(reD, reB), odd1 = sub(reD, reB), even2 = add(reE, reA), odd2 = sub(reE, reA), even3 = add(reF, reZ), odd3 = sub(reF, reZ);
    const c0r = reC;
    const c1r = add(mul(odd1, f4(45.0 / 60)), sub(mul(odd3, f4(1.0 / 60)), mul(odd2, f4(9.0 / 60))));
    const c2r = sub(add(mul(even1, f4(270.0 / 360)), mul(even3, f4(2.0 / 360))), add(mul(even2, f4(27.0 / 360)), mul(reC, f4(490.0 / 360))));
    const c3r = sub(mul(odd2, f4(8.0 / 48)), add(mul(odd1, f4(13.0 / 48)), mul(odd3, f4(1.0 / 48))));
    const c4r = sub(add(mul(even2, f4(12.0 / 144)), mul(reC, f4(56.0 / 144))), add(mul(even1, f4(39.0 / 144)), mul(even3, f4(1.0 / 144))));
    even1 = add(imD, imB); odd1 = sub(imD, imB); even2 = add(imE, imA); odd2 = sub(imE, imA); even3 = add(imF, imZ); odd3 = sub(imF, imZ);
    const c0i = imC;
    const c1i = add(mul(odd1, f4(45.0 / 60)), sub(mul(odd3, f4(1.0 / 60)), mul(odd2, f4(9.0 / 60))));
    const c2i = sub(add(mul(even1, f4(270.0 / 360)), mul(even3, f4(2.0 / 360))), add(mul(even2, f4(27.0 / 360)), mul(imC, f4(490.0 / 360))));
    const c3i = sub(mul(odd2, f4(8.0 / 48)), add(mul(odd1, f4(13.0 / 48)), mul(odd3, f4(1.0 / 48))));
    const c4i = sub(add(mul(even2, f4(12.0 / 144)), mul(imC, f4(56.0 / 144))), add(mul(even1, f4(39.0 / 144)), mul(even3, f4(1.0 / 144))));

    // Newton's iteration to the zero w, from the first-order guess: two steps reach what single precision gives.
    let n2 = f32x4.div(f4(-1), add(mul(c1r, c1r), mul(c1i, c1i)));
    let wr = mul(add(mul(c0r, c1r), mul(c0i, c1i)), n2);
    let wi = mul(sub(mul(c0i, c1r), mul(c0r, c1i)), n2);
    for (let step = 0; step < 2; step++) {
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

    // Smooth factor q = z / (t - w), and its value, slope and half its second derivative at x = Re w.
    const q2r = add(c3r, sub(mul(wr, c4r), mul(wi, c4i))), q2i = add(c3i, add(mul(wr, c4i), mul(wi, c4r)));
    const q1r = add(c2r, sub(mul(wr, q2r), mul(wi, q2i))), q1i = add(c2i, add(mul(wr, q2i), mul(wi, q2r)));
    const q0r = add(c1r, sub(mul(wr, q1r), mul(wi, q1i))), q0i = add(c1i, add(mul(wr, q1i), mul(wi, q1r)));
    const Qr = add(q0r, mul(wr, add(q1r, mul(wr, add(q2r, mul(wr, c4r))))));
    const Qi = add(q0i, mul(wr, add(q1i, mul(wr, add(q2i, mul(wr, c4i))))));
    const Sr = add(q1r, mul(wr, add(add(q2r, q2r), mul(mul(wr, c4r), f4(3)))));
    const Si = add(q1i, mul(wr, add(add(q2i, q2i), mul(mul(wr, c4i), f4(3)))));
    const Q2 = add(mul(Qr, Qr), mul(Qi, Qi));
    const slope = f32x4.div(add(mul(Sr, Qr), mul(Si, Qi)), Q2);

    const Tr = add(q2r, mul(mul(wr, c4r), f4(3))), Ti = add(q2i, mul(mul(wr, c4i), f4(3)));
    const S2 = add(mul(Sr, Sr), mul(Si, Si)), TQ = add(mul(Tr, Qr), mul(Ti, Qi));
    // Half the second derivative of |q|, and above its first, in units of |q|.
    const bend = sub(f32x4.div(add(mul(S2, f4(0.5)), TQ), Q2), mul(mul(slope, slope), f4(0.5)));

    const d2 = mul(wi, wi);
    const x = sub(wr, f32x4.nearest(wr));
    const root = rootAt(x, d2), left = rootAt(add(x, f4(1)), d2), right = rootAt(sub(f4(1), x), d2);
    let e0 = cuspTerms(x, d2, root, left, right);
    let e1 = cuspMoment(x, d2, root, left, right);
    const e2 = cuspBend(x, d2, root);
    const fineDist = mul(f32x4.abs(wi), fine);
    const fineNear = f32x4.lt(fineDist, f4(REACH));
    if (v128.any_true(fineNear)) {
      const index = f32x4.convert_i32x4_s(v128.load(at(list, i)));
      let y = mul(add(index, wr), fine);
      y = sub(y, f32x4.nearest(y));
      const f2 = v128.and(mul(fineDist, fineDist), fineNear);
      const at0 = rootAt(y, f2), before = rootAt(add(y, f4(1)), f2), after = rootAt(sub(f4(1), y), f2);
      e0 = sub(e0, v128.and(mul(cuspTerms(y, f2, at0, before, after), step2), fineNear));
      e1 = sub(e1, v128.and(mul(cuspMoment(y, f2, at0, before, after), step3), fineNear));
    }
    const scale = v128.and(f32x4.neg(f32x4.sqrt(Q2)), valid);
    const total = add(e0, add(mul(slope, e1), mul(bend, e2)));
    const moment = add(e1, mul(slope, e2));
    const first = add(mul(total, wr), moment);
    const second = add(mul(wr, add(first, moment)), e2);
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
 * Outputs `count` (at least 6) low-pass filtered samples, `hop` input samples apart; `input` is at the first sample of
 * the first output's support of `taps` samples. `hop` and `taps` are multiples of 4.
 */
export function lowPass(
  input: usize, filter: usize, taps: i32, hop: i32, output: usize, count: i32,
): void {
  const stride = <usize>hop << 2, reach = <usize>taps << 2;
  for (let first = 0; first < count; first += 6) {
    // The last six may include some that are there already.
    const n = min(first, count - 6);
    let s0 = f4(0), s1 = f4(0), s2 = f4(0), s3 = f4(0), s4 = f4(0), s5 = f4(0);
    const from = input + <usize>n * stride;
    // Taps a whole hop apart in turn: of the six samples that meet a tap, five meet the next.
    for (let j: usize = 0; j < stride; j += 16) {
      let x = from + j;
      let x0 = v128.load(x), x1 = v128.load(x + stride), x2 = v128.load(x + 2 * stride);
      let x3 = v128.load(x + 3 * stride), x4 = v128.load(x + 4 * stride);
      x += 5 * stride;
      for (let k = j; k < reach; k += stride, x += stride) {
        const h = v128.load(filter + k), x5 = v128.load(x);
        s0 = add(s0, mul(h, x0)); s1 = add(s1, mul(h, x1)); s2 = add(s2, mul(h, x2));
        s3 = add(s3, mul(h, x3)); s4 = add(s4, mul(h, x4)); s5 = add(s5, mul(h, x5));
        x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5;
      }
    }
    const y = at(output, n);
    store<f32>(y, sum4(s0)); store<f32>(y, sum4(s1), 4); store<f32>(y, sum4(s2), 8);
    store<f32>(y, sum4(s3), 12); store<f32>(y, sum4(s4), 16); store<f32>(y, sum4(s5), 20);
  }
}

/**
 * Magnitude of the complex signal between its samples: `count` values, each from 16 samples beginning at its own start,
 * with 16 weights.
 */
function interpolate(
  real: usize, imaginary: usize, starts: usize, weights: usize, count: i32, output: usize,
): void {
  for (let k = 0; k < count; k++, weights += 64) {
    const start = load<i32>(at(starts, k));
    const re = dot(at(real, start), weights, 16), im = dot(at(imaginary, start), weights, 16);
    store<f32>(at(output, k), sqrt<f32>(re * re + im * im));
  }
}

/** Dot product; `length` is a multiple of 4. */
function dot(a: usize, b: usize, length: i32): f32 {
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

/**
 * Makes the frames near one end of an excerpt: the magnitude at full rate near the end (see `interpolate`), weighed, plus the
 * magnitude at the reduced rate, weighed. `parts`, int32, holds for each of `frames` frames its number, the address and
 * number of its weights at full rate and at the reduced rate, and the first sample the latter stand for.
 */
export function makeEnd(
  real: usize, imaginary: usize, magnitude: usize, starts: usize, weights: usize, count: i32, fine: usize, parts: usize,
  frames: i32, output: usize,
): void {
  interpolate(real, imaginary, starts, weights, count, fine);
  for (const end = parts + 24 * <usize>frames; parts < end; parts += 24) {
    const near = dot(fine, load<i32>(parts, 4), load<i32>(parts, 8));
    const far = dot(at(magnitude, load<i32>(parts, 20)), load<i32>(parts, 12), load<i32>(parts, 16));
    store<f32>(at(output, load<i32>(parts)), near + far);
  }
}

/** 20 log10 + 80, negative values and those of numbers up to 0 set to 0; in place, `length` a multiple of 4. */
export function toDecibels(values: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const x = f32x4.max(v128.load(at(values, i)), f4(1e-30));
    v128.store(at(values, i), f32x4.max(f4(0), add(f4(80), mul(log2(x), f4(6.02059991)))));
  }
}

/** Multiplies float32 values by a factor, in place, in double precision; `length` is a multiple of 4. */
export function scale(values: usize, length: i32, factor: f64): void {
  const f = f64x2.splat(factor);
  for (let i = 0; i < length; i += 4) {
    const v = v128.load(at(values, i));
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(v), f));
    const high = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)), f));
    v128.store(at(values, i), v128.shuffle<f32>(low, high, 0, 1, 4, 5));
  }
}

/** Values of a row of 500 folded twice. */
const FOLDED = 126;

/** Folds a row of 500 values less its mean around its middle, and the halves around theirs; returns the row's sum. */
function foldRow(row: usize, work: usize): f32 {
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
  const first = load<f32>(row) - mean, middle = load<f32>(at(row, 250)) - mean;
  // Cosines of even and of odd rates, sines of even and of odd rates.
  const c0 = work, c1 = at(work, FOLDED), s0 = at(work, 2 * FOLDED), s1 = at(work, 3 * FOLDED);
  store<f32>(c0, first + middle); store<f32>(c1, first - middle);
  store<f32>(s0, 0); store<f32>(s1, 0);
  for (let n = 1; n < 126; n++) {
    const a = load<f32>(at(row, n)) - mean, b = load<f32>(at(row, 500 - n)) - mean;
    if (n == 125) {
      store<f32>(at(c0, n), a + b); store<f32>(at(c1, n), 0);
      store<f32>(at(s0, n), 0); store<f32>(at(s1, n), a - b);
      break;
    }
    const c = load<f32>(at(row, 250 - n)) - mean, d = load<f32>(at(row, 250 + n)) - mean;
    const even = a + b, odd = a - b, evenBack = c + d, oddBack = c - d;
    store<f32>(at(c0, n), even + evenBack); store<f32>(at(c1, n), even - evenBack);
    store<f32>(at(s0, n), odd - oddBack); store<f32>(at(s1, n), odd + oddBack);
  }
  return <f32>sum;
}

// prettier-ignore
@inline function spread(target: usize, step: usize, v: v128): void {
  store<f32>(target, f32x4.extract_lane(v, 0)); store<f32>(target + step, f32x4.extract_lane(v, 1));
  store<f32>(target + 2 * step, f32x4.extract_lane(v, 2)); store<f32>(target + 3 * step, f32x4.extract_lane(v, 3));
}

/**
 * Real Fourier transform of rows of 500 values at the multiples 0 ... 64 of 1/500. The row's mean, which only rate 0 sees,
 * is taken out first to keep the small cells exact. `channels` is even. `tables`: for rates 1, 3 ... 15, 17 ... 31 and so
 * on, then 2, 4 ... 16 and so on, 8 cosines and 8 negative sines for each of 126 folded values. `work`: 1,008 values. Output:
 * 65 rates x channels, real and imaginary.
 */
export function rowTransform(
  rows: usize, channels: i32, tables: usize, work: usize, real: usize, imaginary: usize,
): void {
  const step = <usize>channels << 2;
  for (let c = 0; c < channels; c += 2) {
    const other = at(work, 4 * FOLDED);
    store<f32>(at(real, c), foldRow(at(rows, c * 500), work));
    store<f32>(at(real, c), foldRow(at(rows, c * 500 + 500), other), 4);
    store<f64>(at(imaginary, c), 0);
    let table = tables;
    for (let group = 0; group < 8; group++) {
      const isEven = group >= 4;
      let p = isEven ? work : at(work, FOLDED), q = p + 2 * FOLDED * 4;
      let a0 = f4(0), a1 = f4(0), a2 = f4(0), a3 = f4(0), b0 = f4(0), b1 = f4(0), b2 = f4(0), b3 = f4(0);
      for (const end = at(p, FOLDED); p < end; p += 4, q += 4, table += 64) {
        const x = v128.load32_splat(p), y = v128.load32_splat(p + 4 * FOLDED * 4);
        let t = v128.load(table);
        a0 = add(a0, mul(x, t)); b0 = add(b0, mul(y, t));
        t = v128.load(table, 16);
        a1 = add(a1, mul(x, t)); b1 = add(b1, mul(y, t));
        const u = v128.load32_splat(q), v = v128.load32_splat(q + 4 * FOLDED * 4);
        t = v128.load(table, 32);
        a2 = add(a2, mul(u, t)); b2 = add(b2, mul(v, t));
        t = v128.load(table, 48);
        a3 = add(a3, mul(u, t)); b3 = add(b3, mul(v, t));
      }
      const rate = 1 + (group & 3) * 16 + (isEven ? 1 : 0);
      const re = at(real, rate * channels + c), im = at(imaginary, rate * channels + c);
      spread(re, 2 * step, a0); spread(re + 8 * step, 2 * step, a1);
      spread(re + 4, 2 * step, b0); spread(re + 8 * step + 4, 2 * step, b1);
      spread(im, 2 * step, a2); spread(im + 8 * step, 2 * step, a3);
      spread(im + 4, 2 * step, b2); spread(im + 8 * step + 4, 2 * step, b3);
    }
  }
}

/**
 * Magnitude of the transform along channels at the even multiples of 1/channels, of a transform along time of `rates` rates
 * x channels (`rowTransform`). Sums are taken in double precision. `tables`, float64: for each of channels / 2, the cosines
 * of all `scales` (a multiple of 4), then the sines. `work`: float64, as many as channels. Output, float64: scales x
 * (2 rates - 1), the negative rates first.
 */
export function scaleTransform(
  real: usize, imaginary: usize, channels: i32, rates: i32, tables: usize, scales: i32, work: usize, output: usize,
): void {
  // Only even rows of the transform are wanted, and those have the period of half the channels.
  const half = channels >> 1;
  const width = 2 * rates - 1;
  const last = work + (<usize>half << 4);
  for (let f = 0; f < rates; f++) {
    let re = at(real, f * channels), im = at(imaginary, f * channels);
    for (let p = work; p < last; p += 16, re += 4, im += 4) {
      store<f64>(p, <f64>load<f32>(re) + <f64>load<f32>(at(re, half)));
      store<f64>(p, <f64>load<f32>(im) + <f64>load<f32>(at(im, half)), 8);
    }
    for (let s = 0; s < scales; s += 2) {
      let reCos = f64x2.splat(0), reSin = f64x2.splat(0), imCos = f64x2.splat(0), imSin = f64x2.splat(0);
      let t = tables + (<usize>s << 3);
      for (let p = work; p < last; p += 16, t += <usize>scales << 4) {
        const x = v128.load64_splat(p), y = v128.load64_splat(p, 8);
        const cosine = v128.load(t), sine = v128.load(t + (<usize>scales << 3));
        reCos = f64x2.add(reCos, f64x2.mul(x, cosine)); reSin = f64x2.add(reSin, f64x2.mul(x, sine));
        imCos = f64x2.add(imCos, f64x2.mul(y, cosine)); imSin = f64x2.add(imSin, f64x2.mul(y, sine));
      }
      // The row at rate -f is the conjugate of the one at f.
      const upper = magnitude2(f64x2.add(reCos, imSin), f64x2.sub(imCos, reSin));
      const lower = magnitude2(f64x2.sub(reCos, imSin), f64x2.add(imCos, reSin));
      const middle = output + (<usize>(s * width + rates - 1) << 3), next = middle + (<usize>width << 3);
      const offset = <usize>f << 3;
      store<f64>(middle + offset, f64x2.extract_lane(upper, 0)); store<f64>(next + offset, f64x2.extract_lane(upper, 1));
      store<f64>(middle - offset, f64x2.extract_lane(lower, 0)); store<f64>(next - offset, f64x2.extract_lane(lower, 1));
    }
  }
}

// prettier-ignore
@inline function magnitude2(re: v128, im: v128): v128 {
  return f64x2.sqrt(f64x2.add(f64x2.mul(re, re), f64x2.mul(im, im)));
}

/**
 * Polyphase resampling. `input` is at sample 0, with zeros around it for a whole filter row; rows of `rowLength` (a
 * multiple of 4) weights; see audio/resample.ts.
 */
export function resample(
  input: usize, rows: usize, rowLength: i32, taps: i32, up: i32, down: i32, half: i32, output: usize, count: i32,
): void {
  const stride = <usize>down << 2, reach = <usize>rowLength << 2;
  // Outputs of one phase share a row: four of them at once.
  const stepWhole = down / up, stepRest = down % up;
  let phase = half % up;
  let oldest = half / up - taps + 1;
  for (let first = 0; first < min(up, count); first++) {
    const row = at(rows, phase * rowLength);
    let from = input + (<isize>oldest << 2);
    let m = first;
    for (; m + 3 * up < count; m += 4 * up, from += 4 * stride) {
      let s0 = f4(0), s1 = f4(0), s2 = f4(0), s3 = f4(0);
      const p1 = from + stride, p2 = p1 + stride, p3 = p2 + stride;
      for (let j: usize = 0; j < reach; j += 16) {
        const h = v128.load(row + j);
        s0 = add(s0, mul(h, v128.load(from + j))); s1 = add(s1, mul(h, v128.load(p1 + j)));
        s2 = add(s2, mul(h, v128.load(p2 + j))); s3 = add(s3, mul(h, v128.load(p3 + j)));
      }
      store<f32>(at(output, m), sum4(s0)); store<f32>(at(output, m + up), sum4(s1));
      store<f32>(at(output, m + 2 * up), sum4(s2)); store<f32>(at(output, m + 3 * up), sum4(s3));
    }
    for (; m < count; m += up, from += stride) store<f32>(at(output, m), dot(from, row, rowLength));
    oldest += stepWhole;
    phase += stepRest;
    if (phase >= up) {
      phase -= up;
      oldest++;
    }
  }
}
