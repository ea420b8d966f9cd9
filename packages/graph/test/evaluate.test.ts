import { describe, expect, test } from "vitest";
import { expr } from "../src/compiler.ts";
import { compileEvaluation, evaluate } from "../src/evaluate.ts";
import { toFloat16 } from "../src/expr/tensor.ts";
import {
  abs,
  add,
  averagePool,
  cast,
  concat,
  constant,
  conv2d,
  cos,
  type DType,
  div,
  type Expr,
  equal,
  erf,
  exp,
  expand,
  expandLike,
  floor,
  gather,
  gelu,
  graphOf,
  greater,
  groupNormalization,
  input,
  instanceNorm,
  less,
  log,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  onesLike,
  pad,
  parameter,
  pow,
  relu,
  reshape,
  sigmoid,
  sign,
  silu,
  sin,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  trace,
  transpose,
  upsampleNearest,
  where,
  zerosLike,
} from "../src/index.ts";
import { float64, numbers, random } from "./central-differences.ts";
import { broadcastAt, fill, naive, naiveConv, total } from "./naive.ts";

const outputOf = (y: Expr): Tensor => evaluate(graphOf({ y }), {}).y;
const list = (y: Expr): number[] => Array.from(outputOf(y).data as Float64Array, Number);
const close = (values: readonly number[], digits = 12) =>
  values.map((v) => (Number.isNaN(v) ? v : expect.closeTo(v, digits)));
const of = (values: number[], shape: number[] = [values.length], dtype: DType = "float64") =>
  constant(tensor(values, shape, dtype));
const read = (t: Tensor) => naive(t.data as Float64Array, t.shape);

describe("functions of one number", () => {
  // Values to 15 digits from tables (Abramowitz and Stegun) and closed forms.
  const cases: [string, (x: Expr) => Expr, [number, number][]][] = [
    [
      "neg",
      neg,
      [
        [2, -2],
        [-0.5, 0.5],
      ],
    ],
    [
      "exp",
      exp,
      [
        [0, 1],
        [1, Math.E],
        [-1, 0.367879441171442],
      ],
    ],
    [
      "log",
      log,
      [
        [1, 0],
        [2, Math.LN2],
        [0, -Infinity],
      ],
    ],
    [
      "sqrt",
      sqrt,
      [
        [2, Math.SQRT2],
        [0, 0],
        [-1, Number.NaN],
      ],
    ],
    [
      "abs",
      abs,
      [
        [-3, 3],
        [2.5, 2.5],
      ],
    ],
    [
      "sign",
      sign,
      [
        [-3, -1],
        [0, 0],
        [5, 1],
      ],
    ],
    [
      "sin",
      sin,
      [
        [0.5, 0.479425538604203],
        [Math.PI / 6, 0.5],
      ],
    ],
    [
      "cos",
      cos,
      [
        [0.5, 0.877582561890373],
        [Math.PI / 3, 0.5],
      ],
    ],
    [
      "tanh",
      tanh,
      [
        [0.5, 0.46211715726001],
        [100, 1],
        [-100, -1],
      ],
    ],
    [
      "sigmoid",
      sigmoid,
      [
        [0, 0.5],
        [Math.log(3), 0.75],
        [-800, 0],
        [800, 1],
      ],
    ],
    [
      "softplus",
      softplus,
      [
        [0, Math.LN2],
        [800, 800],
        [-800, 0],
        [Math.log(2), Math.log(3)],
      ],
    ],
    [
      "relu",
      relu,
      [
        [-1, 0],
        [2, 2],
      ],
    ],
    [
      "erf",
      erf,
      [
        [0, 0],
        [0.5, 0.520499877813047],
        [1, 0.842700792949715],
        [2, 0.995322265018953],
        [-2.6, -0.999763965583471],
        [3, 0.999977909503001],
        [9, 1],
      ],
    ],
    [
      "floor",
      floor,
      [
        [1.5, 1],
        [-1.5, -2],
        [2, 2],
      ],
    ],
    ["square", square, [[-3, 9]]],
    [
      "silu",
      silu,
      [
        [Math.log(3), 0.75 * Math.log(3)],
        [0, 0],
      ],
    ],
    [
      "gelu",
      gelu,
      [
        [1, 0.841344746068543],
        [-1, -0.158655253931457],
        [0, 0],
      ],
    ],
  ];
  test.each(cases)("%s", (_, f, pairs) => {
    expect(list(f(of(pairs.map(([x]) => x))))).toEqual(
      close(
        pairs.map(([, y]) => y),
        14,
      ),
    );
  });
  test("softplus and sigmoid keep their small values", () => {
    expect(list(softplus(of([-40])))[0] / Math.exp(-40)).toBeCloseTo(1, 12);
    expect(list(sigmoid(of([-40])))[0] / Math.exp(-40)).toBeCloseTo(1, 12);
  });
});

