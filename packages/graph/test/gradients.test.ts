import { describe, expect, test } from "vitest";
import { expr } from "../src/compiler.ts";
import { evaluate } from "../src/evaluate.ts";
import { topological } from "../src/expr/trace.ts";
import {
  abs,
  add,
  averagePool,
  cast,
  concat,
  constant,
  conv2d,
  cos,
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
  gradients,
  graphOf,
  greater,
  groupNormalization,
  input,
  instanceNorm,
  log,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pad,
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
  tanh,
  tensor,
  transpose,
  upsampleNearest,
  where,
} from "../src/index.ts";
import { checkGradients, float64, numbers, random } from "./central-differences.ts";

const positive = (shape: number[], seed = 1) =>
  float64(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ).map((v) => 1.5 + v),
    shape,
  );
/** A float64 tensor that the graph sees with a symbolic first dimension. */
const batched = (shape: number[], seed = 1) => ({
  value: random(shape, seed),
  shape: ["batch", ...shape.slice(1)],
});

describe("one operand", () => {
  const rules: Record<string, (x: Expr) => Expr> = {
    neg,
    exp,
    abs,
    sin,
    cos,
    tanh,
    sigmoid,
    softplus,
    relu,
    erf,
    sign,
    floor,
    square,
    silu,
    gelu,
    softmax,
    "softmax on axis 0": (x) => softmax(x, 0),
    logSumExp: (x) => logSumExp(x),
    "logSumExp on axis 0": (x) => logSumExp(x, 0, true),
    cast: (x) => cast(cast(x, "float32"), "float64"),
    "used twice": (x) => add(mul(x, exp(x)), x),
    "x - x": (x) => sub(x, x),
    "x^2": (x) => pow(x, 2),
    "x^3": (x) => pow(x, 3),
    "x^1": (x) => pow(x, 1),
    "x^0": (x) => pow(x, 0),
  };
  test.each(Object.keys(rules))("%s", (name) => {
    checkGradients(rules[name], [random([3, 4])]);
    checkGradients((x) => rules[name](mul(3, x)), [batched([2, 5], 7)]);
  });
  test.each([
    ["log", log],
    ["sqrt", sqrt],
    ["x^0.5", (x: Expr) => pow(x, 0.5)],
    ["x^-1.5", (x: Expr) => pow(x, -1.5)],
    ["2^x", (x: Expr) => pow(2, x)],
  ])("%s of positive numbers", (_, f) => checkGradients(f, [positive([2, 3])]));
});

describe("two operands, broadcast", () => {
  const rules: Record<string, (a: Expr, b: Expr) => Expr> = {
    add,
    sub,
    mul,
    div,
    maximum,
    minimum,
    pow,
    where: (a, b) => where(greater(a, b), mul(a, b), b),
  };
  const shapes: [number[], number[]][] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], []],
    [[], [2, 3]],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [
      [3, 1],
      [2, 1, 4],
    ],
    [
      [1, 4],
      [3, 4],
    ],
    [
      [2, 1, 3, 1],
      [3, 1, 4],
    ],
  ];
  for (const [name, f] of Object.entries(rules)) {
    test.each(shapes)(`${name} of %j and %j`, (a, b) =>
      checkGradients(f, [positive(a), positive(b, 2)]),
    );
    test(`${name} with a symbolic batch`, () => {
      checkGradients(f, [{ value: positive([3, 4]), shape: ["batch", 4] }, positive([4], 5)]);
      checkGradients(f, [positive([1, 4]), { value: positive([3, 1], 5), shape: ["batch", 1] }]);
      checkGradients(f, [positive([], 3), { value: positive([3, 2], 5), shape: ["batch", 2] }]);
    });
  }
  test("x / x", () => checkGradients((a) => div(a, a), [positive([4])]));
  test("a tie of maximum and minimum goes to the first operand", () => {
    for (const f of [maximum, minimum]) {
      const [a, b] = [constant(tensor([2, 3])), constant(tensor([2, 3]))];
      const [da, db] = gradients(sum(f(a, b)), [a, b]);
      expect([...evaluate(graphOf({ da, db }), {}).da.data]).toEqual([1, 1]);
      expect([...evaluate(graphOf({ da, db }), {}).db.data]).toEqual([0, 0]);
    }
  });
  test("where with a broadcast condition", () => {
    const c = cast(constant(tensor([1, 0, 1], [3, 1], "int32")), "bool");
    checkGradients((a, b) => where(c, a, b), [random([2, 1, 4]), random([3, 4], 2)]);
  });
});

