// GF(8) = GF(2)[a] / (a^3 + a + 1), elements as three bits, many of them side by side as three arrays of packed bits.

/** The product of two elements, 0 to 7. */
export function multiply(x: number, y: number): number {
  let product = 0;
  for (let bit = 0; bit < 3; bit++) if ((y >> bit) & 1) product ^= x << bit;
  for (let bit = 4; bit >= 3; bit--) if ((product >> bit) & 1) product ^= 0b1011 << (bit - 3);
  return product;
}

export function power(x: number, exponent: number): number {
  return exponent === 0 ? 1 : multiply(x, power(x, exponent - 1));
}

/** x * x^6 = x^7 = 1 for every element but 0. */
function inverseOf(x: number): number {
  return power(x, 6);
}

/** Factors that turn a polynomial's values at `points` into its value at `at`, if its degree is below their number. */
export function lagrange(points: readonly number[], at: number): number[] {
  return points.map((point) => {
    let factor = 1;
    for (const other of points)
      if (other !== point) factor = multiply(factor, multiply(at ^ other, inverseOf(point ^ other)));
    return factor;
  });
}

/** sum += factor * x, for packed elements. */
export function addScaled(sum: readonly Uint32Array[], factor: number, x: readonly Uint32Array[]): void {
  for (const [bit, words] of x.entries()) {
    const image = multiply(factor, 1 << bit);
    for (let to = 0; to < 3; to++) {
      if (((image >> to) & 1) === 0) continue;
      const target = sum[to] as Uint32Array;
      for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) ^ (words[i] as number);
    }
  }
}

/** Products of packed elements. */
export function products(x: readonly Uint32Array[], y: readonly Uint32Array[]): Uint32Array[] {
  const [x0, x1, x2] = x as [Uint32Array, Uint32Array, Uint32Array];
  const [y0, y1, y2] = y as [Uint32Array, Uint32Array, Uint32Array];
  const z = [0, 1, 2].map(() => new Uint32Array(x0.length)) as [Uint32Array, Uint32Array, Uint32Array];
  for (let i = 0; i < x0.length; i++) {
    const [a0, a1, a2] = [x0[i] as number, x1[i] as number, x2[i] as number];
    const [b0, b1, b2] = [y0[i] as number, y1[i] as number, y2[i] as number];
    const cubic = (a1 & b2) ^ (a2 & b1);
    const quartic = a2 & b2;
    z[0][i] = (a0 & b0) ^ cubic;
    z[1][i] = (a0 & b1) ^ (a1 & b0) ^ cubic ^ quartic;
    z[2][i] = (a0 & b2) ^ (a1 & b1) ^ (a2 & b0) ^ quartic;
  }
  return z;
}
