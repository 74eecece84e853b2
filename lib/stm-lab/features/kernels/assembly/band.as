// The backward transform of one channel, in AssemblyScript with 128-bit SIMD, beside the other kernels of the analysis
// (stm.as) and in the same memory: a windowed band of a spectrum becomes a complex signal of 4 L samples. Its bands are
// narrow enough that half of the inputs of the first pass are zero, the work that follows stays in the first-level cache,
// and real and imaginary parts come out apart.

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

// A complex vector takes 32 bytes: four real parts, then their imaginary parts.

/** Stores (re, im) times the complex number at `twiddle`, the same in all lanes. */
@inline function turned(target: usize, re: v128, im: v128, twiddle: usize): void {
  const c = v128.load32_splat(twiddle), s = v128.load32_splat(twiddle, 4);
  v128.store(target, sub(mul(re, c), mul(im, s)));
  v128.store(target, add(mul(re, s), mul(im, c)), 16);
}

/** Stores four vectors as the rows of a matrix whose columns they are, `step` bytes apart. */
@inline function transposed(target: usize, a: v128, b: v128, c: v128, d: v128): void {
  let ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(target, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
  ab = v128.shuffle<f32>(a, b, 2, 6, 3, 7); cd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), 64);
  v128.store(target, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 96);
}

/**
 * First pass, radix 4: bins -L ... L - 1 (the others are zero) of a transform of 4 L become four transforms of L, one in
 * each lane, whose samples alternate. `spectrum` is at bin `first`, of which and the following there are `count`, each with
 * its weight. `twiddles`: for each four bins, their angles once, twice and three times: cosines, then sines.
 */
function spread(
  spectrum: usize, weights: usize, first: i32, count: i32, length: i32, twiddles: usize, target: usize,
): void {
  const end = first + count;
  for (let k = 0; k < length; k += 4, target += 128, twiddles += 96) {
    let ar = f4(0), ai = f4(0), br = f4(0), bi = f4(0);
    if (k < end) {
      const i = k - first;
      const p = v128.load(at(spectrum, 2 * i)), q = v128.load(at(spectrum, 2 * i), 16), w = v128.load(at(weights, i));
      ar = mul(v128.shuffle<f32>(p, q, 0, 2, 4, 6), w);
      ai = mul(v128.shuffle<f32>(p, q, 1, 3, 5, 7), w);
    }
    const below = k - length - first;
    if (below >= 0) {
      const p = v128.load(at(spectrum, 2 * below)), q = v128.load(at(spectrum, 2 * below), 16);
      const w = v128.load(at(weights, below));
      br = mul(v128.shuffle<f32>(p, q, 0, 2, 4, 6), w);
      bi = mul(v128.shuffle<f32>(p, q, 1, 3, 5, 7), w);
    }
    const c1 = v128.load(twiddles), s1 = v128.load(twiddles, 16), r1 = add(ar, bi), i1 = sub(ai, br);
    const c2 = v128.load(twiddles, 32), s2 = v128.load(twiddles, 48), r2 = sub(ar, br), i2 = sub(ai, bi);
    const c3 = v128.load(twiddles, 64), s3 = v128.load(twiddles, 80), r3 = sub(ar, bi), i3 = add(ai, br);
    transposed(
      target, add(ar, br), sub(mul(r1, c1), mul(i1, s1)), sub(mul(r2, c2), mul(i2, s2)), sub(mul(r3, c3), mul(i3, s3)),
    );
    transposed(
      target + 16, add(ai, bi), add(mul(r1, s1), mul(i1, c1)), add(mul(r2, s2), mul(i2, c2)), add(mul(r3, s3), mul(i3, c3)),
    );
  }
}

// Passes in place, decimating in frequency: `count` butterflies over vectors `step` bytes apart, turned by `twiddles`.

function pass2(data: usize, step: usize, count: i32, twiddles: usize): void {
  for (let k = 0; k < count; k++, data += 32, twiddles += 8) {
    const r0 = v128.load(data), i0 = v128.load(data, 16), r1 = v128.load(data + step), i1 = v128.load(data + step, 16);
    v128.store(data, add(r0, r1)); v128.store(data, add(i0, i1), 16);
    turned(data + step, sub(r0, r1), sub(i0, i1), twiddles);
  }
}

