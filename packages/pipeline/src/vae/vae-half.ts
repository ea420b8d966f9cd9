/*
 * A VAE's decoder or encoder on pictures in memory, one picture at a time:
 *
 *   whole, or in tiles (tiles.ts); in float32 where float16 overflows (single-precision.ts)
 */
import { type Expr, type Graph, trace } from "@gen/graph";
import { GenError } from "@gen/math";
import type { Backend, Program } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import type { AbortSignalLike } from "@gen/sampling";
import { throwIfAborted } from "../prompt/aborted.ts";
import { hasHalves, singlePrecision } from "./single-precision.ts";
import { type Direction, splitAtCut, tileGraph } from "./tile-graph.ts";
import { type Planes, runTiles, spans } from "./tiles.ts";

/** A decoder or an encoder: `[1, channels, height, width]` to named outputs of one size. */
export type Half = (x: Expr) => Readonly<Record<string, Expr>>;

/** What a half of a VAE is run with. */
export interface VaeUse<T> {
  readonly backend: Backend<T>;
  readonly half: Half;
  /** The same half as expressions, where its file went to the runtime as it is. */
  readonly asGraph?: () => Promise<Half>;
  /** Runs in float32 from the start what is in float16. */
  readonly upcast?: boolean;
  /** Latents along a side of a tile. @defaultValue no tiles */
  readonly tile?: number;
  readonly signal?: AbortSignalLike;
  /** Takes note of what was done otherwise than the files say. */
  readonly note: (text: string) => void;
}

/** A half ready to run. */
export interface VaeHalf {
  /** The outputs for x `[pictures, ...]` of the shape that it was opened for. */
  run(x: Float32Array, shape: readonly number[]): Promise<Record<string, Planes>>;
  dispose(): Promise<void>;
}

/** Opens a decoder (`up`) or an encoder (`down`). */
export function vaeHalf<T>(use: VaeUse<T>, direction: Direction): VaeHalf {
  const { backend, signal, note } = use;
  const part = direction === "up" ? "decoder" : "encoder";
  const programs = new Map<string, Promise<Program<T>>>();
  const graphs = new Map<string, Graph>();
  let isSingle = use.upcast === true;
  let expressions: Promise<Half> | undefined;

  async function graphFor(shape: readonly number[]): Promise<Graph> {
    const key = `${isSingle} ${shape}`;
    const graph = graphs.get(key) ?? (await traced(shape));
    graphs.set(key, graph);
    return graph;
  }

  async function traced(shape: readonly number[]): Promise<Graph> {
    const graphOfHalf = (half: Half) => trace(({ x }) => half(x), { x: { shape } });
    const first = graphOfHalf(use.half);
    const needsExpressions = use.tile !== undefined || (isSingle && hasHalves(first));
    if (!needsExpressions || !isWhole(first)) return isSingle ? singlePrecision(first) : first;
    expressions ??= use.asGraph?.();
    if (!expressions) {
      throw new GenError(
        "invalid-model",
        `the VAE's ${part} is kept whole: it runs neither in tiles nor in float32`,
      );
    }
    const graph = graphOfHalf(await expressions);
    return isSingle ? singlePrecision(graph) : graph;
  }

  async function runWhole(graph: Graph, x: Planes): Promise<Record<string, Planes>> {
    const key = `${isSingle} ${x.shape}`;
    const opening = programs.get(key) ?? backend.compile(graph);
    programs.set(key, opening);
    opening.catch(() => programs.delete(key));
    return planesOf(graph, await callProgram(backend, await opening, { x }));
  }

  async function once(program: Graph, inputs: Record<string, Planes>) {
    const compiled = await backend.compile(program);
    try {
      return planesOf(program, await callProgram(backend, compiled, inputs));
    } finally {
      await compiled.dispose();
    }
  }

  async function runTiled(graph: Graph, x: Planes, tile: number) {
    const output = Object.values(graph.outputs)[0].shape.map(Number);
    const [, , height, width] = direction === "up" ? x.shape : output;
    const factor = Math.max(output[2] / x.shape[2], x.shape[2] / output[2]);
    const { first, second } = splitAtCut(graph, height, direction);
    const high = direction === "up" ? second : first;
    const windowed = (h: number, w: number) => {
      const scale = direction === "up" ? 1 : factor;
      return graphFor([1, x.shape[1], h * scale, w * scale]).then((part) => {
        const halves = splitAtCut(part, h, direction);
        return direction === "up" ? halves.second : halves.first;
      });
    };
    const { halo } = tileGraph(high, height, width);
    const [rows, columns] = [height, width].map((length) => spans(length, tile, halo));
    const [{ size: h }, { size: w }] = [rows[0], columns[0]];
    if (h === height && w === width) return runWhole(graph, x);
    const run = { backend, rows, columns, signal, graph: tileGraph(await windowed(h, w), h, w) };
    if (direction === "down") return once(second, await runTiles(run, { x }));
    return runTiles(run, await once(first, { x }));
  }

  async function runOne(x: Planes): Promise<Record<string, Planes>> {
    const graph = await graphFor(x.shape);
    const outputs =
      use.tile === undefined ? await runWhole(graph, x) : await runTiled(graph, x, use.tile);
    const bad = Object.values(outputs).flatMap(({ data }) => data.find(isNotFinite) ?? []);
    if (bad.length === 0) return outputs;
    if (!isSingle && hasHalves(graph)) {
      isSingle = true;
      note(`the VAE's ${part} gives ${bad[0]} in float16: it ran in float32`);
      return runOne(x);
    }
    throw new GenError(
      "not-finite",
      `the VAE's ${part} gives ${bad[0]} for finite numbers: check its weights`,
    );
  }

  return {
    async run(x, [pictures, ...shape]) {
      const size = x.length / pictures;
      const all: Record<string, Planes> = {};
      for (let i = 0; i < pictures; i++) {
        throwIfAborted(signal);
        const data = x.slice(i * size, (i + 1) * size);
        const outputs = await runOne({ data, shape: [1, ...shape] });
        for (const [name, { data: one, shape: of }] of Object.entries(outputs)) {
          all[name] ??= {
            data: new Float32Array(pictures * one.length),
            shape: [pictures, ...of.slice(1)],
          };
          all[name].data.set(one, i * one.length);
        }
      }
      return all;
    },
    async dispose() {
      const opened = await Promise.allSettled(programs.values());
      programs.clear();
      for (const one of opened) if (one.status === "fulfilled") await one.value.dispose();
    },
  };
}

const isNotFinite = (value: number) => !Number.isFinite(value);

/** Whether a graph holds a model's file, which the runtime opens as it is. */
const isWhole = ({ nodes }: Graph) =>
  nodes.some((node) => node.op === "Foreign" && node.node.file !== undefined);

const planesOf = (
  { outputs }: Graph,
  values: Readonly<Record<string, ArrayLike<number>>>,
): Record<string, Planes> =>
  Object.fromEntries(
    Object.entries(values).map(([name, data]) => [
      name,
      { data: Float32Array.from(data), shape: outputs[name].shape.map(Number) },
    ]),
  );
