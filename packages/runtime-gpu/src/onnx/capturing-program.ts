import type { Graph } from "@gen/graph";
import { type Bindings, foreignText, resolveShape } from "@gen/graph/compiler";
import { foreignOperations } from "@gen/graph/onnx";
import type { Executable } from "../device.ts";
import { narrowIntegers, ownNodes, staticGraph } from "./passes/webgpu-passes.ts";
import type { OrtTensor } from "./runtime.ts";

/** Both ways to run a graph, and what to call with the reason why it is not captured. */
export interface Ways {
  captured(graph: Graph): Promise<Executable<OrtTensor>>;
  uncaptured(graph: Graph): Promise<Executable<OrtTensor>>;
  onUncaptured?: ((reason: string) => void) | undefined;
}

/** How many sizes of named dimensions stay captured; each has its own weights and buffers. */
const mostSizes = 4;

/**
 * A program that is captured once for each size of its named dimensions, and runs uncaptured if it
 * cannot be. It is compiled at once if no dimension has a name, otherwise in the first run of each
 * size.
 */
export async function capturingProgram(graph: Graph, ways: Ways): Promise<Executable<OrtTensor>> {
  const reasons = new Set<string>();
  const report = (reason: string): void => {
    if (!reasons.has(reason)) ways.onUncaptured?.(reason);
    reasons.add(reason);
  };
  let narrow: Graph;
  try {
    if (graph.nodes.some(({ op }) => op === "Foreign")) {
      // A foreign operation may read values while its commands are recorded.
      const operations = foreignText(foreignOperations(graph)) || "some of its nodes";
      throw new Error(`only ONNX Runtime knows ${operations}`);
    }
    narrow = narrowIntegers(graph);
  } catch (error) {
    report((error as Error).message);
    return ways.uncaptured(graph);
  }

  const isStatic = graph.inputs.every(({ shape }) => shape.every((d) => typeof d === "number"));
  // Later sizes are compiled from the parameters as they are now.
  const [source, original] = isStatic ? [narrow, graph] : [ownNodes(narrow), ownNodes(graph)];
  // By size, the least recently used first; undefined if it cannot be captured.
  const sessions = new Map<string, Executable<OrtTensor> | undefined>();
  let plain: Promise<Executable<OrtTensor>> | undefined;

  const uncaptured = (): Promise<Executable<OrtTensor>> => {
    plain ??= ways.uncaptured(original);
    return plain;
  };

  const capture = async (dims: Bindings): Promise<Executable<OrtTensor> | undefined> => {
    try {
      if (isEmpty(source, dims)) throw new Error("a tensor has no elements");
      return await ways.captured(staticGraph(source, dims));
    } catch (error) {
      report((error as Error).message);
      await uncaptured();
      return undefined;
    }
  };

  const capturedFor = async (dims: Bindings): Promise<Executable<OrtTensor> | undefined> => {
    const key = JSON.stringify(dims);
    const current = sessions.has(key) ? sessions.get(key) : await capture(dims);
    sessions.delete(key);
    sessions.set(key, current);
    const [[oldest, session]] = sessions;
    if (sessions.size > mostSizes) {
      sessions.delete(oldest);
      await session?.dispose();
    }
    return current;
  };

  if (isStatic) await capturedFor({});

  return {
    async run(inputs, dims) {
      const reason = wideInput(inputs);
      if (reason !== undefined) report(reason);
      const session = reason === undefined ? await capturedFor(dims) : undefined;
      return (session ?? (await uncaptured())).run(inputs, dims);
    },
    async dispose() {
      const all = [...sessions.values()];
      await Promise.all([...all.map((s) => s?.dispose()), plain?.then((p) => p.dispose())]);
    },
  };
}

/** Why a graph of int32 cannot take these inputs, if it cannot. */
function wideInput(inputs: ReadonlyMap<string, OrtTensor>): string | undefined {
  for (const [name, given] of inputs) {
    if (given.type !== "int64") continue;
    const wide = (given.data as BigInt64Array).find((v) => v !== BigInt.asIntN(32, v));
    if (wide !== undefined) return `${name} holds ${wide}, and GPUs have 32 bits of int64`;
  }
  return undefined;
}

const isEmpty = ({ inputs, outputs }: Graph, dims: Bindings): boolean =>
  [...inputs, ...Object.values(outputs)].some(({ shape }) => resolveShape(shape, dims).includes(0));
