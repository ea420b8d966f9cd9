import { cast, type Graph, gradients, isFloat, mean, mul, type Parameter } from "@gen/graph";
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

/**
 * Whether a graph runs on a backend here or, for a backend of pages alone, on any device. No device
 * is started.
 */
export async function verdictOn(graph: Graph, { name, leastFacts }: BackendKind): Promise<Verdict> {
  const { obstacles, notes } = preflight(graph, await capabilities(name, { device: "any" }));
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

/** Whether a graph's weights can be trained. */
export function verdictOnTraining({ outputs }: Graph, parameters: readonly Parameter[]): Verdict {
  const verdict = (...obstacles: string[]): Verdict => ({
    where: training,
    runs: obstacles.length === 0,
    obstacles,
    notes: [],
  });
  const weights = parameters.filter((p) => isFloat(p.dtype));
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
