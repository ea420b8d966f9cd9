import { type Graph, shapeText } from "@gen/graph";
import { type Bindings, bindDims } from "@gen/graph/compiler";
import type { DeviceTensor } from "./ledger.ts";

/**
 * Checks a run's inputs against a graph's and works out its named dimensions.
 * @throws TypeError for a missing or unknown input or a wrong dtype, RangeError for a shape that does not fit.
 */
export function checkInputs(graph: Graph, given: Readonly<Record<string, DeviceTensor>>): Bindings {
  const names = graph.inputs.map((i) => i.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new TypeError(`unknown input ${name}; the graph takes ${names.join(", ") || "none"}`);
  }
  for (const { name, dtype, shape } of graph.inputs) {
    const got = given[name];
    if (!got) throw new TypeError(`input ${name} ${dtype} ${shapeText(shape)} is missing`);
    if (got.dtype === dtype) continue;
    throw new TypeError(
      `input ${name} must be ${dtype} ${shapeText(shape)}, got ${got.dtype} ${shapeText(got.shape)}`,
    );
  }
  const shapes = Object.fromEntries(names.map((name) => [name, given[name].shape]));
  return bindDims(graph.inputs, shapes);
}
