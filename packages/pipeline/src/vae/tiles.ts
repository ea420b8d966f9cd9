/*
 * The high part of a VAE's half run in tiles (see tile-graph.ts). The statistics of its n group
 * normalizations are found by passes over the tiles:
 *
 *   pass 0   each tile by its own statistics; their sums give first estimates
 *   pass k   each tile by the estimates of pass k - 1, until they no longer change
 *
 * The first k normalizations are exact after pass k, so n + 1 passes always end; 4 to 8 usually do.
 */
import type { Graph } from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import { callProgram, type HostInput } from "@gen/runtime-gpu/call-program";
import type { AbortSignalLike } from "@gen/sampling";
import { throwIfAborted } from "../prompt/aborted.ts";
import { INNER, STATISTICS, SUMS, type TileGraph } from "./tile-graph.ts";

/** One tile along a side, in latents: the window that is computed, and the part that is kept. */
export interface Span {
  readonly start: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Windows of one size that cover `length`: `tile` each, and `halo` around. */
export function spans(length: number, tile: number, halo: number): Span[] {
  const size = Math.min(length, tile + 2 * halo);
  return Array.from({ length: Math.ceil(length / tile) }, (_, i) => {
    const from = i * tile;
    const start = Math.min(Math.max(from - halo, 0), length - size);
    return { start, size, from, to: Math.min(from + tile, length) };
  });
}

/** Numbers `[1, channels, height, width]` of which tiles are cut, or which tiles fill. */
export interface Planes {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Copies a rectangle between two planes; rows and columns are those of each. */
function copy(
  from: Planes,
  [fromRow, fromColumn]: readonly [number, number],
  to: Planes,
  [toRow, toColumn]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): void {
  const [, channels, fromHeight, fromWidth] = from.shape;
  const [, , toHeight, toWidth] = to.shape;
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < rows; row++) {
      const start = (c * fromHeight + fromRow + row) * fromWidth + fromColumn;
      const at = (c * toHeight + toRow + row) * toWidth + toColumn;
      to.data.set(from.data.subarray(start, start + columns), at);
    }
  }
}

/** What the high part of a half is run with. */
export interface TileRun<T> {
  readonly backend: Backend<T>;
  readonly graph: TileGraph;
  readonly rows: readonly Span[];
  readonly columns: readonly Span[];
  readonly signal?: AbortSignalLike;
}

/** Outputs of the whole from inputs of the whole, `[1, channels, height, width]` each. */
export async function runTiles<T>(
  { backend, graph, rows, columns, signal }: TileRun<T>,
  inputs: Readonly<Record<string, Planes>>,
): Promise<Record<string, Planes>> {
  const { local, given, norms } = graph;
  const [height, width] = [rows, columns].map((spans) => spans[spans.length - 1].to);
  const totals = (sums: Float64Array) => statisticsOf(norms, sums, height * width);
  const first = await passes(norms.length > 0 ? local : given, (pass) => pass());
  if (norms.length === 0) return first.outputs;
  return passes(given, async (pass) => {
    let statistics = totals(first.sums);
    for (let k = 1; ; k++) {
      const { outputs, sums } = await pass(statistics);
      const next = totals(sums);
      if (k > norms.length || change(statistics, next) < TOLERANCE) return outputs;
      statistics = next;
    }
  });

  /** Compiles a program, and lets `f` make passes over the tiles. */
  async function passes<R>(
    graph: Graph,
    f: (pass: (statistics?: Float32Array) => ReturnType<typeof onePass>) => Promise<R>,
  ): Promise<R> {
    const program = await backend.compile(graph);
    try {
      return await f((statistics) => onePass(program, statistics));
    } finally {
      await program.dispose();
    }
  }

  async function onePass(program: Program<T>, statistics?: Float32Array) {
    const outputs: Record<string, Planes> = {};
    const sums = new Float64Array(2 * norms.reduce((n, { groups }) => n + groups, 0));
    for (const row of rows) {
      for (const column of columns) {
        throwIfAborted(signal);
        const results = await callProgram(backend, program, {
          ...windows(inputs, row, column, [height, width]),
          ...(sums.length > 0 && { [INNER]: inner(row, column) }),
          ...(statistics && {
            [STATISTICS]: { data: statistics, shape: [2, statistics.length / 2] },
          }),
        });
        for (const [name, values] of Object.entries(results)) {
          if (name === SUMS) for (const [i, value] of values.entries()) sums[i] += value;
          else keep(outputs, name, Float32Array.from(values), row, column);
        }
      }
    }
    return { outputs, sums };
  }

  function keep(
    outputs: Record<string, Planes>,
    name: string,
    data: Float32Array,
    row: Span,
    column: Span,
  ) {
    const shape = shapeOf(local, name);
    const scale = shape[2] / row.size;
    outputs[name] ??= {
      data: new Float32Array(shape[1] * height * scale * width * scale),
      shape: [1, shape[1], height * scale, width * scale],
    };
    copy(
      { data, shape },
      [(row.from - row.start) * scale, (column.from - column.start) * scale],
      outputs[name],
      [row.from * scale, column.from * scale],
      [(row.to - row.from) * scale, (column.to - column.from) * scale],
    );
  }
}

const shapeOf = ({ outputs }: Graph, name: string) => outputs[name].shape.map(Number);

/** The largest change of statistics, in deviations of a group, at which passes end. */
const TOLERANCE = 2e-3;

/** The parts of the inputs in a window. */
function windows(
  inputs: Readonly<Record<string, Planes>>,
  row: Span,
  column: Span,
  [height]: readonly number[],
): Record<string, HostInput> {
  const cut = Object.entries(inputs).map(([name, whole]) => {
    const scale = whole.shape[2] / height;
    const size = [row.size * scale, column.size * scale] as const;
    const shape = [1, whole.shape[1], ...size];
    const data = new Float32Array(shape[1] * size[0] * size[1]);
    const at = [row.start * scale, column.start * scale] as const;
    copy(whole, at, { data, shape }, [0, 0], size);
    return [name, { data, shape }];
  });
  return Object.fromEntries(cut);
}

/** 1 in the part of a window that is kept. */
function inner(row: Span, column: Span): HostInput {
  const data = new Float32Array(row.size * column.size);
  for (let i = row.from; i < row.to; i++) {
    const at = (i - row.start) * column.size - column.start;
    data.fill(1, at + column.from, at + column.to);
  }
  return { data, shape: [1, 1, row.size, column.size] };
}

/** Means and rates `1 / sqrt(variance + epsilon)` `[2, total]` from sums over `latents` latents. */
function statisticsOf(
  norms: TileGraph["norms"],
  sums: Float64Array,
  latents: number,
): Float32Array {
  const total = sums.length / 2;
  const statistics = new Float32Array(sums.length);
  let at = 0;
  for (const { groups, perLatent, epsilon } of norms) {
    for (let g = 0; g < groups; g++, at++) {
      const mean = sums[at] / (perLatent * latents);
      const variance = Math.max(0, sums[total + at] / (perLatent * latents) - mean * mean);
      statistics[at] = mean;
      statistics[total + at] = 1 / Math.sqrt(variance + epsilon);
    }
  }
  return statistics;
}

function change(before: Float32Array, after: Float32Array): number {
  const total = before.length / 2;
  let most = 0;
  for (let i = 0; i < total; i++) {
    const rate = after[total + i];
    const moved = Math.abs(after[i] - before[i]) * rate;
    most = Math.max(most, moved, Math.abs(before[total + i] / rate - 1));
  }
  return most;
}
