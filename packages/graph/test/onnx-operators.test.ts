import { describe, expect, test } from "vitest";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { fromOnnx } from "../src/onnx.ts";
import { type Attributes, declared, fileOf, node, tensorProto } from "./onnx-build.ts";
import { distance, inputsFor, numbers, plain } from "./onnx-values.ts";

type Constant = number[] | { data: number[]; shape: number[]; dtype?: g.DType };

/** One node as another exporter might write it: inputs `a`, `b`, ... and constants after them. */
interface Operator {
  opset?: number;
  inputs?: g.Signature[];
  constants?: (Constant | undefined)[];
  attributes?: Attributes;
  outputs?: number;
  /** How far from ONNX Runtime in float32. */
  within?: number;
}

const letters = "abcdef";

function modelOf(
  op: string,
  {
    opset = 17,
    inputs = [{ shape: ["n", 6] }],
    constants = [],
    attributes = {},
    outputs = 1,
  }: Operator,
) {
  const names = inputs.map((_, i) => letters[i]);
  const initializer = constants.flatMap((c, i) => {
    if (!c) return [];
    const {
      data,
      shape,
      dtype = "float32",
    } = Array.isArray(c) ? { data: c, shape: [c.length], dtype: "int64" as const } : c;
    return [tensorProto(`c${i}`, dtype, shape, g.tensor(data, shape, dtype).data)];
  });
  const output = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const operands = [...names, ...constants.map((c, i) => (c ? `c${i}` : ""))];
  const bytes = fileOf(
    {
      node: [node(op, operands, output, attributes)],
      initializer,
      input: inputs.map(({ shape, dtype }, i) => declared(names[i], shape, dtype)),
      output: output.map((name) => ({ name })),
    },
    opset,
  );
  return { bytes, signature: Object.fromEntries(inputs.map((s, i) => [names[i], s])) };
}

const floats = (shape: number[], seed = 5): Constant => ({
  data: numbers(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ),
  shape,
});
const scalar = (value: number, dtype?: g.DType): Constant => ({ data: [value], shape: [], dtype });
const image = [{ shape: ["n", 4, 7, 6] }];
const pair = [{ shape: ["n", 6] }, { shape: [6] }];
const integers: g.Signature[] = [{ shape: ["n", 4], dtype: "int64" }];
const truths: g.Signature[] = [
  { shape: ["n", 4], dtype: "bool" },
  { shape: ["n", 4], dtype: "bool" },
];

/** Many equal integers: `numbers` rounds to few. */
const ties: g.Signature[] = [{ shape: ["n", 40], dtype: "int32" }];
/** Queries of 3 wide heads, keys of length 6, and values of 4 wide ones. */
const heads = (queries: number, length: number, keys: number): g.Signature[] => [
  { shape: ["n", queries, length, 3] },
  { shape: ["n", keys, 6, 3] },
  { shape: ["n", keys, 6, 4] },
];

