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
import { throwIfAborted } from "../aborted.ts";
import { hasHalves, singlePrecision } from "./single-precision.ts";
import { type Direction, sectionsOf, tileGraph } from "./tile-graph.ts";
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
}

/** What a run takes beside its pictures. */
export interface VaeRun {
  readonly signal?: AbortSignalLike;
  /** Takes note of what was done otherwise than the files say. */
  readonly note: (text: string) => void;
}

/** A half ready to run, with the program of the latest shape. */
export interface VaeHalf {
  /** The outputs for x `[pictures, ...]`. Runs go one after another. */
  run(x: Float32Array, shape: readonly number[], how: VaeRun): Promise<Record<string, Planes>>;
  dispose(): Promise<void>;
}

/** Opens a decoder (`up`) or an encoder (`down`). */
export function vaeHalf<T>(use: VaeUse<T>, direction: Direction): VaeHalf {
  const { backend } = use;
  const part = direction === "up" ? "decoder" : "encoder";
  const graphs = new Map<string, Graph>();
  let whole: { readonly key: string; readonly program: Program<T> } | undefined;
  let overflow: string | undefined;
  let last: Promise<unknown> = Promise.resolve();
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
    if (whole?.key !== key) {
      await free();
      whole = { key, program: await backend.compile(graph) };
    }
    return planesOf(graph, await callProgram(backend, whole.program, { x }));
  }

  async function free(): Promise<void> {
    const old = whole?.program;
    whole = undefined;
    await old?.dispose();
  }

  /** Runs `work` after all earlier work. */
  function inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  async function once(program: Graph, inputs: Record<string, Planes>) {
    const compiled = await backend.compile(program);
    try {
      return planesOf(program, await callProgram(backend, compiled, inputs));
    } finally {
      await compiled.dispose();
    }
  }

  async function runTiled(graph: Graph, x: Planes, tile: number, signal?: AbortSignalLike) {
    const output = Object.values(graph.outputs)[0].shape.map(Number);
    const [, , height, width] = direction === "up" ? x.shape : output;
    const scale = x.shape[2] / height;
    const all = sectionsOf(graph, direction);
    const low = direction === "up" ? 0 : all.length - 1;
    const sections = all.map((section, i) => {
      if (i === low) return { section, windows: undefined };
      const { halo } = tileGraph(section, height, width);
      const [rows, columns] = [height, width].map((length) => spans(length, tile, halo));
      const isWhole = rows[0].size === height && columns[0].size === width;
      return { section, windows: isWhole ? undefined : { rows, columns } };
    });
    if (sections.every(({ windows }) => !windows)) return runWhole(graph, x);
    let values: Record<string, Planes> = { x };
    for (const [i, { section, windows }] of sections.entries()) {
      throwIfAborted(signal);
      if (!windows) {
        values = await once(section, values);
        continue;
      }
      const [h, w] = [windows.rows[0].size, windows.columns[0].size];
      const windowed = await graphFor([1, x.shape[1], h * scale, w * scale]);
      const part = tileGraph(sectionsOf(windowed, direction)[i], h, w);
      values = await runTiles({ backend, ...windows, signal, graph: part }, values);
    }
    return values;
  }

  async function runOne(x: Planes, signal?: AbortSignalLike): Promise<Record<string, Planes>> {
    const graph = await graphFor(x.shape);
    const outputs =
      use.tile === undefined
        ? await runWhole(graph, x)
        : await runTiled(graph, x, use.tile, signal);
    const bad = Object.values(outputs).flatMap(({ data }) => data.find(isNotFinite) ?? []);
    if (bad.length === 0) return outputs;
    if (!isSingle && hasHalves(graph)) {
      isSingle = true;
      overflow = `the VAE's ${part} gives ${bad[0]} in float16: it ran in float32`;
      return runOne(x, signal);
    }
    throw new GenError(
      "not-finite",
      `the VAE's ${part} gives ${bad[0]} for finite numbers: check its weights`,
    );
  }

  return {
    run: (x, [pictures, ...shape], { signal, note }) =>
      inTurn(async () => {
        const size = x.length / pictures;
        const all: Record<string, Planes> = {};
        for (let i = 0; i < pictures; i++) {
          throwIfAborted(signal);
          const data = x.slice(i * size, (i + 1) * size);
          const outputs = await runOne({ data, shape: [1, ...shape] }, signal);
          for (const [name, { data: one, shape: of }] of Object.entries(outputs)) {
            all[name] ??= {
              data: new Float32Array(pictures * one.length),
              shape: [pictures, ...of.slice(1)],
            };
            all[name].data.set(one, i * one.length);
          }
        }
        if (overflow !== undefined) note(overflow);
        return all;
      }),
    dispose: () => inTurn(free),
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