describe("arrangement", () => {
  const x = random([2, 3, 4]);
  test("reshape", () => {
    checkGradients((e) => square(reshape(e, [6, 4])), [x]);
    checkGradients((e) => square(reshape(e, [-1, 2])), [batched([3, 4])]);
  });
  test("transpose", () => {
    checkGradients((e) => square(transpose(e, [2, 0, 1])), [x]);
    checkGradients((e) => square(transpose(e, [1, 0])), [batched([3, 4])]);
  });
  test("concat", () => {
    checkGradients((a, b) => square(concat([a, b, a], 1)), [random([2, 3]), random([2, 1], 3)]);
    checkGradients((a, b) => square(concat([a, b], 1)), [batched([2, 3]), batched([2, 2], 3)]);
  });
  test.each([
    [0, 0, 1, 1],
    [1, 1, 3, 1],
    [2, 0, 4, 2],
    [2, 1, 4, 2],
    [2, 0, 4, 3],
    [2, 1, 2, 3],
    [2, -3, -1, 1],
    [1, 0, 3, 2],
  ])("slice along %i from %i to %i by %i", (axis, start, end, step) =>
    checkGradients((e) => square(slice(e, axis, start, end, step)), [x]),
  );
  test("slice with a symbolic batch", () =>
    checkGradients((e) => square(slice(e, 1, 1, 5, 2)), [batched([3, 6, 2])]));
  test("slices that cover a value are joined", () => {
    const thirds = (e: Expr) => [0, 2, 4].map((at) => slice(e, 1, at, at + 2));
    checkGradients(
      (e) => {
        const [q, k, v] = thirds(e);
        return mul(mul(q, k), v);
      },
      [batched([3, 6])],
    );
    const e = input("e", { shape: ["batch", 6] });
    const [q, k, v] = thirds(e);
    const [g] = gradients(sum(mul(mul(q, k), v)), [e]);
    expect(g.op).toBe("Concat");
    expect(topological([g]).some(({ op }) => op === "Pad")).toBe(false);
  });
  test("overlapping slices are added", () => {
    checkGradients((e) => mul(slice(e, 1, 0, 2), slice(e, 1, 1, 3)), [random([2, 3])]);
    checkGradients((e) => mul(slice(e, 1, 0, 2), slice(e, 1, 0, 2)), [random([2, 4])]);
  });
  test("pad", () => {
    checkGradients((e) => square(pad(e, [0, 1, 2], [1, 0, 3], 0.5)), [x]);
    checkGradients((e) => square(pad(e, [0, 1], [0, 2])), [batched([2, 3])]);
  });
  test("expand", () => {
    checkGradients((e) => square(expand(e, [2, 3, 4])), [random([3, 1])]);
    checkGradients((e, like) => square(expandLike(e, like)), [random([1, 4]), batched([3, 4])]);
  });
  test.each([
    [[5, 2], 0, [0, 3, 3, 4], [4]],
    [[5], 0, [1, 1, 2, -1], [2, 2]],
    [[2, 3, 2], 1, [2, 0, 2], [3]],
    [[2, 3], 1, [2, 0, 2, 1], [2, 2]],
    [[2, 3], -1, [1], []],
  ])("gather from %j along %i", (shape, axis, picks, of) => {
    for (const dtype of ["int32", "int64"] as const) {
      const indices = constant(tensor(picks, of, dtype));
      checkGradients((e) => square(gather(e, indices, axis)), [random(shape)]);
    }
  });
  test("an embedding of a symbolic batch", () => {
    const table = constant(random([4, 3]));
    const t = input("t", { shape: ["batch"], dtype: "int64" });
    const [g] = gradients(sum(square(gather(table, t))), [table]);
    const counts = [0, 2, 0, 1];
    const { y } = evaluate(graphOf({ y: g }), { t: tensor([1, 3, 1], [3], "int64") });
    const expected = numbers(12).map((v, i) => 2 * v * counts[Math.floor(i / 3)]);
    expect([...(y.data as Float64Array)]).toEqual(expected.map((v) => expect.closeTo(v, 12)));
  });
});

