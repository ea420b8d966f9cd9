import { resolve } from "node:path";
import { matmul, silu, tensor, tensorNumbers, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/sampling";
import { Command, Option } from "commander";
import { errorLine, usageError } from "../errors.ts";
import { claimOutput, writeWhole } from "../files.ts";
import { backendNames, openBackend, specificBackends } from "../open-backend.ts";
import { type CommonOptions, path, whole } from "../options.ts";
import { print } from "../print.ts";

type BackendsOptions = Omit<CommonOptions, "backend" | "out"> & {
  readonly backend?: string;
  readonly out?: string;
};

interface Found {
  readonly backend: string;
  readonly available: boolean;
  /** What ran, or why nothing can. */
  readonly detail: string;
  /** The largest difference of a small network's output from its float64 evaluation. */
  readonly error?: number;
}

const side = 64;
const tolerance = 1e-3;

/** `gen backends`. */
export function backendsCommand(): Command {
  return new Command("backends")
    .description("try each backend on a small network, and say why those that cannot run cannot")
    .addOption(
      new Option(
        "--backend <name>",
        "try this one alone, and exit with 2 if it cannot run",
      ).choices(backendNames),
    )
    .addOption(
      new Option("--seed <n>", "decides the numbers it is tried on").default(0).argParser(whole(0)),
    )
    .addOption(new Option("--out <file.json>", "where to write the result as well").argParser(path))
    .option("--force", "replace what is there", false)
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
Examples:
  gen backends
  gen backends --backend onnx/wasm --json`,
    )
    .action(run);
}

async function run({ backend, seed, out, force, json }: BackendsOptions): Promise<void> {
  if (out !== undefined) await claimOutput(out, { force, kind: "file" });
  const found: Found[] = [];
  for (const name of backend ? [backend] : specificBackends) found.push(await tried(name, seed));
  if (backend && !found[0].available) throw usageError(`--backend ${found[0].detail}`);
  if (out !== undefined) await writeWhole(resolve(out), `${JSON.stringify(found, null, 2)}\n`);
  const width = Math.max(...found.map(({ backend }) => backend.length));
  const lines = found.map(({ backend, available, detail }) =>
    [available ? "yes" : "no ", backend.padEnd(width), detail].join("  "),
  );
  print(json, found, lines);
}

async function tried(name: string, seed: number): Promise<Found> {
  try {
    const backend = await openBackend(name);
    try {
      const error = await errorOf(backend, seed);
      const available = error < tolerance;
      const detail = `runs as ${backend.name}, within ${error.toExponential(0)} of float64`;
      return { backend: name, available, detail, error };
    } finally {
      await backend.close();
    }
  } catch (error) {
    return { backend: name, available: false, detail: errorLine(error) };
  }
}

async function errorOf(backend: Backend, seed: number): Promise<number> {
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
