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
import { type BackendKind, capabilities, type Obstacle, preflight } from "@gen/runtime-gpu";
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

/** What stands for gradients and training among the places that a verdict is given on. */
export const training = "fine-tuning";

/** Whether a graph runs on a backend here or, for one of pages alone, on any device; no device is started. */
export async function verdictOn(graph: Graph, { name, leastFacts }: BackendKind): Promise<Verdict> {
  const { obstacles, notes } = preflight(graph, await capabilities(name, { device: "any" }));
  // Some devices do allow more than the least that is asked of all.
  const soft = obstacles.filter(
    ({ kind, limit }) => leastFacts && (kind === "buffer" || limit === "f16"),
  );
  const hard = obstacles.filter((o) => !soft.includes(o));
  const buffers = soft.filter(({ kind }) => kind === "buffer");
  const told = [...notes.map((note) => note.replace(`${name} `, "")), ...bufferNote(buffers)];
  if (soft.length > buffers.length) told.push("float16 needs a GPU with shader-f16");
  return {
    where: name,
    runs: hard.length === 0,
    obstacles: joined(hard),
    notes: told,
  };
}

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