describe("reductions", () => {
  const axes = [undefined, [0], [1], [-1], [0, 2], [0, 1, 2]];
  for (const [name, f] of Object.entries({ sum, mean, max })) {
    test.each(axes)(`${name} over %j`, (over) => {
      for (const keep of [false, true]) {
        checkGradients((x) => square(f(x, over, keep)), [random([2, 3, 4])]);
        checkGradients((x) => square(f(x, over, keep)), [batched([2, 3, 4])]);
      }
    });
  }
  test("ties share the gradient of max", () => {
    const x = constant(tensor([1, 4, 4, 0]));
    const { g } = evaluate(graphOf({ g: gradients(max(x), [x])[0] }), {});
    expect([...g.data]).toEqual([0, 0.5, 0.5, 0]);
  });
  test("mean of a mean, whose gradient stays a number until a rule needs its shape", () => {
    checkGradients((x) => mean(mul(mean(x, [1]), 3)), [batched([4, 3])]);
    const x = input("x", { shape: [4, 3] });
    const [g] = gradients(mean(square(x)), [x]);
    expect(topological([g]).map(({ op }) => op)).toEqual(["Constant", "Input", "Mul"]);
  });
});

describe("matrix products", () => {
  const cases: [number[], number[]][] = [
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    [
      [1, 3, 4],
      [6, 4, 2],
    ],
  ];
  const swap = (s: number[], yes: boolean) =>
    yes ? [...s.slice(0, -2), s[s.length - 1], s[s.length - 2]] : s;
  test.each(cases)("%j x %j", (a, b) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        checkGradients(
          (x, y) => matmul(x, y, { transposeA, transposeB }),
          [random(swap(a, transposeA)), random(swap(b, transposeB), 2)],
        );
      }
    }
  });
  test("symbolic batch", () => {
    checkGradients((a, b) => matmul(a, b), [batched([3, 4]), random([4, 2], 3)]);
    checkGradients((a, b) => matmul(a, b), [batched([2, 3, 4]), random([4, 2], 3)]);
    checkGradients((a, b) => matmul(a, b), [batched([2, 3, 4]), batched([2, 4, 5], 3)]);
    checkGradients(
      (q, k) => matmul(q, k, { transposeB: true }),
      [batched([2, 3, 4]), batched([2, 5, 4], 3)],
    );
  });
  test("gradients use no transposes, and one product per weight", () => {
    const x = input("x", { shape: ["batch", 7, 4] });
    const w = input("w", { shape: [4, 5] });
    const g = gradients(sum(square(matmul(x, w))), [x, w]);
    const ops = topological(g).map(({ op }) => op);
    expect(ops).not.toContain("Transpose");
    expect(ops.filter((op) => op === "MatMul")).toHaveLength(3);
    expect(ops).not.toContain("ReduceSum");
  });
});

