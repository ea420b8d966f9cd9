import type { Graph } from "@gen/graph";
import { splitCalls } from "@gen/graph/compiler";
import type { Executable, InPlace } from "../device.ts";
import type { fileSessions } from "./calling-program.ts";
import type { OrtTensor } from "./runtime.ts";

/** What a device gives to a program in parts. */
interface Parts {
  /** The sessions of the device's model files. */
  sessions(): Promise<ReturnType<typeof fileSessions>>;
  /** Makes the program of a graph that the runtime computes wholly. */
  compile(graph: Graph): Promise<Executable<OrtTensor>>;
  /** Makes a program that ends in loops of our own; undefined where there are none. */
  fuse(graph: Graph, inPlace: InPlace): Promise<Executable<OrtTensor> | undefined>;
  free(tensor: OrtTensor): void;
}

/** Compiles a graph, perhaps around model files, that ends in loops where outputs are in place. */
export async function partsProgram(
  graph: Graph,
  inPlace: InPlace = {},
  { sessions, compile, fuse, free }: Parts,
): Promise<Executable<OrtTensor>> {
  const ends = Object.keys(inPlace).length > 0;
  const part = async (each: Graph) =>
    (ends ? await fuse(each, inPlace) : undefined) ?? compile(each);
  const plan = splitCalls(graph);
  if (!plan) return part(graph);
  // Only large models need it.
  const { callingProgram } = await import("./calling-program.ts");
  return callingProgram(plan, { sessions: await sessions(), compile: part, free });
}
