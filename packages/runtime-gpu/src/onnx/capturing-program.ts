import type { Graph } from "@gen/graph";
import { type Bindings, foreignText, resolveShape } from "@gen/graph/compiler";
import { foreignOperations } from "@gen/graph/onnx";
import type { Executable } from "../device.ts";
import { unsupported } from "../errors.ts";
import { narrowIntegers } from "./passes/narrow-integers.ts";
import { ownNodes, staticGraph } from "./passes/static-graph.ts";
import type { OrtTensor } from "./runtime.ts";
import type { GraphSession } from "./session.ts";

/** Both ways to run a graph, and who is told why one of them was not taken. */
export interface Ways {
  captured(graph: Graph): Promise<GraphSession>;
  uncaptured(graph: Graph): Promise<Executable<OrtTensor>>;
  onUncaptured?: ((reason: string) => void) | undefined;
}

/** Sizes of named dimensions whose commands are kept; each holds its own weights and buffers. */
const most = 4;

/**
 * A program that is captured once for each size of its named dimensions, and runs uncaptured where it cannot
 * be. It is compiled at once where no dimension has a name, else in the first run of each size.
 */
export async function capturingProgram(graph: Graph, ways: Ways): Promise<Executable<OrtTensor>> {
  const told = new Set<string>();
  const tell = (reason: string): void => {
    if (!told.has(reason)) ways.onUncaptured?.(reason);
    told.add(reason);
  };
  let narrow: Graph;
  try {
    narrow = recordable(graph);
  } catch (error) {
    tell((error as Error).message);
    return ways.uncaptured(graph);
  }

  const isStatic = graph.inputs.every(({ shape }) => shape.every((d) => typeof d === "number"));
  // Later sizes are compiled from the parameters as they are now.
  const [source, whole] = isStatic ? [narrow, graph] : [ownNodes(narrow), ownNodes(graph)];
  // By size, the least recently used first; undefined where it was refused.
  const sessions = new Map<string, GraphSession | undefined>();
  let plain: Promise<Executable<OrtTensor>> | undefined;

  const uncaptured = (): Promise<Executable<OrtTensor>> => {
    plain ??= ways.uncaptured(whole);
    return plain;
  };

  const capturedFor = async (dims: Bindings): Promise<GraphSession | undefined> => {
    const key = JSON.stringify(dims);
    const made = sessions.has(key) ? sessions.get(key) : await capture(dims);
    sessions.delete(key);
    sessions.set(key, made);
    const [[oldest, session]] = sessions;
    if (sessions.size > most) {
      sessions.delete(oldest);
      await session?.release();
    }
    return made;
  };

  const capture = async (dims: Bindings): Promise<GraphSession | undefined> => {
    try {
      if (isEmpty(source, dims)) throw new Error("a tensor has no elements");
      return await ways.captured(staticGraph(source, dims));
    } catch (error) {
      tell((error as Error).message);
      await uncaptured();
      return undefined;
    }
  };

  if (isStatic) await capturedFor({});

  return {
    async run(inputs, dims) {
      const reason = tooLarge(inputs);
      if (reason !== undefined) tell(reason);
      const session = reason === undefined ? await capturedFor(dims) : undefined;
      return session ? session.run(inputs) : (await uncaptured()).run(inputs, dims);
    },
    async dispose() {
      const all = [...sessions.values()];
      await Promise.all([...all.map((s) => s?.release()), plain?.then((p) => p.dispose())]);
    },
  };
}

/**
 * The graph in a form that can be recorded, as far as it says so itself.
 * @throws GenError `unsupported-graph` with the reason why not.
 */
function recordable(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op === "Foreign")) return narrowIntegers(graph);
  // It may look at values while its commands are recorded.
  const operations = foreignText(foreignOperations(graph));
  throw unsupported(`only ONNX Runtime knows ${operations || "some of its nodes"}`);
}

/** Why these inputs cannot be given to a graph of narrow integers. */
function tooLarge(inputs: ReadonlyMap<string, OrtTensor>): string | undefined {
  for (const [name, given] of inputs) {
    if (given.type !== "int64") continue;
    const wide = (given.data as BigInt64Array).find((v) => v !== BigInt.asIntN(32, v));
    if (wide !== undefined) return `${name} holds ${wide}, and GPUs have 32 bits of int64`;
  }
  return undefined;
}

const isEmpty = ({ inputs, outputs }: Graph, dims: Bindings): boolean =>
  [...inputs, ...Object.values(outputs)].some(({ shape }) => resolveShape(shape, dims).includes(0));
