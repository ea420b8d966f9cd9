import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { check } from "../../conformance/case.ts";
import { openHere } from "./subjects.ts";

const LENGTHS = [1000, 70_001];

/** A step of gradient descent with momentum on several vectors. */
function descent() {
  const outputs: Record<string, g.Expr> = {};
  const inPlace: Record<string, string> = {};
  const rates = g.input("rates", { shape: [2] });
  const [rate, decay] = [g.slice(rates, 0, 0, 1), g.slice(rates, 0, 1, 2)];
  for (const [i, n] of LENGTHS.entries()) {
    const [w, v, slope] = ["w", "v", "slope"].map((name) => g.input(name + i, { shape: [n] }));
    const velocity = g.add(g.mul(v, decay), g.where(g.greater(slope, 1), 1, slope));
    outputs[`next.v${i}`] = velocity;
    outputs[`next.w${i}`] = g.sub(w, g.mul(velocity, rate));
    inPlace[`next.v${i}`] = `v${i}`;
    inPlace[`next.w${i}`] = `w${i}`;
  }
  return { graph: g.graphOf(outputs), inPlace };
}

/** The dispatches of a run whose outputs are all in place, each of which is checked. */
export async function dispatchesInPlace(): Promise<number> {
  const { graph, inPlace } = descent();
  const backend = await openHere("onnx/webgpu");
  const program = await backend.compile(graph, { inPlace });
  const given = Object.fromEntries(
    graph.inputs.map(({ name, shape }, k) => {
      const data = Float32Array.from({ length: Number(shape[0]) }, (_, i) => Math.sin(i + k) * 2);
      return [name, g.tensor(data, shape as number[])];
    }),
  );
  const inputs = Object.fromEntries(
    Object.entries(given).map(([name, { data, shape }]) => [name, backend.upload(data, shape)]),
  );
  const pass = (globalThis as unknown as { GPUComputePassEncoder: { prototype: Pass } })
    .GPUComputePassEncoder.prototype;
  const dispatch = pass.dispatchWorkgroups;
  let dispatches = 0;
  pass.dispatchWorkgroups = function (...counts) {
    dispatches++;
    return dispatch.apply(this, counts);
  };
  const results = await program.run(inputs);
  pass.dispatchWorkgroups = dispatch;
  const wanted = evaluate(graph, given);
  for (const [name, tensor] of Object.entries(results)) {
    const got = await backend.download(tensor);
    const numbers = g.tensorNumbers(wanted[name]);
    let [error, largest] = [0, 0];
    for (const [i, v] of got.entries()) {
      error = Math.max(error, Math.abs(v - numbers[i]));
      largest = Math.max(largest, Math.abs(numbers[i]));
    }
    check(error < 1e-6 * largest, `${name} is ${error} off, its largest number is ${largest}`);
  }
  await backend.close();
  return dispatches;
}

interface Pass {
  dispatchWorkgroups(...counts: number[]): void;
}
