import {
  cast,
  type Expr,
  type Graph,
  gradients,
  isFloat,
  mean,
  mul,
  type Parameter,
} from "@gen/graph";
import { type Capabilities, capabilities, type Obstacle, preflight } from "@gen/runtime-gpu";
import { errorLine } from "../errors.ts";

/** Whether a model runs somewhere. */
export interface Verdict {
  readonly where: string;
  readonly runs: boolean;
  /** What keeps it from running. */
  readonly obstacles: readonly string[];
  /** What to know where it runs. */
  readonly notes: readonly string[];
}

/** The backends that a verdict is given on, and what stands for gradients and training. */
export const places = [
  "onnx/node-cpu",
  "onnx/wasm",
  "onnx/webgpu",
  "onnx/node-webgpu",
  "tfjs/webgpu",
  "tfjs/webgl",
  "tfjs/wasm",
  "tfjs/cpu",
  "cpu",
] as const;
export type Place = (typeof places)[number];
export const training = "fine-tuning";

// What every device has: the least that WebGPU's and WebGL 2's specifications allow.
const webgpu = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
const webgl = { maxTextureSize: 2048 };

/** Capabilities of a backend here or, for those of a browser, on any device; no device is started. */
async function capabilitiesOf(place: Place): Promise<Capabilities> {
  if (place === "onnx/webgpu") {
    const node = await capabilities("onnx/node-webgpu");
    const dtypes = { ...node.dtypes, float64: "none", float16: "own" } as const;
    return { ...node, backend: place, limits: webgpu, dtypes };
  }
  if (place === "tfjs/webgpu" || place === "tfjs/webgl") {
    const node = await capabilities("tfjs/wasm");
    return { ...node, backend: place, limits: place === "tfjs/webgl" ? webgl : webgpu };
  }
  return capabilities(place);
}

/** Whether a graph runs on a backend. */
export async function verdictOn(graph: Graph, place: Place): Promise<Verdict> {
  const can = await capabilitiesOf(place);
  const { obstacles, notes } = preflight(graph, can);
  const soft = obstacles.filter((o) => isSoft(o, place));
  const hard = obstacles.filter((o) => !soft.includes(o));
  const told = [...notes.map((note) => note.replace(`${place} `, "")), ...bufferNote(soft)];
  if (place === "onnx/webgpu" && graph.nodes.some((e) => e.dtype === "float16")) {
    told.push("float16 needs a GPU with shader-f16");
  }
  return {
    where: place,
    runs: hard.length === 0,
    obstacles: joined(hard),
    notes: told,
  };
}

/** Whether some devices do allow it: the limits that a browser's GPU is held against are the least there are. */
const isSoft = ({ kind }: Obstacle, place: Place): boolean =>
  kind === "buffer" && /web(gpu|gl)$/.test(place) && place !== "onnx/node-webgpu";

function bufferNote(obstacles: readonly Obstacle[]): string[] {
  const most = obstacles.reduce<Obstacle | undefined>(
    (a, b) => (a && (a.needed ?? 0) >= (b.needed ?? 0) ? a : b),
    undefined,
  );
  return most
    ? [`${most.what} needs ${most.needed} bytes, ${most.limit} may allow only ${most.allowed}`]
    : [];
}

/** What cannot be run as one obstacle. */
function joined(obstacles: readonly Obstacle[]): string[] {
  const isMissing = ({ kind, what }: Obstacle) => kind === "operation" && what !== undefined;
  const missing = obstacles.filter(isMissing).map(({ what }) => what);
  const others = obstacles.filter((each) => !isMissing(each)).map(({ reason }) => reason);
  return missing.length > 0 ? [`cannot run ${missing.join(", ")}`, ...others] : others;
}

/** Whether a graph's weights can be trained on. */
export function verdictOnTraining({ outputs }: Graph, parameters: readonly Parameter[]): Verdict {
  const verdict = (obstacle?: string): Verdict => ({
    where: training,
    runs: obstacle === undefined,
    obstacles: obstacle === undefined ? [] : [obstacle],
    notes: [],
  });
  const used = parameters.filter((p) => isFloat(p.dtype));
  const output: Expr | undefined = Object.values(outputs).find((e) => isFloat(e.dtype));
  if (used.length === 0) return verdict("the model has no weights of floats");
  if (!output) return verdict("the model has no output of floats");
  try {
    const y = cast(output, "float32");
    gradients(mean(mul(y, y)), used);
    return verdict();
  } catch (error) {
    return verdict(errorLine(error));
  }
}
