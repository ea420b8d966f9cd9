import { cast, type Graph, gradients, isFloat, mean, mul } from "@gen/graph";
import { MAX_FILE_BYTES } from "@gen/graph/onnx";
import { type BackendKind, capabilities, type Obstacle, preflight } from "@gen/runtime-gpu";
import { errorLine } from "../errors.ts";

/** Whether a model runs somewhere. */
export interface Verdict {
  readonly where: string;
  readonly runs: boolean;
  /** Why it does not run. */
  readonly obstacles: readonly string[];
  /** What to know if it runs. */
  readonly notes: readonly string[];
}

/** The name of gradients and training in a verdict. */
export const training = "fine-tuning";

/** Why a model of `bytes` is not read as a graph; undefined where it is. */
const tooLargeForGraph = (bytes: number): string | undefined =>
  bytes > MAX_FILE_BYTES
    ? `a model of ${bytes} bytes goes to ONNX Runtime as it is; at most ${MAX_FILE_BYTES} are read as a graph`
    : undefined;

/**
 * Whether a graph, whose files have `bytes`, runs on a backend here or, for a backend of pages alone,
 * on any device. No device is started.
 */
export async function verdictOn(
  graph: Graph,
  { name, leastFacts }: BackendKind,
  bytes: number,
): Promise<Verdict> {
  const isOnnx = name.startsWith("onnx");
  const tooLarge = isOnnx ? undefined : tooLargeForGraph(bytes);
  if (tooLarge) return { where: name, runs: false, obstacles: [tooLarge], notes: [] };
  const found = preflight(graph, await capabilities(name, { device: "any" }));
  const { notes } = found;
  // ONNX Runtime opens a large model's files itself, which no message of 2 GiB has to hold.
  const obstacles = found.obstacles.filter(({ limit }) => !isOnnx || limit !== "modelBytes");
  // The limits of a page's GPU are the least that every device has; some devices allow more.
  const mayPass = ({ kind, limit }: Obstacle) =>
    leastFacts && (kind === "buffer" || limit === "f16");
  const hard = obstacles.filter((obstacle) => !mayPass(obstacle));
  const soft = obstacles.filter(mayPass);
  const [largest] = soft
    .filter(({ kind }) => kind === "buffer")
    .sort((a, b) => (b.needed ?? 0) - (a.needed ?? 0));
  const warnings = notes.map((note) => note.replace(`${name} `, ""));
  if (largest) {
    const { what, needed, limit, allowed } = largest;
    warnings.push(`${what} needs ${needed} bytes, ${limit} may allow only ${allowed}`);
  }
  if (soft.some(({ kind }) => kind !== "buffer")) {
    warnings.push("float16 needs a GPU with shader-f16");
  }
  return { where: name, runs: hard.length === 0, obstacles: obstacleTexts(hard), notes: warnings };
}

/** The reasons of obstacles; the missing operations are one reason. */
function obstacleTexts(obstacles: readonly Obstacle[]): string[] {
  const isMissing = ({ kind, what }: Obstacle) => kind === "operation" && what !== undefined;
  const missing = obstacles.filter(isMissing).map(({ what }) => what);
  const others = obstacles.filter((each) => !isMissing(each)).map(({ reason }) => reason);
  return missing.length > 0 ? [`cannot run ${missing.join(", ")}`, ...others] : others;
}

/** Whether the weights of a graph, whose files have `bytes`, can be trained. */
export function verdictOnTraining({ nodes, outputs }: Graph, bytes: number): Verdict {
  const verdict = (...obstacles: string[]): Verdict => ({
    where: training,
    runs: obstacles.length === 0,
    obstacles,
    notes: [],
  });
  const tooLarge = tooLargeForGraph(bytes);
  if (tooLarge) return verdict(tooLarge);
  const weights = nodes.filter((e) => e.op === "Parameter" && isFloat(e.dtype));
  const output = Object.values(outputs).find((e) => isFloat(e.dtype));
  if (weights.length === 0) return verdict("the model has no weights of floats");
  if (!output) return verdict("the model has no output of floats");
  try {
    const y = cast(output, "float32");
    gradients(mean(mul(y, y)), weights);
    return verdict();
  } catch (error) {
    return verdict(errorLine(error));
  }
}
