import {
  type Expr,
  type Graph,
  graphOf,
  input,
  isInput,
  reshape,
  rewrite,
  transpose,
  usesIn,
  withInputs,
} from "@gen/graph";
import type { Ort, SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

const domain = "com.microsoft.nchwc";

/**
 * The graph with the convolutions whose weights change in ONNX Runtime's blocked layout, which it takes by
 * itself for constant weights alone: about twice as fast, although every image goes into blocks of `channelBlock()`
 * channels and out of them again.
 */
export async function blockedConvolutions(
  graph: Graph,
  channelBlock: () => Promise<number>,
): Promise<Graph> {
  const changing = new Set<Expr>();
  for (const node of graph.nodes) {
    if (isInput(node) || node.inputs.some((e) => changing.has(e))) changing.add(node);
  }
  const uses = usesIn(graph);
  const learns = ({ op, attributes, inputs: [, weight] }: Expr): boolean =>
    op === "Conv" &&
    changing.has(weight) &&
    attributes.group === 1 &&
    weight.shape.slice(2).some((side) => side !== 1);
  if (!graph.nodes.some(learns)) return graph;
  const block = await channelBlock();
  const fits = (node: Expr): boolean =>
    block > 1 &&
    learns(node) &&
    [node, node.inputs[0]].every(({ shape }) => Number(shape[1]) % block === 0);

  const operands = new Map<Expr, readonly Expr[]>();
  const blocks = new Map<Expr, Expr>();
  const blocked = (conv: Expr, bias: readonly Expr[]): Expr => {
    const [x, weight] = operands.get(conv) as readonly Expr[];
    const ordered = blocks.get(x) ?? operation("ReorderInput", [x], x);
    blocks.set(x, ordered);
    const { stride, pads } = conv.attributes as { stride: number; pads: readonly number[] };
    const made = operation("Conv", [ordered, inBlocks(weight, block), ...bias], conv, {
      kernel_shape: weight.shape.slice(2) as number[],
      strides: [stride, stride],
      dilations: [1, 1],
      pads,
      group: 1,
    });
    return operation("ReorderOutput", [made], conv, { channels: conv.shape[1] as number });
  };
  return rewrite(graph, (node, inputs) => {
    if (fits(node)) {
      operands.set(node, inputs);
      return blocked(node, []);
    }
    const [conv] = node.inputs;
    if (node.op === "Add" && operands.has(conv) && uses.get(conv) === 1) {
      const channels = conv.shape[1] as number;
      if (inputs[1].shape.join() === [1, channels, 1, 1].join()) {
        return blocked(conv, [reshape(inputs[1], [channels])]);
      }
    }
    return withInputs(node, inputs);
  });
}

const operation = (
  name: string,
  inputs: readonly Expr[],
  { dtype, shape }: Expr,
  attributes: Expr["attributes"] = {},
): Expr => ({ op: `${domain}.${name}`, inputs, attributes, dtype, shape });

/** `[out, in, kh, kw]` in the order of the blocked convolution: `[out / b, in / b, kh, kw, b of in, b of out]`. */
function inBlocks(weight: Expr, b: number): Expr {
  const [out, from, kh, kw] = weight.shape as readonly number[];
  const split = reshape(weight, [out / b, b, from / b, b, kh, kw]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), weight.shape);
}

/**
 * Channels in a block on this processor, found by putting a small image into blocks and looking where its
 * second pixel went; 0 where this build of ONNX Runtime has no blocked layout.
 */
export async function channelBlock(ort: Ort, options: SessionOptions): Promise<number> {
  const shape = [1, 64, 1, 2];
  const x = input("x", { shape });
  try {
    const session = await graphSession(
      ort,
      graphOf({ y: operation("ReorderInput", [x], x) }),
      options,
    );
    const values = Float32Array.from({ length: 128 }, (_, i) => i);
    const { y } = await session.run(new Map([["x", new ort.Tensor("float32", values, shape)]]));
    await session.release();
    return (y.data as Float32Array).indexOf(1);
  } catch {
    return 0;
  }
}
