import { readFileSync } from "node:fs";
import {
  constant,
  type Expr,
  gradients,
  graphOf,
  input,
  mul,
  type Parameter,
  parametersOf,
  sum,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import {
  attention,
  convolution,
  embedding,
  groupNorm,
  layerNorm,
  linear,
  residualBlock,
  spatialTransformer,
  timestepEmbedding,
  tokenAttention,
  withWeights,
} from "@gen/nn";
import { describe, expect, test } from "vitest";
import { defaultGroups } from "../src/normalization.ts";
import { computed, expectClose, type Plain, plainTensor } from "./compare.ts";

interface LayerCase {
  name: string;
  options: {
    groups: number;
    heads: number;
    kernel: number;
    stride: number;
    padding: number;
    timeFeatures: number;
    contextFeatures: number;
  };
  x: Plain;
  parameters: Record<string, Plain>;
  output: Plain;
  probe: Plain;
  gradients: Record<string, Plain>;
  second?: Plain;
}

const reference = JSON.parse(
  readFileSync(new URL("./reference/layers.json", import.meta.url), "utf8"),
) as {
  layers: LayerCase[];
  embedding: { indices: number[]; weight: Plain; output: Plain; probe: Plain; gradient: Plain };
  timesteps: {
    features: number;
    flipSinToCos: boolean;
    downscaleFreqShift: number;
    t: number[];
    output: Plain;
  }[];
};

const plainFloat = (plain: Plain) => plainTensor(plain);

const batched = (name: string, { shape }: Plain) =>
  input(name, { shape: ["batch", ...shape.slice(1)] });

function build({ name, options, x, output }: LayerCase): (x: Expr, second: Expr) => Expr {
  const [from, to] = [x.shape[1], output.shape[1]];
  const features = x.shape[x.shape.length - 1];
  switch (name) {
    case "linear":
      return linear("l", features, output.shape[output.shape.length - 1]);
    case "layerNorm":
      return layerNorm("l", features);
    case "tokenAttention":
      return tokenAttention("l", features, options);
    case "spatialTransformer":
      return spatialTransformer("l", from, options);
    case "convolution":
      return convolution("l", from, to, options);
    case "groupNorm":
      return groupNorm("l", from, options);
    case "attention":
      return attention("l", from, options);
    default:
      return residualBlock("l", from, to, options);
  }
}

describe("layers give PyTorch's values and gradients", () => {
  for (const [i, c] of reference.layers.entries()) {
    test(`${i} ${c.name} ${JSON.stringify(c.options)}`, () => {
      const x = batched("x", c.x);
      const second = c.second && batched("second", c.second);
      const apply = build(c);
      const { parameters, ...layer } = withWeights(
        { parameters: parametersOf(apply(x, second as Expr)), apply },
        Object.fromEntries(Object.entries(c.parameters).map(([k, v]) => [k, plainTensor(v)])),
      );
      const output = layer.apply(x, second as Expr);
      const loss = sum(mul(output, batched("probe", c.probe)));
      const leaves = [x, ...(second ? [second] : []), ...parameters];
      const slopes = gradients(loss, leaves);
      const outputs = Object.fromEntries(leaves.map(({ name }, k) => [`d ${name}`, slopes[k]]));
      const given = [c.x, c.probe, ...(c.second ? [c.second] : [])].map(plainFloat);
      const names = ["x", "probe", "second"].slice(0, given.length);
      const got = evaluate(
        graphOf({ output, ...outputs }, [x]),
        Object.fromEntries(names.map((name, k) => [name, given[k]])),
      );
      // Everything is float64 but constants such as epsilon, which are float32.
      expectClose(got.output, c.output, 2e-8);
      for (const [name, want] of Object.entries(c.gradients)) {
        expectClose(got[`d ${name}`], want, 2e-8);
      }
    });
  }

  test("embedding", () => {
    const { indices, weight, output, probe, gradient } = reference.embedding;
    const apply = embedding("l", 5, 3);
    const given = constant(plainTensor({ shape: [4], data: indices }, "int64"));
    const { parameters, ...layer } = withWeights(
      { parameters: parametersOf(apply(given)), apply },
      { "l.weight": plainTensor(weight) },
    );
    const e = layer.apply(given);
    expectClose(computed(e), output, 1e-12);
    const [slope] = gradients(sum(mul(e, constant(plainTensor(probe)))), parameters);
    expectClose(computed(slope), gradient, 1e-8);
  });

  for (const c of reference.timesteps) {
    test(`timestepEmbedding of ${c.features} features, flip ${c.flipSinToCos}`, () => {
      const t = constant(plainTensor({ shape: [c.t.length], data: c.t }, "int64"));
      // Frequencies are float32 constants, so an angle near 1000 is off by about 1e-5.
      expectClose(computed(timestepEmbedding(t, c.features, c)), c.output, 6e-5);
    });
  }
});

describe("layers refuse arguments that do not fit", () => {
  const x = input("x", { shape: ["batch", 6, 4, 4] });
  const cases: [string, () => unknown, RegExp][] = [
    [
      "groups",
      () => groupNorm("n", 6, { groups: 4 }),
      /groups must divide the 6 channels of n, got 4/,
    ],
    [
      "heads",
      () => attention("a", 6, { heads: 4 }),
      /heads must divide the 6 channels of a, got 4/,
    ],
    [
      "features",
      () => linear("l", 5, 2)(x),
      /MatMul: shapes \[batch, 6, 4, 4\] and \[2, 5\] transposed/,
    ],
    [
      "channels",
      () => convolution("c", 5, 2)(x),
      /Conv: input \[batch, 6, 4, 4\] and weight \[2, 5, 3, 3\]/,
    ],
    [
      "features by heads",
      () => tokenAttention("a", 6, { heads: 4 }),
      /heads must divide the 6 features of a, got 4/,
    ],
    [
      "no context",
      () => tokenAttention("a", 6, { contextFeatures: 3 })(input("y", { shape: [1, 2, 6] })),
      /a needs a context/,
    ],
    ["no time", () => residualBlock("r", 6, 6, { timeFeatures: 8 })(x), /r needs a time embedding/],
    [
      "t",
      () => timestepEmbedding(x, 8),
      /timestepEmbedding needs t \[batch\] .* got t \[batch, 6, 4, 4\] and 8/,
    ],
  ];
  for (const [name, run, message] of cases) {
    test(name, () => expect(run).toThrow(message));
  }
});

test("defaultGroups divides the channels into groups of four or more", () => {
  expect([1, 6, 12, 20, 32, 128, 512].map(defaultGroups)).toEqual([1, 1, 3, 5, 8, 32, 32]);
});

test("a layer without bias has only its weight", () => {
  const x = input("x", { shape: ["batch", 3] });
  expect(parametersOf(linear("l", 3, 2, { bias: false })(x)).map((p: Parameter) => p.name)).toEqual(
    ["l.weight"],
  );
});