describe("functions of two operands", () => {
  const shapes: [number[], number[], number[]][] = [
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [], [2, 3]],
    [[], [2, 3], [2, 3]],
    [[2, 3, 4], [4], [2, 3, 4]],
    [
      [2, 3, 4],
      [3, 1],
      [2, 3, 4],
    ],
    [
      [2, 1, 4],
      [3, 1],
      [2, 3, 4],
    ],
    [
      [1, 3, 1, 2],
      [5, 1, 4, 1],
      [5, 3, 4, 2],
    ],
    [[0, 3], [3], [0, 3]],
  ];
  const functions: [string, (a: Expr, b: Expr) => Expr, (a: number, b: number) => number][] = [
    ["add", add, (a, b) => a + b],
    ["sub", sub, (a, b) => a - b],
    ["mul", mul, (a, b) => a * b],
    ["div", div, (a, b) => a / b],
    ["pow", (a, b) => pow(square(a), b), (a, b) => (a * a) ** b],
    ["maximum", maximum, (a, b) => Math.max(a, b)],
    ["minimum", minimum, (a, b) => Math.min(a, b)],
    ["greater", greater, (a, b) => Number(a > b)],
    ["less", less, (a, b) => Number(a < b)],
    ["equal", (a, b) => equal(floor(a), floor(b)), (a, b) => Number(a < 0 === b < 0)],
  ];
  for (const [name, f, g] of functions) {
    test.each(shapes)(`${name} of %j and %j`, (a, b, shape) => {
      const [x, y] = [random(a), random(b, 2)];
      const out = outputOf(f(constant(x), constant(y)));
      expect(out.shape).toEqual(shape);
      expect(Array.from(out.data as Float64Array)).toEqual(
        close(fill(shape, (i) => g(broadcastAt(read(x), i), broadcastAt(read(y), i)))),
      );
    });
  }
  test("where", () => {
    const c = of([1, 0], [2, 1], "bool");
    expect(list(where(c, of([1, 2, 3]), of([10, 20], [2, 1])))).toEqual([1, 2, 3, 20, 20, 20]);
    expect(list(where(c, 5, of([1, 2])))).toEqual([5, 5, 1, 2]);
  });
});