const operators: [string, Operator[]][] = [
  // As operator sets 7 and 8 had them, where later ones changed the form.
  ["Dropout", [{ opset: 7, attributes: { ratio: { float: 0.3 } } }]],
  [
    "BatchNormalization",
    [
      {
        opset: 8,
        inputs: image,
        constants: [
          floats([4]),
          floats([4], 6),
          floats([4], 7),
          { data: [1, 2, 3, 4], shape: [4] },
        ],
        within: 1e-5,
      },
    ],
  ],
  [
    "Upsample",
    [
      {
        opset: 7,
        inputs: image,
        attributes: { mode: "nearest", scales: { floats: [1, 1, 3, 3] } },
      },
    ],
  ],
  ["Slice", [{ opset: 7, attributes: { axes: [1], starts: [1], ends: [-1] } }]],
  [
    "Pad",
    [
      {
        opset: 8,
        inputs: image,
        attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: { float: 0.5 } },
      },
      { opset: 7, inputs: image, attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1], mode: "reflect" } },
    ],
  ],
  ["Clip", [{ opset: 7, attributes: { min: { float: -0.3 }, max: { float: 0.4 } } }]],
  [
    "Trilu",
    [
      { inputs: [{ shape: ["n", 4, 5] }], constants: [scalar(-1, "int64")] },
      { inputs: [{ shape: [3, 4], dtype: "int64" }], attributes: { upper: 0 } },
      { inputs: [{ shape: [3, 3] }], constants: [scalar(1, "int64")], attributes: { upper: 0 } },
    ],
  ],
  ["Abs", [{ inputs: integers }, { inputs: [{ shape: ["n", 4], dtype: "int32" }] }]],
  ["Sign", [{ inputs: integers }, {}]],
  [
    "ArgMax",
    [
      { attributes: { axis: 1 } },
      { attributes: { axis: -1, keepdims: 0 } },
      { inputs: [{ shape: ["n", 4], dtype: "int32" }], attributes: { axis: 1, keepdims: 0 } },
      { inputs: ties, attributes: { axis: 1 } },
      {
        inputs: ties,
        attributes: { axis: 1, select_last_index: 1 },
      },
      { inputs: [{ shape: [3, 4, 5] }], attributes: { axis: 0 } },
    ],
  ],
  [
    "ArgMin",
    [
      { attributes: { axis: 1 } },
      { inputs: [{ shape: ["n", 4], dtype: "int32" }], attributes: { axis: 1 } },
    ],
  ],
  [
    "GatherND",
    [
      {
        inputs: [{ shape: ["n", 4, 2] }],
        constants: [{ data: [0, 3, -1, -2, 2, 0], shape: [3, 2], dtype: "int64" }],
      },
      {
        inputs: [{ shape: [3, 4, 2] }],
        constants: [{ data: [0, 3, 1, -2, -3, 1], shape: [2, 1, 3], dtype: "int64" }],
      },
      {
        inputs: [{ shape: [3, 4, 2] }],
        constants: [{ data: [1, -1, 0], shape: [3, 1], dtype: "int64" }],
        attributes: { batch_dims: 1 },
      },
      {
        inputs: [{ shape: [2, 3, 4] }],
        constants: [{ data: [1, -1, 0, 3, 2, -4], shape: [2, 3, 1], dtype: "int64" }],
        attributes: { batch_dims: 2 },
      },
    ],
  ],
  [
    "RMSNormalization",
    [
      { opset: 23, constants: [floats([6])] },
      {
        opset: 23,
        inputs: [{ shape: ["n", 3, 4] }],
        constants: [floats([3, 4])],
        attributes: { axis: 1, epsilon: { float: 0.1 } },
      },
    ],
  ],
  [
    "Attention",
    [
      { opset: 23, inputs: heads(4, 5, 4) },
      { opset: 23, inputs: heads(4, 5, 2), attributes: { scale: { float: 0.7 } } },
      {
        opset: 23,
        inputs: [{ shape: ["n", 5, 8] }, { shape: ["n", 6, 4] }, { shape: ["n", 6, 6] }],
        attributes: { q_num_heads: 4, kv_num_heads: 2 },
      },
      { opset: 23, inputs: heads(2, 5, 2), attributes: { is_causal: 1 } },
      { opset: 23, inputs: [...heads(2, 5, 2), { shape: [5, 6] }] },
      {
        opset: 23,
        inputs: heads(2, 2, 2),
        constants: [
          {
            data: [1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1],
            shape: [2, 6],
            dtype: "bool",
          },
        ],
      },
      {
        opset: 23,
        inputs: [
          ...heads(2, 5, 2),
          { shape: [5, 9] },
          { shape: ["n", 2, 3, 3] },
          { shape: ["n", 2, 3, 4] },
        ],
        outputs: 3,
      },
    ],
  ],
  ["Softmax", [{ opset: 7, inputs: [{ shape: ["n", 3, 4] }] }]],
  [
    "Conv",
    [
      {
        inputs: image,
        constants: [floats([6, 4, 3, 2]), floats([6])],
        attributes: { pads: [1, 0, 2, 1], strides: [2, 1] },
      },
      {
        inputs: image,
        constants: [floats([6, 2, 2, 3])],
        attributes: { dilations: [2, 1], group: 2, pads: [1, 1, 1, 1] },
      },
      {
        inputs: image,
        constants: [floats([2, 4, 3, 3])],
        attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] },
      },
      { inputs: image, constants: [floats([2, 4, 2, 2])], attributes: { auto_pad: "SAME_LOWER" } },
      { inputs: image, constants: [floats([2, 4, 3, 3])], attributes: { auto_pad: "VALID" } },
      {
        inputs: [{ shape: ["n", 3, 9] }],
        constants: [floats([4, 3, 3]), floats([4])],
        attributes: { pads: [2, 1], strides: [2], dilations: [2] },
      },
    ],
  ],
  [
    "ConvTranspose",
    [
      {
        inputs: image,
        constants: [floats([4, 3, 4, 4]), floats([3])],
        attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
      },
      {
        inputs: image,
        constants: [floats([4, 2, 3, 2])],
        attributes: { strides: [3, 2], group: 2, output_padding: [1, 0], pads: [0, 1, 1, 0] },
      },
      { inputs: image, constants: [floats([4, 2, 2, 3])], attributes: { dilations: [2, 3] } },
      {
        inputs: image,
        constants: [floats([4, 2, 1, 1])],
        attributes: { strides: [2, 2], pads: [1, 1, 0, 0] },
      },
    ],
  ],
  [
    "MatMul",
    [
      { inputs: [{ shape: ["n", 3, 6] }, { shape: [6] }] },
      { inputs: [{ shape: [6] }, { shape: ["n", 6, 2] }] },
      { inputs: [{ shape: [6] }, { shape: [6] }] },
    ],
  ],
  [
    "Gemm",
    [
      {
        constants: [floats([2, 6]), floats([2])],
        attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
      },
      { inputs: [{ shape: [6, "n"] }], constants: [floats([6, 2])], attributes: { transA: 1 } },
      { constants: [floats([6, 2]), floats([1, 2])] },
    ],
  ],
  [
    "Einsum",
    [
      {
        inputs: [{ shape: ["n", 2, 3, 4] }, { shape: ["n", 2, 5, 4] }],
        attributes: { equation: "bhid, bhjd -> bhij" },
      },
      {
        inputs: [{ shape: ["n", 2, 3] }, { shape: [3, 4] }],
        attributes: { equation: "nij,jk->kni" },
      },
      { inputs: [{ shape: ["n", 2, 3] }], attributes: { equation: "nij->jn" } },
      { inputs: [{ shape: [2, 3] }, { shape: [4, 2] }], attributes: { equation: "ab,ca" } },
      { inputs: [{ shape: [2] }, { shape: [3] }], attributes: { equation: "a,b->ba" } },
    ],
  ],
  [
    "AveragePool",
    [
      { inputs: image, attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] } },
      {
        inputs: image,
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
      },
      {
        inputs: [{ shape: ["n", 2, 6, 6] }],
        attributes: { kernel_shape: [3, 3], strides: [3, 3] },
      },
    ],
  ],
  [
    "MaxPool",
    [
      { inputs: image, attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      { inputs: image, attributes: { kernel_shape: [3, 2], pads: [1, 1, 1, 0], strides: [2, 1] } },
      { inputs: [{ shape: ["n", 2, 9] }], attributes: { kernel_shape: [3], dilations: [2] } },
    ],
  ],
  ["GlobalAveragePool", [{ inputs: image }]],
  ["GlobalMaxPool", [{ inputs: image }]],
  [
    "BatchNormalization",
    [
      {
        inputs: image,
        constants: [
          floats([4]),
          floats([4], 6),
          floats([4], 7),
          { data: [0.5, 1, 2, 3], shape: [4] },
        ],
        attributes: { epsilon: { float: 0.01 } },
      },
    ],
  ],
  ["InstanceNormalization", [{ inputs: image, constants: [floats([4]), floats([4], 6)] }]],
  [
    "LayerNormalization",
    [
      { inputs: [{ shape: ["n", 3, 6] }], constants: [floats([6]), floats([6], 6)] },
      {
        inputs: [{ shape: ["n", 3, 6] }],
        constants: [floats([3, 6])],
        attributes: { axis: 1, epsilon: { float: 0.1 } },
      },
    ],
  ],
  [
    "GroupNormalization",
    [
      {
        opset: 21,
        inputs: image,
        constants: [floats([4]), floats([4], 6)],
        attributes: { num_groups: 2 },
      },
      {
        opset: 18,
        inputs: image,
        constants: [floats([2]), floats([2], 6)],
        attributes: { num_groups: 2 },
      },
    ],
  ],
  [
    "Resize",
    [
      {
        inputs: image,
        constants: [undefined, { data: [1, 1, 2, 2], shape: [4] }],
        attributes: {
          mode: "nearest",
          coordinate_transformation_mode: "asymmetric",
          nearest_mode: "floor",
        },
      },
      { inputs: image, constants: [undefined, { data: [1, 1, 3, 3], shape: [4] }] },
      {
        opset: 18,
        inputs: image,
        constants: [undefined, { data: [2, 2], shape: [2] }],
        attributes: { axes: [2, 3], coordinate_transformation_mode: "asymmetric" },
      },
      {
        inputs: [{ shape: [2, 4, 7, 6] }],
        constants: [undefined, undefined, [2, 4, 14, 12]],
        attributes: { coordinate_transformation_mode: "pytorch_half_pixel" },
      },
      { opset: 10, inputs: image, constants: [{ data: [1, 1, 2, 2], shape: [4] }] },
    ],
  ],
  ["Upsample", [{ opset: 9, inputs: image, constants: [{ data: [1, 1, 2, 2], shape: [4] }] }]],
  [
    "Pad",
    [
      { constants: [[0, 1, 0, 2], scalar(3)] },
      { constants: [[0, -1, 0, 2]] },
      { constants: [[0, 2, 0, 3]], attributes: { mode: "reflect" } },
      { constants: [[0, 2, 0, 3]], attributes: { mode: "edge" } },
      { opset: 19, constants: [[2, 3], undefined, [-1]], attributes: { mode: "wrap" } },
      { opset: 10, attributes: { pads: [0, 1, 0, 1], value: { float: 0.5 } } },
    ],
  ],
  [
    "Slice",
    [
      { constants: [[1], [-1], [1], [2]] },
      {
        constants: [
          [0, 4],
          [2 ** 40, 1],
          [0, -1],
          [1, -1],
        ],
      },
      { constants: [[-1], [-100], [1], [-2]] },
      { opset: 9, attributes: { starts: [1], ends: [9], axes: [1] } },
    ],
  ],
  [
    "Gather",
    [
      {
        constants: [{ data: [0, -1, 2, 2], shape: [2, 2], dtype: "int64" }],
        attributes: { axis: 1 },
      },
      { constants: [scalar(-2, "int64")], attributes: { axis: 1 } },
      { inputs: [{ shape: [4, 2] }, { shape: ["n"], dtype: "int64" }] },
    ],
  ],
  [
    "Split",
    [
      { outputs: 2, constants: [[2, 4]], attributes: { axis: -1 } },
      { outputs: 3, attributes: { axis: 1 } },
      {
        outputs: 4,
        opset: 18,
        attributes: { axis: 1, num_outputs: 4 },
        inputs: [{ shape: ["n", 7] }],
      },
      { outputs: 2, opset: 11, attributes: { axis: 1, split: [5, 1] } },
    ],
  ],
  [
    "Squeeze",
    [
      { inputs: [{ shape: ["n", 1, 3, 1] }], constants: [[-1]] },
      { opset: 11, inputs: [{ shape: [2, 1, 3, 1] }] },
    ],
  ],
  ["Unsqueeze", [{ constants: [[0, -1]] }, { opset: 11, attributes: { axes: [1, 2] } }]],
  [
    "Flatten",
    [
      { inputs: image },
      { inputs: image, attributes: { axis: 2 } },
      { inputs: image, attributes: { axis: -1 } },
      { inputs: image, attributes: { axis: 0 } },
    ],
  ],
  [
    "Reshape",
    [
      { inputs: image, constants: [[0, 2, -1, 3]] },
      { inputs: [{ shape: [2, 0] }], constants: [[0, 3]], attributes: { allowzero: 1 } },
    ],
  ],
  ["Transpose", [{ inputs: image }, { inputs: image, attributes: { perm: [1, 0, 3, 2] } }]],
  ["Tile", [{ constants: [[1, 3]] }, { inputs: [{ shape: ["n", 1] }], constants: [[1, 4]] }]],
  [
    "Expand",
    [{ inputs: [{ shape: ["n", 1, 3] }], constants: [[2, 1, 4, 1]] }, { constants: [[1, 1]] }],
  ],
  [
    "DepthToSpace",
    [
      { inputs: image, attributes: { blocksize: 2 } },
      { inputs: image, attributes: { blocksize: 2, mode: "CRD" } },
    ],
  ],
  ["SpaceToDepth", [{ inputs: [{ shape: ["n", 2, 6, 4] }], attributes: { blocksize: 2 } }]],
  ["Concat", [{ inputs: [{ shape: ["n", 2] }, { shape: ["n", 3] }], attributes: { axis: -1 } }]],
  [
    "Cast",
    [
      { attributes: { to: 7 } },
      { attributes: { to: 9 } },
      { inputs: integers, attributes: { to: 1 } },
    ],
  ],
  ["Shape", [{ inputs: image, attributes: { start: 1, end: -1 } }]],
  ["Size", [{ inputs: [{ shape: [2, 5] }] }]],
  [
    "Clip",
    [
      { constants: [scalar(-0.2), scalar(0.3)] },
      { constants: [undefined, scalar(0.1)] },
      { opset: 9, attributes: { min: { float: -0.1 } } },
    ],
  ],
  [
    "Softmax",
    [
      { attributes: { axis: 1 } },
      { inputs: image },
      { opset: 11, inputs: image },
      { opset: 11, inputs: image, attributes: { axis: -1 } },
      { opset: 11, inputs: image, attributes: { axis: 2 } },
    ],
  ],
  [
    "LogSoftmax",
    [
      { inputs: image, attributes: { axis: 1 } },
      { opset: 12, inputs: image },
    ],
  ],
  ...[
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceProd",
    "ReduceL1",
    "ReduceL2",
    "ReduceSumSquare",
    "ReduceLogSumExp",
  ].map((op): [string, Operator[]] => [
    op,
    [
      op === "ReduceSum"
        ? { inputs: image, constants: [[-1, 1]], attributes: { keepdims: 0 } }
        : { inputs: image, attributes: { axes: [-1, 1], keepdims: 0 } },
      { opset: 18, inputs: image, constants: [[2]] },
      { inputs: [{ shape: [3, 4] }], attributes: { keepdims: 0 } },
      { opset: 18, inputs: [{ shape: [3, 4] }], attributes: { noop_with_empty_axes: 1 } },
    ],
  ]),
  [
    "ReduceLogSum",
    [{ opset: 18, inputs: [], constants: [{ data: [1, 2, 3, 4], shape: [2, 2] }, [1]] }],
  ],
  ...[
    "Add",
    "Sub",
    "Mul",
    "Max",
    "Min",
    "Greater",
    "Less",
    "Equal",
    "GreaterOrEqual",
    "LessOrEqual",
  ].map((op): [string, Operator[]] => [op, [{ inputs: pair }]]),
  [
    "Div",
    [
      { inputs: pair, within: 1e-5 },
      { inputs: integers, constants: [scalar(-2, "int64")] },
    ],
  ],
  [
    "Mod",
    [
      { inputs: integers, constants: [scalar(-3, "int64")] },
      { constants: [scalar(0.3)], attributes: { fmod: 1 } },
    ],
  ],
  [
    "Pow",
    [{ constants: [scalar(2)] }, { constants: [scalar(3)] }, { constants: [scalar(2, "int64")] }],
  ],
  ["Sum", [{ inputs: [...pair, { shape: [1] }] }]],
  ["Mean", [{ inputs: [...pair, { shape: [1] }] }]],
  ["PRelu", [{ inputs: pair }]],
  ["LeakyRelu", [{}, { attributes: { alpha: { float: 0.2 } } }]],
  ["Elu", [{ attributes: { alpha: { float: 0.7 } } }]],
  ["HardSigmoid", [{}, { attributes: { alpha: { float: 0.9 }, beta: { float: 0.1 } } }]],
  ...[
    "HardSwish",
    "Ceil",
    "Floor",
    "Reciprocal",
    "Softsign",
    "Softplus",
    "Erf",
    "Sigmoid",
    "Tanh",
    "Neg",
    "Abs",
    "Sign",
    "Sin",
    "Cos",
    "Tan",
    "Exp",
    "Relu",
    "Identity",
    "Dropout",
  ].map((op): [string, Operator[]] => [op, [{ within: op === "Reciprocal" ? 1e-4 : undefined }]]),
  [
    "Round",
    [
      {
        inputs: [],
        constants: [{ data: [-2.5, -1.5, -0.7, -0.5, 0.3, 0.5, 1.5, 2.5], shape: [8] }],
      },
    ],
  ],
  ["Mish", [{ opset: 18 }]],
  ["Gelu", [{ opset: 20 }, { opset: 20, attributes: { approximate: "tanh" } }]],
  ["And", [{ inputs: truths }]],
  ["Or", [{ inputs: truths }]],
  ["Not", [{ inputs: truths.slice(0, 1) }]],
  ["Where", [{ inputs: [...truths.slice(0, 1), { shape: [4] }, { shape: ["n", 1] }] }]],
  [
    "Constant",
    [
      { inputs: [], attributes: { value_float: { float: 0.5 } } },
      { inputs: [], attributes: { value_ints: [1, 2] } },
    ],
  ],
  [
    "ConstantOfShape",
    [
      { inputs: [], constants: [[2, 3]] },
      { inputs: [], constants: [[100, 100]] },
    ],
  ],
  [
    "Range",
    [
      { inputs: [], constants: [scalar(1), scalar(2.3), scalar(0.25)] },
      { inputs: [], constants: [scalar(5, "int64"), scalar(-2, "int64"), scalar(-3, "int64")] },
    ],
  ],
];

describe("an operation of other exporters computes what ONNX Runtime computes", () => {
  for (const [op, list] of operators) {
    for (const [i, operator] of list.entries()) {
      test(`${op} ${i}`, async () => {
        const { bytes, signature } = modelOf(op, operator);
        const inputs = inputsFor(signature, 3);
        const expected = await runOnnx(bytes, inputs);
        const model = fromOnnx(bytes);
        for (const shapes of [model.signature, inputs]) {
          const graph = g.trace(model.apply, { ...shapes });
          const outputs = evaluate(graph, inputs);
          expect(Object.keys(outputs)).toEqual(Object.keys(expected));
          for (const [name, { shape, data }] of Object.entries(expected)) {
            expect(outputs[name].shape).toEqual(shape);
            expect(distance(data, plain(outputs[name]))).toBeLessThanOrEqual(
              operator.within ?? 3e-6,
            );
          }
        }
      });
    }
  }
});
