// A graph as a bare session of ONNX Runtime, run in a loop on inputs that are made once: what an
// application would do that needs nothing but the graph.
import { toOnnx } from "@gen/graph/onnx";

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

// Small numbers, none negative: second moments are among the inputs.
const dataOf = (dtype, size) => {
  if (dtype === "int64") return new BigInt64Array(size).fill(1n);
  if (dtype === "int32") return new Int32Array(size).fill(1);
  if (dtype === "bool") return new Uint8Array(size).fill(1);
  return Float32Array.from({ length: size }, (_, i) => 0.01 * (1 + Math.sin(12.9898 * i)));
};

/**
 * `{ run, close }` of `graph`. `keeps(dtype)` says whether values of a dtype stay on the device;
 * `place(tensor)` then puts an input there. Outputs of one element are read, as losses are.
 */
export async function bareSession({ ort, graph, executionProviders, keeps, place }) {
  const inputs = {};
  for (const { name, dtype, shape } of graph.inputs) {
    if (!shape.every(Number.isInteger)) throw new Error(`input ${name} has the shape [${shape}]`);
    const tensor = new ort.Tensor(dtype, dataOf(dtype, sizeOf(shape)), shape);
    inputs[name] = keeps?.(dtype) ? place(tensor) : tensor;
  }
  // ONNX forbids an output to have an input's name.
  const outputs = Object.fromEntries(
    Object.entries(graph.outputs).map(([name, e]) => [`out/${name}`, e]),
  );
  const locations = Object.entries(outputs).map(([name, { dtype, shape }]) => [
    name,
    keeps?.(dtype) && sizeOf(shape) > 1 ? "gpu-buffer" : "cpu",
  ]);
  const session = await ort.InferenceSession.create(toOnnx({ ...graph, outputs }), {
    executionProviders,
    logSeverityLevel: 4,
    ...(keeps && { preferredOutputLocation: Object.fromEntries(locations) }),
  });
  return {
    async run() {
      for (const tensor of Object.values(await session.run(inputs))) tensor.dispose();
    },
    async close() {
      await session.release();
      for (const tensor of Object.values(inputs)) tensor.dispose();
    },
  };
}