function pass3(data: usize, step: usize, count: i32, twiddles: usize): void {
  const s = f4(0.86602540378);
  for (let k = 0; k < count; k++, data += 32, twiddles += 16) {
    const p1 = data + step, p2 = p1 + step;
    const r0 = v128.load(data), i0 = v128.load(data, 16), r1 = v128.load(p1), i1 = v128.load(p1, 16);
    const r2 = v128.load(p2), i2 = v128.load(p2, 16);
    const tr = add(r1, r2), ti = add(i1, i2), dr = mul(sub(r1, r2), s), di = mul(sub(i1, i2), s);
    const mr = sub(r0, mul(tr, f4(0.5))), mi = sub(i0, mul(ti, f4(0.5)));
    v128.store(data, add(r0, tr)); v128.store(data, add(i0, ti), 16);
    turned(p1, sub(mr, di), add(mi, dr), twiddles);
    turned(p2, add(mr, di), sub(mi, dr), twiddles + 8);
  }
}

function pass4(data: usize, step: usize, count: i32, twiddles: usize): void {
  for (let k = 0; k < count; k++, data += 32, twiddles += 24) {
    const p1 = data + step, p2 = p1 + step, p3 = p2 + step;
    const r0 = v128.load(data), i0 = v128.load(data, 16), r1 = v128.load(p1), i1 = v128.load(p1, 16);
    const r2 = v128.load(p2), i2 = v128.load(p2, 16), r3 = v128.load(p3), i3 = v128.load(p3, 16);
    const sr = add(r0, r2), si = add(i0, i2), dr = sub(r0, r2), di = sub(i0, i2);
    const tr = add(r1, r3), ti = add(i1, i3), er = sub(r1, r3), ei = sub(i1, i3);
    v128.store(data, add(sr, tr)); v128.store(data, add(si, ti), 16);
    turned(p1, sub(dr, ei), add(di, er), twiddles);
    turned(p2, sub(sr, tr), sub(si, ti), twiddles + 8);
    turned(p3, add(dr, ei), sub(di, er), twiddles + 16);
  }
}

// Of the fifth roots of unity: half the difference of the cosines, and the sines.
const C: f32 = 0.55901699437;
const S1: f32 = 0.95105651629; const S2: f32 = 0.58778525229;

function pass5(data: usize, step: usize, count: i32, twiddles: usize): void {
  for (let k = 0; k < count; k++, data += 32, twiddles += 32) {
    const p1 = data + step, p2 = p1 + step, p3 = p2 + step, p4 = p3 + step;
    let x = v128.load(p1), y = v128.load(p4);
    const tr1 = add(x, y), dr1 = sub(x, y);
    x = v128.load(p1, 16); y = v128.load(p4, 16);
    const ti1 = add(x, y), di1 = sub(x, y);
    x = v128.load(p2); y = v128.load(p3);
    const tr2 = add(x, y), dr2 = sub(x, y);
    x = v128.load(p2, 16); y = v128.load(p3, 16);
    const ti2 = add(x, y), di2 = sub(x, y);
    const r0 = v128.load(data), i0 = v128.load(data, 16);
    const tr = add(tr1, tr2), ti = add(ti1, ti2);
    v128.store(data, add(r0, tr)); v128.store(data, add(i0, ti), 16);
    const br = sub(r0, mul(tr, f4(0.25))), bi = sub(i0, mul(ti, f4(0.25)));
    const er = mul(sub(tr1, tr2), f4(C)), ei = mul(sub(ti1, ti2), f4(C));
    let mr = add(br, er), mi = add(bi, ei);
    let nr = add(mul(dr1, f4(S1)), mul(dr2, f4(S2))), ni = add(mul(di1, f4(S1)), mul(di2, f4(S2)));
    turned(p1, sub(mr, ni), add(mi, nr), twiddles);
    turned(p4, add(mr, ni), sub(mi, nr), twiddles + 24);
    mr = sub(br, er); mi = sub(bi, ei);
    nr = sub(mul(dr1, f4(S2)), mul(dr2, f4(S1))); ni = sub(mul(di1, f4(S2)), mul(di2, f4(S1)));
    turned(p2, sub(mr, ni), add(mi, nr), twiddles + 8);
    turned(p3, add(mr, ni), sub(mi, nr), twiddles + 16);
  }
}

