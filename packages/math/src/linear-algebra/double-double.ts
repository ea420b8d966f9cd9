/** An unevaluated sum of two float64 numbers, about 32 digits. */
export type DoubleDouble = readonly [high: number, low: number];

/** `a + b` exactly (Knuth). */
export function twoSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  const part = sum - a;
  return [sum, a - (sum - part) + (b - part)];
}

/** `a * b` exactly (Dekker), where nothing overflows. */
function twoProduct(a: number, b: number): DoubleDouble {
  const product = a * b;
  const [a1, a2] = split(a);
  const [b1, b2] = split(b);
  return [product, a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2];
}

function split(a: number): DoubleDouble {
  const wide = 134217729 * a;
  const high = wide - (wide - a);
  return [high, a - high];
}

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [high, low] = twoSum(a[0], b[0]);
  return twoSum(high, low + (a[1] + b[1]));
}

export function mul(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [high, low] = twoProduct(a[0], b[0]);
  return twoSum(high, low + (a[0] * b[1] + a[1] * b[0]));
}

export function neg(a: DoubleDouble): DoubleDouble {
  return [-a[0], -a[1]];
}

export function div(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a[0] / b[0];
  const rest = add(a, neg(mul(b, [first, 0])));
  const second = rest[0] / b[0];
  const last = add(rest, neg(mul(b, [second, 0])))[0] / b[0];
  return add(twoSum(first, second), [last, 0]);
}

export function sqrt(a: DoubleDouble): DoubleDouble {
  const root = Math.sqrt(a[0]);
  return add([root, 0], [add(a, neg(twoProduct(root, root)))[0] / (2 * root), 0]);
}
