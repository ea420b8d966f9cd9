import * as g from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import * as ort from "onnxruntime-web/webgpu";
import { type Capabilities, capabilities } from "../../../src/index.ts";
import { openHere } from "./subjects.ts";

type Build = (x: g.Expr, y: g.Expr) => g.Expr;

/** One graph for each operation, by the operation's name. */
const builds: Record<string, Build> = {
  Add: g.add,
  Sub: g.sub,
  Mul: g.mul,
  Div: g.div,
  Pow: g.pow,
  Max: g.maximum,
  Min: g.minimum,
  Greater: g.greater,
  Less: g.less,
  Equal: g.equal,
  Neg: g.neg,
  Exp: g.exp,
  Log: g.log,
  Sqrt: g.sqrt,
  Abs: g.abs,
  Sign: g.sign,
  Sin: g.sin,
  Cos: g.cos,
  Tanh: g.tanh,
  Sigmoid: g.sigmoid,
  Softplus: g.softplus,
  Relu: g.relu,
  Erf: g.erf,
  Floor: g.floor,
  Where: (x, y) => g.where(g.input("c", { shape: ["batch", 4], dtype: "bool" }), x, y),
  Cast: (x) => g.cast(x, x.dtype === "float32" ? "int32" : "float32"),
  Reshape: (x) => g.reshape(x, ["batch", 2, 2]),
  Transpose: (x) => g.transpose(x, [1, 0]),
  Concat: (x, y) => g.concat([x, y], 1),
  Slice: (x) => g.slice(x, 1, 1, 3),
  Pad: (x) => g.pad(x, [0, 1], [0, 1]),
  Gather: (x) => g.gather(x, g.input("i", { shape: [2], dtype: "int32" }), 1),
  ReduceSum: (x) => g.sum(x, [1]),
  ReduceMean: (x) => g.mean(x, [1]),
  ReduceMax: (x) => g.max(x, [1]),
  Softmax: (x) => g.softmax(x),
  MatMul: (x, y) => g.matmul(x, y, { transposeB: true }),
  Conv: (x, y) => g.conv2d(planes(x), g.reshape(g.slice(y, 0, 0, 1), [1, 1, 2, 2])),
  AveragePool: (x) => g.averagePool(planes(x)),
  Resize: (x) => g.upsampleNearest(planes(x)),
};
const planes = (x: g.Expr) => g.reshape(x, ["batch", 1, 2, 2]);

/**
 * The dtypes for which each operation has no shader, measured by forbidding the CPU to the runtime,
 * beside what the capabilities state.
 */
export async function onHost() {
  const backend = await openHere("onnx/webgpu");
  const measured: Record<string, string[]> = {};
  const tried: string[] = [];
  for (const dtype of ["float32", "int32", "int64", "bool"] as const) {
    for (const [op, build] of Object.entries(builds)) {
      const bytes = modelOf(build, dtype);
      if (!bytes) continue;
      const found = await stays(bytes);
      if (found === undefined) continue;
      tried.push(`${op} ${dtype}`);
      if (!found) measured[op] = [...(measured[op] ?? []), dtype];
    }
  }
  await backend.close();
  return { measured, tried, told: (await capabilities("onnx/webgpu")).operations };
}

/** What the page's capabilities are. */
export const whatCan = (name?: string): Promise<Capabilities> => capabilities(name);

/** Why a backend cannot be opened in the page. */
export async function refusal(name: string) {
  const error: unknown = await openHere(name).then(
    ({ name }) => new Error(`${name} opened`),
    (error) => error,
  );
  return { code: errorCode(error), message: (error as Error).message };
}

/** Undefined where the operation does not take the dtype. */
function modelOf(build: Build, dtype: g.DType): Uint8Array | undefined {
  const [x, y] = ["x", "y"].map((name) => g.input(name, { shape: ["batch", 4], dtype }));
  try {
    return toOnnx(g.graphOf({ out: build(x, y) }));
  } catch {
    return undefined;
  }
}

/** Whether all of a model stays on the GPU; undefined where ONNX itself lacks the dtype. */
async function stays(bytes: Uint8Array): Promise<boolean | undefined> {
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["webgpu"],
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: "1" } },
    });
    await session.release();
    return true;
  } catch (error) {
    return (error as Error).message.includes("default CPU EP") ? false : undefined;
  }
}
