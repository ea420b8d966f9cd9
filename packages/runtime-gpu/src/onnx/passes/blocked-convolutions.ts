import { type Expr, type Graph, graphOf, input, reshape, transpose } from "@gen/graph";
import { expr } from "@gen/graph/compiler";
import type { Ort, SessionOptions } from "../runtime.ts";
import { graphSession } from "../session.ts";
import { inputDependents, rewriteConvolutions } from "./rewrite-convolutions.ts";

/**
 * The graph with convolutions in ONNX Runtime's blocked layout if their weights change; for
 * constant weights the runtime chooses it itself. About 2x as fast, although every image is
 * copied into blocks of `channelBlock()` channels and out of them again.
 */
export async function blockedConvolutions(
  graph: Graph,
  channelBlock: () => Promise<number>,
): Promise<Graph> {
  const changing = inputDependents(graph);
  const learns = (e: Expr): boolean =>
    e.op === "Conv" &&
    changing.has(e.inputs[1]) &&
    e.attributes.group === 1 &&
    e.inputs[1].shape.slice(2).some((side) => side !== 1);
  if (!graph.nodes.some(learns)) return graph;
  const block = await channelBlock();
  const fits = (conv: Expr): boolean =>
    block > 1 &&
    learns(conv) &&
    [conv, conv.inputs[0]].every(({ shape }) => Number(shape[1]) % block === 0);

  const blocks = new Map<Expr, Expr>();
  return rewriteConvolutions(graph, (conv, [x, weight], bias) => {
    if (!fits(conv)) return undefined;
    const ordered = blocks.get(x) ?? reorderInput(x);
    blocks.set(x, ordered);
    const channels = conv.shape[1] as number;
    const { stride, dilation, pads } = conv.attributes;
    const inputs = [ordered, inBlocks(weight, block), ...(bias ? [reshape(bias, [channels])] : [])];
    const image = expr("com.microsoft.nchwc.Conv", inputs, conv.shape, {
      kernel_shape: weight.shape.slice(2) as number[],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      pads,
      group: 1,
    });
    return expr("com.microsoft.nchwc.ReorderOutput", [image], conv.shape, { channels });
  });
}

/** `x` in blocks of channels, `[batch, channels / block, height, width, block]` in memory. */
export const reorderInput = (x: Expr): Expr =>
  expr("com.microsoft.nchwc.ReorderInput", [x], x.shape, {});

/** `[out, in, kh, kw]` in the blocked order: `[out / b, in / b, kh, kw, b of in, b of out]`. */
function inBlocks(weight: Expr, b: number): Expr {
  const [out, from, kh, kw] = weight.shape as readonly number[];
  const split = reshape(weight, [out / b, b, from / b, b, kh, kw]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), weight.shape);
}

/**
 * Channels in a block on this processor: the position of a small image's second pixel after it is
 * copied into blocks. 0 if this build of ONNX Runtime has no blocked layout.
 */
export async function channelBlock(ort: Ort, options: SessionOptions): Promise<number> {
  const shape = [1, 64, 1, 2];
  const x = input("x", { shape });
  try {
    const session = await graphSession(ort, graphOf({ y: reorderInput(x) }), options);
    const values = Float32Array.from({ length: 128 }, (_, i) => i);
    const { y } = await session.run(new Map([["x", new ort.Tensor("float32", values, shape)]]), {});
    await session.dispose();
    return (y.data as Float32Array).indexOf(1);
  } catch {
    return 0;
  }
}
