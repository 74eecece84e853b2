// Kernels of the representations on modulation planes, in AssemblyScript with 128-bit SIMD, beside those of the STM
// (stm.as). Every buffer is passed as a byte address; lengths are counted in elements.

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

/**
 * Product of two spectra in PFFFT's internal order of complex transforms: four real parts, then their imaginary parts.
 * `length` is a multiple of 4; `product` may be one of the two.
 */
export function multiplySpectra(a: usize, b: usize, product: usize, length: i32): void {
  for (let i: usize = 0, end = <usize>length << 3; i < end; i += 32) {
    const re = v128.load(a + i), im = v128.load(a + i, 16);
    const fre = v128.load(b + i), fim = v128.load(b + i, 16);
    v128.store(product + i, sub(mul(re, fre), mul(im, fim)));
    v128.store(product + i, add(mul(re, fim), mul(im, fre)), 16);
  }
}

/**
 * Product of two row-major matrices, rows x inner and inner x columns; `rows` is a multiple of 4, `columns` of 8. Sums
 * are float32, in the order of `inner`.
 */
export function multiplyMatrices(
  a: usize, b: usize, product: usize, rows: i32, inner: i32, columns: i32,
): void {
  const row = <usize>inner << 2, step = <usize>columns << 2;
  for (let j = 0; j < columns; j += 8)
    for (let i = 0; i < rows; i += 4) {
      let p = at(a, i * inner), q = at(b, j);
      let s0 = f4(0), t0 = f4(0), s1 = f4(0), t1 = f4(0), s2 = f4(0), t2 = f4(0), s3 = f4(0), t3 = f4(0);
      for (const end = p + row; p < end; p += 4, q += step) {
        const left = v128.load(q), right = v128.load(q, 16);
        let x = v128.load32_splat(p);
        s0 = add(s0, mul(x, left)); t0 = add(t0, mul(x, right));
        x = v128.load32_splat(p + row);
        s1 = add(s1, mul(x, left)); t1 = add(t1, mul(x, right));
        x = v128.load32_splat(p + 2 * row);
        s2 = add(s2, mul(x, left)); t2 = add(t2, mul(x, right));
        x = v128.load32_splat(p + 3 * row);
        s3 = add(s3, mul(x, left)); t3 = add(t3, mul(x, right));
      }
      const target = at(product, i * columns + j);
      v128.store(target, s0); v128.store(target, t0, 16);
      v128.store(target + step, s1); v128.store(target + step, t1, 16);
      v128.store(target + 2 * step, s2); v128.store(target + 2 * step, t2, 16);
      v128.store(target + 3 * step, s3); v128.store(target + 3 * step, t3, 16);
    }
}