describe("dtypes", () => {
  test("floats of every width are computed in float64", () => {
    for (const dtype of ["float16", "float32", "float64"] as const) {
      const y = outputOf(div(of([1], [1], dtype), 3));
      expect(y).toEqual({ dtype: "float64", shape: [1], data: Float64Array.of(1 / 3) });
    }
    const half = constant({
      dtype: "float16",
      shape: [2],
      data: Uint16Array.of(toFloat16(0.1), toFloat16(-2)),
    });
    expect(list(half)).toEqual([0.0999755859375, -2]);
  });
  test("integers and booleans keep their dtype", () => {
    expect(outputOf(add(of([1, -7], [2], "int64"), 2))).toEqual({
      dtype: "int64",
      shape: [2],
      data: BigInt64Array.of(3n, -5n),
    });
    expect(outputOf(div(of([7, -7], [2], "int32"), 2))).toEqual({
      dtype: "int32",
      shape: [2],
      data: Int32Array.of(3, -3),
    });
    expect(outputOf(greater(of([1, -7], [2], "int64"), 0))).toEqual({
      dtype: "bool",
      shape: [2],
      data: Uint8Array.of(1, 0),
    });
  });
  test("cast", () => {
    expect(outputOf(cast(of([1.9, -1.9, 0]), "int64")).data).toEqual(BigInt64Array.of(1n, -1n, 0n));
    expect(outputOf(cast(of([1.9, -1.9, 0]), "int32")).data).toEqual(Int32Array.of(1, -1, 0));
    expect(outputOf(cast(of([0.5, -1, 0]), "bool")).data).toEqual(Uint8Array.of(1, 1, 0));
    expect(outputOf(cast(of([1, 0], [2], "bool"), "float32")).data).toEqual(Float64Array.of(1, 0));
    expect(outputOf(cast(of([5], [1], "int64"), "float32")).data).toEqual(Float64Array.of(5));
  });
});

describe("arrangement", () => {
  const x = random([2, 3, 4]);
  const e = constant(x);
  const at = read(x).at;
  const check = (y: Expr, shape: number[], f: (index: readonly number[]) => number) => {
    expect(outputOf(y).shape).toEqual(shape);
    expect(list(y)).toEqual(fill(shape, f));
  };
  test("reshape", () => {
    expect(list(reshape(e, [4, -1]))).toEqual([...(x.data as Float64Array)]);
    expect(outputOf(reshape(e, [4, -1])).shape).toEqual([4, 6]);
  });
  test("transpose", () => {
    check(transpose(e, [2, 0, 1]), [4, 2, 3], ([a, b, c]) => at([b, c, a]));
    check(transpose(e, [1, 0, 2]), [3, 2, 4], ([a, b, c]) => at([b, a, c]));
    check(transpose(e, [0, 2, 1]), [2, 4, 3], ([a, b, c]) => at([a, c, b]));
  });
  test("concat", () => {
    const z = random([2, 1, 4], 2);
    check(concat([e, constant(z), e], 1), [2, 7, 4], ([a, b, c]) =>
      b < 3 ? at([a, b, c]) : b === 3 ? read(z).at([a, 0, c]) : at([a, b - 4, c]),
    );
    check(concat([e, e], 0), [4, 3, 4], ([a, b, c]) => at([a % 2, b, c]));
    check(concat([e, e], -1), [2, 3, 8], ([a, b, c]) => at([a, b, c % 4]));
  });
  test("slice", () => {
    check(slice(e, 1, 1, 3), [2, 2, 4], ([a, b, c]) => at([a, b + 1, c]));
    check(slice(e, 2, 1, 4, 2), [2, 3, 2], ([a, b, c]) => at([a, b, 1 + 2 * c]));
    check(slice(e, -1, -3, 99), [2, 3, 3], ([a, b, c]) => at([a, b, c + 1]));
    check(slice(e, 0, 1, 1), [0, 3, 4], () => 0);
  });
  test("pad", () => {
    check(pad(e, [1, 0, 2], [0, 1, 1], 7), [3, 4, 7], ([a, b, c]) =>
      a < 1 || b > 2 || c < 2 || c > 5 ? 7 : at([a - 1, b, c - 2]),
    );
  });
  test("expand", () => {
    check(expand(constant(random([3, 1])), [2, 3, 4]), [2, 3, 4], ([, b]) =>
      read(random([3, 1])).at([b, 0]),
    );
    check(expandLike(of([5], []), e), [2, 3, 4], () => 5);
    expect([...list(zerosLike(of([1, 2]))), ...list(onesLike(of([1, 2])))]).toEqual([0, 0, 1, 1]);
  });
  test("gather", () => {
    const picks = of([2, 0, -1, 1], [2, 2], "int64");
    check(gather(e, picks, 1), [2, 2, 2, 4], ([a, i, j, c]) => at([a, [2, 0, 2, 1][i * 2 + j], c]));
    check(gather(e, of([1], [], "int32"), 0), [3, 4], ([b, c]) => at([1, b, c]));
    check(gather(e, of([3, 3, 0], [3], "int32"), -1), [2, 3, 3], ([a, b, i]) =>
      at([a, b, [3, 3, 0][i]]),
    );
    expect(() => list(gather(e, of([3], [1], "int64"), 1))).toThrow(
      "Gather: index 3 is outside axis 1 of [2, 3, 4]",
    );
  });
});