/** Five neighbours transformed into five samples `step` bytes apart, real and imaginary parts in arrays of their own. */
@inline function last5(data: usize, real: usize, imaginary: usize, step: usize): void {
  let x = v128.load(data, 32), y = v128.load(data, 128);
  const tr1 = add(x, y), dr1 = sub(x, y);
  x = v128.load(data, 48); y = v128.load(data, 144);
  const ti1 = add(x, y), di1 = sub(x, y);
  x = v128.load(data, 64); y = v128.load(data, 96);
  const tr2 = add(x, y), dr2 = sub(x, y);
  x = v128.load(data, 80); y = v128.load(data, 112);
  const ti2 = add(x, y), di2 = sub(x, y);
  const r0 = v128.load(data), i0 = v128.load(data, 16);
  const tr = add(tr1, tr2), ti = add(ti1, ti2);
  v128.store(real, add(r0, tr)); v128.store(imaginary, add(i0, ti));
  const br = sub(r0, mul(tr, f4(0.25))), bi = sub(i0, mul(ti, f4(0.25)));
  const er = mul(sub(tr1, tr2), f4(C)), ei = mul(sub(ti1, ti2), f4(C));
  let mr = add(br, er), mi = add(bi, ei);
  let nr = add(mul(dr1, f4(S1)), mul(dr2, f4(S2))), ni = add(mul(di1, f4(S1)), mul(di2, f4(S2)));
  v128.store(real + step, sub(mr, ni)); v128.store(imaginary + step, add(mi, nr));
  v128.store(real + 4 * step, add(mr, ni)); v128.store(imaginary + 4 * step, sub(mi, nr));
  mr = sub(br, er); mi = sub(bi, ei);
  nr = sub(mul(dr1, f4(S2)), mul(dr2, f4(S1))); ni = sub(mul(di1, f4(S2)), mul(di2, f4(S1)));
  v128.store(real + 2 * step, sub(mr, ni)); v128.store(imaginary + 2 * step, add(mi, nr));
  v128.store(real + 3 * step, add(mr, ni)); v128.store(imaginary + 3 * step, sub(mi, nr));
}

/** 25 neighbours transformed into samples `step` bytes apart. */
function last25(data: usize, twiddles: usize, real: usize, imaginary: usize, step: usize): void {
  pass5(data, 160, 5, twiddles);
  for (const end = data + 800; data < end; data += 160, real += step, imaginary += step)
    last5(data, real, imaginary, 5 * step);
}

/**
 * The passes of `plan` on as many vectors as they need, then of each part of what they give. `plan`, int32: radix of each
 * pass, number of its butterflies and address of its twiddles; the last has 25 butterflies of radix 5 and is followed by
 * the address of the twiddles of 5. Samples are `step` bytes apart.
 */
function passes(data: usize, plan: usize, real: usize, imaginary: usize, step: usize): void {
  const radix = load<i32>(plan), count = load<i32>(plan, 4), twiddles = <usize>load<i32>(plan, 8);
  const width = <usize>count << 5;
  if (radix == 5) pass5(data, width, count, twiddles);
  else if (radix == 4) pass4(data, width, count, twiddles);
  else if (radix == 3) pass3(data, width, count, twiddles);
  else pass2(data, width, count, twiddles);
  const next = step * <usize>radix;
  const last = data + width * <usize>radix;
  if (count == 25) {
    const fives = <usize>load<i32>(plan, 20);
    for (; data < last; data += width, real += step, imaginary += step) last25(data, fives, real, imaginary, next);
  } else
    for (; data < last; data += width, real += step, imaginary += step)
      passes(data, plan + 12, real, imaginary, next);
}

/**
 * A windowed band of a spectrum, transformed backward, unnormalised. `spectrum` is at the band's first bin, which lies
 * `first` bins from 0 Hz (a multiple of 4, from -length); `count` weights, a multiple of 4, reach to bin length - 1 at most.
 * The result has 4 `length` samples. `spreading`: twiddles of the first pass; `plan`: see `passes`; `work`: 8 `length`
 * values.
 */
export function transformBand(
  spectrum: usize, weights: usize, first: i32, count: i32, length: i32, spreading: usize, plan: usize, work: usize,
  real: usize, imaginary: usize,
): void {
  spread(spectrum, weights, first, count, length, spreading, work);
  passes(work, plan, real, imaginary, 16);
}