describe("convolution", () => {
  const cases: [string, number[], number[], Parameters<typeof conv2d>[2]][] = [
    ["3x3", [2, 2, 5, 4], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
    ["3x3 unpadded", [2, 2, 5, 4], [3, 2, 3, 3], {}],
    ["1x1", [2, 3, 3, 2], [4, 3, 1, 1], {}],
    ["1x1 stride 2", [1, 3, 5, 4], [2, 3, 1, 1], { stride: 2 }],
    ["3x3 stride 2", [2, 2, 6, 6], [3, 2, 3, 3], { stride: 2, pads: [1, 1, 1, 1] }],
    ["3x3 stride 2, odd", [1, 2, 7, 5], [3, 2, 3, 3], { stride: 2, pads: [1, 1, 1, 1] }],
    [
      "3x3 stride 2, padded on one side",
      [1, 2, 6, 4],
      [3, 2, 3, 3],
      { stride: 2, pads: [0, 0, 1, 1] },
    ],
    ["4x4 stride 2", [1, 2, 6, 6], [3, 2, 4, 4], { stride: 2, pads: [1, 1, 1, 1] }],
    ["2x3 stride 3", [1, 2, 9, 8], [2, 2, 2, 3], { stride: 3, pads: [0, 1, 2, 0] }],
    ["1x1 padded", [1, 2, 3, 3], [2, 2, 1, 1], { pads: [1, 2, 0, 1] }],
    ["1x1 padded, stride 2", [1, 2, 3, 3], [2, 2, 1, 1], { stride: 2, pads: [1, 2, 0, 1] }],
    ["2 groups", [2, 4, 4, 4], [6, 2, 3, 3], { pads: [1, 1, 1, 1], groups: 2 }],
    [
      "2 groups, stride 2",
      [2, 4, 5, 4],
      [2, 2, 3, 3],
      { stride: 2, pads: [1, 1, 1, 1], groups: 2 },
    ],
    ["depthwise", [1, 3, 4, 4], [3, 1, 3, 3], { pads: [1, 1, 1, 1], groups: 3 }],
    ["dilated", [2, 2, 6, 5], [3, 2, 3, 2], { dilation: 2, pads: [2, 1, 1, 0] }],
    [
      "dilated, stride 2",
      [1, 2, 8, 7],
      [2, 2, 2, 3],
      { dilation: 2, stride: 2, pads: [1, 2, 0, 1] },
    ],
    [
      "dilated by 3, stride 2, 2 groups",
      [2, 4, 8, 7],
      [4, 2, 2, 2],
      { dilation: 3, stride: 2, groups: 2 },
    ],
  ];
  test.each(cases)("%s", (_, x, w, options) => {
    checkGradients((a, b) => conv2d(a, b, options), [random(x), random(w, 2)]);
    checkGradients((a, b) => conv2d(a, b, options), [batched(x), random(w, 2)]);
  });
  test("resize and pool", () => {
    for (const size of [1, 2, 3]) {
      checkGradients((x) => square(averagePool(x, size)), [batched([2, 2, 6, 6])]);
      checkGradients((x) => square(upsampleNearest(x, size)), [batched([2, 2, 2, 3])]);
    }
  });
  test.each([[[2, 3, 4, 2]], [[2, 2, 5]]])("instance normalization of %j", (shape) => {
    const channels = [shape[1]];
    checkGradients(
      (x, s, b) => square(instanceNorm(x, s, b)),
      [batched(shape), random(channels, 4), random(channels, 5)],
    );
    checkGradients(
      (x, s, b) => square(groupNormalization(x, s, b, 1)),
      [batched(shape), random(channels, 4), random(channels, 5)],
    );
    checkGradients(
      (x, s, b) => sum(instanceNorm(x, s, b, 1e-2), [0]),
      [random(shape), random(channels, 4), random(channels, 5)],
    );
  });
});

describe("networks", () => {
  test("a block of a UNet", () => {
    checkGradients(
      (x, w1, b1, s, o, t, wt, w2, wd, wu) => {
        const h = add(
          conv2d(silu(groupNormalization(x, s, o, 2)), w1, { pads: [1, 1, 1, 1] }),
          reshape(b1, [4, 1, 1]),
        );
        const shifted = add(h, reshape(matmul(silu(t), wt), ["batch", 4, 1, 1]));
        const skip = add(x, conv2d(silu(shifted), w2, { pads: [1, 1, 1, 1] }));
        const down = conv2d(skip, wd, { stride: 2, pads: [1, 1, 1, 1] });
        const up = conv2d(concat([upsampleNearest(down), skip], 1), wu, { pads: [1, 1, 1, 1] });
        return mean(square(up), [1, 2, 3]);
      },
      [
        batched([2, 4, 4, 4]),
        random([4, 4, 3, 3], 2),
        random([4], 3),
        random([4], 4),
        random([4], 5),
        batched([2, 3], 6),
        random([3, 4], 7),
        random([4, 4, 3, 3], 8),
        random([4, 4, 3, 3], 9),
        random([2, 8, 3, 3], 10),
      ],
      { most: 15, tolerance: 1e-6 },
    );
  });
  test("attention", () => {
    const heads = 2;
    checkGradients(
      (x, qkv, out) => {
        const all = reshape(matmul(x, qkv), ["batch", 5, 3 * heads, 2]);
        const [q, k, v] = [0, 1, 2].map((i) =>
          transpose(slice(all, 2, i * heads, (i + 1) * heads), [0, 2, 1, 3]),
        );
        const weights = softmax(mul(matmul(q, k, { transposeB: true }), Math.SQRT1_2));
        const mixed = reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), ["batch", 5, 2 * heads]);
        return add(x, matmul(mixed, out));
      },
      [batched([3, 5, 4]), random([4, 12], 2), random([4, 4], 3)],
    );
  });
  test("a loss of a variational autoencoder", () => {
    checkGradients(
      (x, e, w, u) => {
        const h = matmul(x, w);
        const [m, logVariance] = [slice(h, 1, 0, 2), slice(h, 1, 2, 4)];
        const z = add(m, mul(e, exp(mul(0.5, logVariance))));
        const logits = matmul(z, u);
        const target = sigmoid(x);
        const crossEntropy = sum(sub(softplus(logits), mul(target, logits)), [1]);
        const kl = mul(0.5, sum(sub(add(square(m), exp(logVariance)), add(logVariance, 1)), [1]));
        return mean(add(crossEntropy, kl));
      },
      [batched([3, 5]), batched([3, 2], 2), random([5, 4], 3), random([2, 5], 4)],
    );
  });
  test("gradients of gradients", () => {
    checkGradients((x) => gradients(sum(mul(tanh(x), exp(x))), [x])[0], [random([3, 2])]);
    checkGradients(
      (x, w) =>
        gradients(mean(square(silu(conv2d(x, w, { stride: 2, pads: [1, 1, 1, 1] })))), [x])[0],
      [random([1, 2, 4, 4]), random([2, 2, 3, 3], 2)],
    );
    checkGradients(
      (x, s) => gradients(sum(pow(instanceNorm(x, s, s), 3)), [x])[0],
      [random([1, 2, 4]), random([2], 2)],
      { tolerance: 1e-5 },
    );
    checkGradients((x) => gradients(sum(square(softmax(x))), [x])[0], [batched([2, 4])]);
  });
});