describe("reductions", () => {
  const x = random([2, 3, 4]);
  const at = read(x).at;
  test.each([[[0]], [[1]], [[2]], [[0, 1]], [[0, 2]], [[1, 2]], [[0, 1, 2]]])("over %j", (axes) => {
    const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const block = x.shape.map((d, i) => (axes.includes(i) ? d : 1));
    const count = block.reduce((a, b) => a * b, 1);
    const values = (index: readonly number[]) =>
      fill(block, (inner) => at(inner.map((i, d) => i + index[d])));
    const e = constant(x);
    const expected = {
      sum: fill(kept, (i) => values(i).reduce((a, b) => a + b, 0)),
      mean: fill(kept, (i) => values(i).reduce((a, b) => a + b, 0) / count),
      max: fill(kept, (i) => Math.max(...values(i))),
    };
    for (const [name, f] of Object.entries({ sum, mean, max })) {
      expect(list(f(e, axes))).toEqual(close(expected[name as "sum"]));
      expect(outputOf(f(e, axes)).shape).toEqual(x.shape.filter((_, i) => !axes.includes(i)));
      expect(list(f(e, axes, true))).toEqual(close(expected[name as "sum"]));
      expect(outputOf(f(e, axes, true)).shape).toEqual(kept);
    }
  });
  test("softmax", () => {
    expect(list(softmax(of([0, Math.log(2), Math.log(3), 1000, 1000, 1000], [2, 3])))).toEqual(
      close([1 / 6, 2 / 6, 3 / 6, 1 / 3, 1 / 3, 1 / 3]),
    );
    const total1 = (b: number) => total([3], ([k]) => Math.exp(at([0, k, b])));
    expect(list(softmax(constant(x), 1)).slice(0, 12)).toEqual(
      close(fill([3, 4], ([k, b]) => Math.exp(at([0, k, b])) / total1(b))),
    );
  });
  test("logSumExp", () => {
    expect(list(logSumExp(of([0, Math.log(2), Math.log(5), -1000, -1000, -1000], [2, 3])))).toEqual(
      close([Math.log(8), -1000 + Math.log(3)]),
    );
    expect(outputOf(logSumExp(constant(x), 1, true)).shape).toEqual([2, 1, 4]);
  });
});

