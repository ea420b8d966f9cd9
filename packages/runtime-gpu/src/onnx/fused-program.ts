/*
 * A program that ends in loops of our own, such as an optimizer's update of all weights:
 *
 *   border, other outputs = runtime(body)    outputs in place = loops(border)
 *
 * The outputs stay in the loops' memory. The next run reads and overwrites those in place there, so a
 * training step copies no state and allocates none.
 */
import type { Graph } from "@gen/graph";
import { wasmLoops } from "@gen/graph/loops";
import type { Executable, InPlace } from "../device.ts";
import { eventLoopYielder } from "../event-loop.ts";
import { bodyProgram } from "./body-program.ts";
import { compileLoops, type LoopsMemory } from "./loops-memory.ts";
import type { Ort, OrtTensor } from "./runtime.ts";

/** The residents of each memory of loops, by every tensor that lies in it. */
export type Residents = WeakMap<OrtTensor, LoopsMemory["residents"]>;

const pause = eventLoopYielder(0);
/** Elements that are copied at once: 2 ms, or 20 on a slow device. */
const COPIED = 2 ** 22;

async function copyInParts(from: Float32Array, to: Float32Array): Promise<void> {
  for (let at = 0; at < from.length; at += COPIED) {
    if (at > 0) await pause();
    to.set(from.subarray(at, at + COPIED), at);
  }
}

/** What a device gives to a program in two parts. */
interface Parts {
  readonly ort: Ort;
  readonly residents: Residents;
  /** Makes the program of the body, whose results are in host memory. */
  compile(body: Graph): Promise<Executable<OrtTensor>>;
  free(tensor: OrtTensor): void;
}

/**
 * Compiles `graph` in two parts; undefined where loops have nothing to compute or are not allowed.
 */
export async function fusedProgram(
  graph: Graph,
  inPlace: InPlace,
  { ort, residents, compile, free }: Parts,
): Promise<Executable<OrtTensor> | undefined> {
  const loops = wasmLoops(graph, inPlace);
  const compiled = loops && (await compileLoops(loops));
  if (!compiled) return undefined;
  const body = await bodyProgram(loops.body, compile);
  const { first, another } = compiled;
  const memories = [first];

  /** A memory in which the run overwrites no tensor that is alive. */
  async function memoryFor(inputs: ReadonlyMap<string, OrtTensor>): Promise<LoopsMemory> {
    const free = memories.find((memory) =>
      [...memory.residents].every(([name, tensor]) => inputs.get(name) === tensor),
    );
    if (free) return free;
    const memory = await another();
    memories.push(memory);
    return memory;
  }

  return {
    async run(inputs, dims) {
      const memory = await memoryFor(inputs);
      const results = await body.run(inputs, dims);
      for (const name of loops.border) {
        const result = name in loops.body.outputs ? results[name] : undefined;
        const value = result ?? (inputs.get(name) as OrtTensor);
        if (memory.residents.get(name) !== value) {
          await copyInParts(value.data as Float32Array, memory.regions[name]);
        }
        if (!result) continue;
        free(result);
        delete results[name];
      }
      for (const [k, part] of memory.parts.entries()) {
        if (k > 0) await pause();
        part();
      }
      for (const [output, name] of Object.entries(loops.outputs)) {
        const { shape } = graph.outputs[output];
        const kept = memory.residents.get(name);
        const tensor = kept ?? new ort.Tensor("float32", memory.regions[name], shape as number[]);
        memory.residents.set(name, tensor);
        residents.set(tensor, memory.residents);
        results[output] = tensor;
      }
      return results;
    },
    dispose: body.dispose,
  };
}
