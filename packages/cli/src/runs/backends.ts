import { resolve } from "node:path";
import { matmul, silu, tensor, tensorNumbers, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { normalNoise } from "@gen/math";
import {
  type Backend,
  backendNames,
  callProgram,
  capabilities,
  openBackend,
} from "@gen/runtime-gpu";
import { replaceFile } from "../atomic-files.ts";
import { errorLine, usageError } from "../errors.ts";
import { claimOutput } from "../files.ts";
import type { CommonOptions } from "../options.ts";
import { print } from "../terminal.ts";

type BackendsOptions = Omit<CommonOptions, "backend" | "out"> & {
  readonly backend?: string;
  readonly out?: string;
};

const side = 64;
const tolerance = 1e-3;

/** Runs `gen backends`. */
export async function runBackends({
  backend,
  seed,
  out,
  force,
  json,
}: BackendsOptions): Promise<void> {
  if (out !== undefined) await claimOutput(out, { force, kind: "file" });
  const results: Awaited<ReturnType<typeof tryBackend>>[] = [];
  for (const name of backend ? [backend] : backendNames()) {
    results.push(await tryBackend(name, seed));
  }
  if (backend && !results[0].available) throw usageError(`--backend ${results[0].detail}`);
  if (out !== undefined) await replaceFile(resolve(out), `${JSON.stringify(results, null, 2)}\n`);
  print(json, results, backendLines(results));
}

/** The lines that `gen backends` prints. */
export function backendLines(results: readonly Awaited<ReturnType<typeof tryBackend>>[]): string[] {
  const width = Math.max(...results.map(({ backend }) => backend.length));
  return results.flatMap(({ backend, available, detail, lacks }) => [
    [available ? "yes" : "no ", backend.padEnd(width), detail].join("  "),
    ...Object.entries(lacks).map(
      ([name, text]) => `     ${" ".repeat(width)}  no ${name}: ${text}`,
    ),
  ]);
}

/**
 * Runs a small network on a backend: its error, or the reason why it is not available, and what it
 * does without here.
 */
export async function tryBackend(name: string, seed: number) {
  try {
    const backend = await openBackend(name);
    try {
      const error = await largestError(backend, seed);
      const available = error < tolerance;
      const detail = `runs as ${backend.name}, within ${error.toExponential(0)} of float64`;
      const { lacks } = await capabilities(backend.name);
      return { backend: name, available, detail, error, lacks };
    } finally {
      await backend.close();
    }
  } catch (error) {
    return { backend: name, available: false, detail: errorLine(error), lacks: {} };
  }
}

/** The largest difference of a small network's output from its float64 evaluation. */
async function largestError(backend: Backend, seed: number): Promise<number> {
  const noise = { seed, batch: side, size: side };
  const shape = [side, side];
  const weights = tensor(normalNoise({ ...noise, purpose: "weights" }), shape);
  const values = tensor(normalNoise({ ...noise, purpose: "input" }), shape);
  const graph = trace(({ x, w }) => ({ y: silu(matmul(x, w)) }), { x: { shape }, w: { shape } });
  const expected = tensorNumbers(evaluate(graph, { x: values, w: weights }).y);
  const program = await backend.compile(graph);
  const { y } = await callProgram(backend, program, { x: values, w: weights });
  return Math.max(...Array.from(y, (value, i) => Math.abs(value - Number(expected[i]))));
}