describe("the graph of a gradient", () => {
  test("is zero where the loss does not depend on an operand", () => {
    const x = input("x", { shape: ["batch", 2] });
    const z = input("z", { shape: ["batch", 3] });
    const [gx, gz] = gradients(mean(x), [x, z]);
    const { a, b } = evaluate(graphOf({ a: gx, b: gz }), {
      x: tensor([1, 2], [1, 2]),
      z: tensor([1, 2, 3], [1, 3]),
    });
    expect(a).toEqual(float64([0.5, 0.5], [1, 2]));
    expect(b).toEqual(float64([0, 0, 0], [1, 3]));
    const cut = gradients(sum(mul(cast(greater(x, 0), "float32"), 2)), [x]);
    expect([...evaluate(graphOf({ a: cut[0] }), { x: tensor([1, 2], [1, 2]) }).a.data]).toEqual([
      0, 0,
    ]);
  });
  test("does not hold values that only lead to other outputs", () => {
    const x = input("x", { shape: [2, 2] });
    const w = input("w", { shape: [2, 2] });
    const y = matmul(x, w);
    const ops = topological(gradients(sum(exp(y)), [w])).map(({ op }) => op);
    expect(ops.filter((op) => op === "MatMul")).toHaveLength(2);
  });
  test("can be taken with respect to an inner value and to the loss itself", () => {
    const x = constant(tensor([3], [1], "float64"));
    const y = square(x);
    const loss = sum(mul(y, y));
    const g = gradients(loss, [y, x, loss]);
    const values = evaluate(graphOf({ y: g[0], x: g[1], loss: g[2] }), {});
    expect([values.y.data[0], values.x.data[0], values.loss.data[0]]).toEqual([18, 108, 1]);
  });
  test("reuses the forward values of silu, sigmoid, tanh, exp, sqrt and softmax", () => {
    for (const f of [silu, sigmoid, tanh, exp, sqrt, softmax]) {
      const x = input("x", { shape: [2, 2] });
      const y = f(x);
      const ops = topological([...gradients(sum(square(y)), [x]), y]).map(({ op }) => op);
      for (const op of ["Sigmoid", "Tanh", "Exp", "Sqrt", "Softmax"]) {
        expect(ops.filter((o) => o === op).length).toBeLessThanOrEqual(1);
      }
    }
  });
  test("of 20,000 operations in a row fits the call stack", () => {
    const x = input("x", { shape: [2], dtype: "float64" });
    let y: Expr = x;
    for (let i = 0; i < 10_000; i++) y = add(mul(y, 0.9999), x);
    const loss = sum(y);
    const [g] = gradients(loss, [x]);
    const out = evaluate(graphOf({ loss, g }), { x: float64([1, 2], [2]) });
    const r = 0.9999;
    const slope = (1 - r ** 10_001) / (1 - r);
    expect(out.g.data[0]).toBeCloseTo(slope, 6);
    expect(out.loss.data[0]).toBeCloseTo(3 * slope, 5);
  });
  test("errors name the operation and the shape", () => {
    const x = input("x", { shape: ["batch", 2] });
    const i = input("i", { shape: [2], dtype: "int64" });
    expect(() => gradients(x, [x])).toThrow(
      /gradients: the loss must have shape \[\], got \[batch, 2\]/,
    );
    expect(() => gradients(sum(x), [i])).toThrow(
      /gradients need float dtypes, got Input int64 \[2\]/,
    );
    const strange = expr("Strange" as "Exp", [x], x.shape, {});
    expect(() => gradients(sum(strange), [x])).toThrow(/gradients: Strange of \[batch, 2\]/);
    expect(gradients(sum(cast(equal(x, 1), "float32")), [x])[0].shape).toEqual(["batch", 2]);
  });
});
