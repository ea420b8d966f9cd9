import { type Graph, trace } from "@gen/graph";
import { resolveShape } from "@gen/graph/compiler";
import { MAX_FILE_BYTES, type OnnxModel, type WholeFile, wholeModel } from "@gen/graph/onnx";
import { capabilities, preflight } from "@gen/runtime-gpu";
import { choices } from "../../backends/choices.ts";
import type { Fit, Memory } from "./model-work.ts";

/** A model that was read from its headers. */
export interface HeadModel {
  readonly name: string;
  /** Bytes of its file and of those beside it. */
  readonly bytes: number;
  readonly model: OnnxModel;
  /** The model at the sizes that its inputs have. */
  readonly graph: Graph;
}

type SizeOf = (input: string, axis: number, rank: number) => number | undefined;

/** The size of a dynamic dimension that nothing tells: one row, 64 of all else. */
const usualSize = (axis: number) => (axis === 0 ? 1 : 64);

/** Reads a model's headers. @throws GenError as `wholeModel` and `trace` do. */
export async function readHead(
  name: string,
  file: WholeFile,
  sizeOf: SizeOf = () => undefined,
): Promise<HeadModel> {
  const model = await wholeModel(file);
  const inputs = Object.entries(model.signature).map(([input, { shape, dtype }]) => {
    const sizes: Record<string, number> = {};
    for (const [axis, dim] of shape.entries()) {
      const names = String(dim).split("*");
      for (const each of names.filter((part) => Number.isNaN(Number(part)))) {
        sizes[each] ??= sizeOf(input, axis, shape.length) ?? usualSize(axis);
      }
    }
    return [input, { dtype, shape: resolveShape(shape, sizes) }];
  });
  return {
    name,
    bytes: model.bytes,
    model,
    graph: trace(model.inside, Object.fromEntries(inputs)),
  };
}

/** Whether models that run one after another, with all weights in memory, fit the backends here. */
export async function fitsHere(
  models: readonly HeadModel[],
): Promise<{ memory: Memory; fits: Fit[] }> {
  let memory = { weights: 0, run: 0 };
  const fits: Fit[] = [];
  for (const [backend, label] of Object.entries(choices)) {
    const can = await capabilities(backend);
    const found = models.map(({ graph }) => preflight(graph, can));
    memory = {
      weights: found.reduce((sum, { parameterBytes }) => sum + parameterBytes, 0),
      run: Math.max(0, ...found.map(({ runBytes }) => runBytes)),
    };
    const isOnnx = backend.startsWith("onnx");
    const obstacles = found.flatMap((each, i) =>
      each.obstacles
        // ONNX Runtime opens a large model's file itself.
        .filter(({ kind, limit }) => kind !== "device" && !(isOnnx && limit === "modelBytes"))
        .map(({ reason }) => `${models[i].name}: ${reason}`),
    );
    const large = isOnnx ? [] : models.filter(({ bytes }) => bytes > MAX_FILE_BYTES);
    obstacles.push(...large.map(({ name }) => `${name}: only ONNX Runtime opens so large a model`));
    const needed = memory.weights + memory.run;
    const { maxMemory: allowed = Number.POSITIVE_INFINITY } = can.limits;
    fits.push({
      ...{ backend, label },
      ...(!can.available && { absent: can.reason }),
      ...(needed > allowed && { tooMuch: { needed, allowed } }),
      obstacles: [...new Set(obstacles)],
      notes: [...new Set(found.flatMap(({ notes }) => notes))],
    });
  }
  return { memory, fits };
}