describe("products", () => {
  const cases: [number[], number[], number[]][] = [
    [
      [2, 3],
      [3, 2],
      [2, 2],
    ],
    [
      [5, 7],
      [7, 9],
      [5, 9],
    ],
    [
      [1, 600],
      [600, 1],
      [1, 1],
    ],
    [
      [2, 4, 3],
      [3, 5],
      [2, 4, 5],
    ],
    [
      [4, 3],
      [2, 3, 5],
      [2, 4, 5],
    ],
    [
      [2, 1, 4, 3],
      [3, 3, 6],
      [2, 3, 4, 6],
    ],
    [
      [3, 0],
      [0, 2],
      [3, 2],
    ],
  ];
  const swapped = ({ data, shape }: Tensor): Tensor => {
    const [m, n] = shape.slice(-2);
    const t = [...shape.slice(0, -2), n, m];
    const from = naive(data as Float64Array, shape);
    return float64(
      fill(t, (i) => from.at([...i.slice(0, -2), i[i.length - 1], i[i.length - 2]])),
      t,
    );
  };
  test.each(cases)("matmul of %j and %j", (a, b, shape) => {
    const [x, y] = [random(a), random(b, 2)];
    const k = a[a.length - 1];
    const expected = fill(shape, (i) => {
      const lead = i.slice(0, -2);
      const [r, c] = i.slice(-2);
      const part = (t: Tensor, row: number, column: number) => {
        const n = naive(t.data as Float64Array, t.shape);
        const own = lead
          .slice(lead.length - (t.shape.length - 2))
          .map((v, d) => (t.shape[d] === 1 ? 0 : v));
        return n.at([...own, row, column]);
      };
      return total([k], ([l]) => part(x, r, l) * part(y, l, c));
    });
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const out = matmul(
          constant(transposeA ? swapped(x) : x),
          constant(transposeB ? swapped(y) : y),
          { transposeA, transposeB },
        );
        expect(outputOf(out).shape).toEqual(shape);
        expect(list(out)).toEqual(close(expected));
      }
    }
  });
  test.each([
    ["3x3", [2, 2, 5, 4], [3, 2, 3, 3], 1, [1, 1, 1, 1], 1, 1],
    ["unpadded", [1, 2, 5, 4], [3, 2, 2, 3], 1, [0, 0, 0, 0], 1, 1],
    ["stride 2", [2, 2, 7, 6], [3, 2, 3, 3], 2, [1, 1, 1, 1], 1, 1],
    ["uneven pads", [1, 2, 6, 6], [3, 2, 3, 3], 2, [0, 2, 1, 3], 1, 1],
    ["1x1", [2, 3, 4, 4], [5, 3, 1, 1], 1, [0, 0, 0, 0], 1, 1],
    ["2 groups", [2, 4, 5, 5], [6, 2, 3, 3], 1, [1, 1, 1, 1], 2, 1],
    ["depthwise", [1, 3, 5, 5], [3, 1, 3, 3], 2, [1, 1, 1, 1], 3, 1],
    ["dilated", [2, 2, 7, 6], [3, 2, 3, 2], 1, [1, 2, 3, 0], 1, 2],
    ["dilated by 3, stride 2, 2 groups", [1, 4, 9, 8], [4, 2, 2, 3], 2, [0, 1, 2, 1], 2, 3],
  ] as const)("convolution: %s", (_, a, b, stride, pads, groups, dilation) => {
    const [x, w] = [random(a), random(b, 2)];
    const options = { stride, dilation, pads, groups };
    const out = outputOf(conv2d(constant(x), constant(w), options));
    const [height, width] = [2, 3].map((axis) => {
      const around = pads[axis - 2] + pads[axis];
      return Math.ceil((a[axis] + around - (b[axis] - 1) * dilation) / stride);
    });
    expect(out.shape).toEqual([a[0], b[0], height, width]);
    expect([...(out.data as Float64Array)]).toEqual(
      close(naiveConv(read(x), read(w), out.shape, stride, pads, groups, dilation)),
    );
  });
  test("average pool and nearest upsampling", () => {
    const x = random([2, 2, 4, 6]);
    const at = read(x).at;
    expect(list(averagePool(constant(x)))).toEqual(
      close(
        fill(
          [2, 2, 2, 3],
          ([b, c, r, q]) => total([2, 2], ([i, j]) => at([b, c, 2 * r + i, 2 * q + j])) / 4,
        ),
      ),
    );
    expect(list(upsampleNearest(constant(x), 3))).toEqual(
      fill([2, 2, 12, 18], ([b, c, r, q]) => at([b, c, Math.floor(r / 3), Math.floor(q / 3)])),
    );
  });
  test("instance normalization", () => {
    const x = random([2, 3, 2, 5]);
    const [scale, bias] = [numbers(3, 4), numbers(3, 5)];
    const at = read(x).at;
    const expected = fill([2, 3, 2, 5], ([b, c, i, j]) => {
      const m = total([2, 5], ([r, q]) => at([b, c, r, q])) / 10;
      const v = total([2, 5], ([r, q]) => (at([b, c, r, q]) - m) ** 2) / 10;
      return ((at([b, c, i, j]) - m) / Math.sqrt(v + 0.01)) * scale[c] + bias[c];
    });
    expect(list(instanceNorm(constant(x), of(scale), of(bias), 0.01))).toEqual(close(expected));
  });
  test("group normalization", () => {
    const x = random([2, 6, 2, 5]);
    const [scale, bias] = [numbers(6, 4), numbers(6, 5)];
    const at = read(x).at;
    const expected = fill([2, 6, 2, 5], ([b, c, i, j]) => {
      const first = 3 * Math.floor(c / 3);
      const m = total([3, 2, 5], ([k, r, q]) => at([b, first + k, r, q])) / 30;
      const v = total([3, 2, 5], ([k, r, q]) => (at([b, first + k, r, q]) - m) ** 2) / 30;
      return ((at([b, c, i, j]) - m) / Math.sqrt(v + 0.01)) * scale[c] + bias[c];
    });
    const got = groupNormalization(constant(x), of(scale), of(bias), 2, 0.01);
    expect(list(got)).toEqual(close(expected));
  });
});

describe("graphs", () => {
  const layer = trace(
    ({ x }) => {
      const w = parameter("w", tensor([1, 2, 3, 4, 5, 6], [3, 2]));
      const y = add(matmul(x, w), 1);
      return { y, flat: reshape(y, [-1]), twice: reshape(concat([y, y], 0), ["2*batch", 2]) };
    },
    { x: { shape: ["batch", 3] } },
  );

  test("a symbolic batch takes any size", () => {
    for (const batch of [1, 2, 5]) {
      const x = random([batch, 3]);
      const out = evaluate(layer, { x });
      const expected = fill(
        [batch, 2],
        ([b, j]) => 1 + total([3], ([k]) => read(x).at([b, k]) * (1 + 2 * k + j)),
      );
      expect(out.y.shape).toEqual([batch, 2]);
      expect([...(out.y.data as Float64Array)]).toEqual(close(expected));
      expect(out.flat.shape).toEqual([2 * batch]);
      expect(out.flat.data).toEqual(out.y.data);
      expect(out.twice.shape).toEqual([2 * batch, 2]);
    }
  });
  test("a prepared graph gives the same numbers run after run, and its results are the caller's", () => {
    const run = compileEvaluation(layer);
    const first = run({ x: random([2, 3]) });
    const kept = [...(first.y.data as Float64Array)];
    run({ x: random([2, 3], 5) });
    expect([...(first.y.data as Float64Array)]).toEqual(kept);
    (first.y.data as Float64Array).fill(0);
    expect([...(run({ x: random([2, 3]) }).y.data as Float64Array)]).toEqual(kept);
    expect([...(run({ x: random([2, 3]) }).flat.data as Float64Array)]).toEqual(kept);
  });
  test("intermediate arrays are reused only when nothing needs them", () => {
    const g = trace(
      ({ x }) => {
        const a = exp(x);
        const view = reshape(a, [3, 2]);
        const b = mul(a, 2);
        const c = sub(neg(b), 1);
        return { y: add(reshape(c, [3, 2]), view), c };
      },
      { x: { shape: [2, 3] } },
    );
    const x = random([2, 3]);
    const run = compileEvaluation(g);
    for (let i = 0; i < 3; i++) {
      const { y, c } = run({ x });
      const e = [...(x.data as Float64Array)].map(Math.exp);
      expect([...(y.data as Float64Array)]).toEqual(close(e.map((v) => -v - 1)));
      expect([...(c.data as Float64Array)]).toEqual(close(e.map((v) => -2 * v - 1)));
    }
    expect(x).toEqual(random([2, 3]));
  });
  test("outputs do not share memory with inputs, parameters, constants or each other", () => {
    const p = parameter("p", float64([1, 2], [2]));
    const c = of([3, 4]);
    const x = input("x", { shape: [2], dtype: "float64" });
    const given = float64([5, 6], [2]);
    const g = graphOf({ a: p, b: c, d: x, e: reshape(x, [1, 2]), f: x });
    const out = evaluate(g, { x: given });
    for (const t of Object.values(out)) (t.data as Float64Array).fill(0);
    expect([given.data[0], p.value.data[0], list(c)[0]]).toEqual([5, 1, 3]);
    expect(new Set(Object.values(out).map((t) => t.data)).size).toBe(5);
  });
  test("evaluate reads a parameter's current value; a prepared graph keeps the value of its preparation", () => {
    // Values are read-only; this is what becomes of code that writes to one all the same.
    const p = parameter("p", float64([1], [1]));
    const g = graphOf({ y: mul(p, 2) });
    const run = compileEvaluation(g);
    Object.assign(p, { value: float64([5], [1]) });
    expect([evaluate(g, {}).y.data[0], run({}).y.data[0]]).toEqual([10, 2]);
    Object.assign(p, { value: float64([5, 6], [2]) });
    expect(() => evaluate(g, {})).toThrow("evaluate: parameter p must be [1], got [2]");
  });
  test("20,000 operations in a row", () => {
    const x = input("x", { shape: [] });
    let y: Expr = x;
    for (let i = 0; i < 20_000; i++) y = add(y, 1);
    expect(evaluate(graphOf({ y }), { x: tensor([1], []) }).y.data[0]).toBe(20_001);
  });
  test("errors name the input and both shapes", () => {
    const x = tensor([1, 2, 3], [1, 3]);
    expect(() => evaluate(layer, {})).toThrow(
      "evaluate: input x must be float32 [batch, 3], got none",
    );
    expect(() => evaluate(layer, { x, z: x })).toThrow(
      "evaluate: z is no input; the graph takes x",
    );
    expect(() => evaluate(layer, { x: tensor([1, 2], [1, 2]) })).toThrow(
      "input x must be [batch, 3] where batch = 1, got [1, 2]",
    );
    expect(() => evaluate(layer, { x: tensor([1, 2, 3]) })).toThrow(
      "input x must be [batch, 3], got [3]",
    );
    expect(() => evaluate(layer, { x: tensor([1, 2, 3], [1, 3], "int64") })).toThrow(
      "evaluate: input x must be float32 [batch, 3], got int64 [1, 3]",
    );
    const strange = graphOf({ y: expr("Strange" as "Neg", [of([1])], [1], {}) });
    expect(() => evaluate(strange, {})).toThrow("evaluate: operation Strange is not known");
  });
  test("inputs must agree on the size of a named dimension", () => {
    const g = trace(({ x, t }) => ({ y: mul(x, reshape(t, ["batch", 1])) }), {
      x: { shape: ["batch", 2] },
      t: { shape: ["batch"] },
    });
    const [x, t] = [tensor([1, 2, 3, 4], [2, 2]), tensor([1, 2, 3])];
    expect(() => evaluate(g, { x, t })).toThrow("input t must be [batch] where batch = 2, got [3]");
    expect([...(evaluate(g, { x, t: tensor([1, 10]) }).y.data as Float64Array)]).toEqual([
      1, 2, 30, 40,
    ]);
  });
  test("a multiple of a name alone tells the name's size", () => {
    const g = trace(({ x }) => ({ y: mean(reshape(x, ["batch", 4])) }), {
      x: { shape: ["4*batch"] },
    });
    expect(evaluate(g, { x: tensor([1, 2, 3, 4, 5, 6, 7, 8]) }).y.data[0]).toBe(4.5);
    expect(() => evaluate(g, { x: tensor([1, 2, 3]) })).toThrow(
      /input x must be \[4\*batch\].* got \[3\]/,
    );
  });
});
