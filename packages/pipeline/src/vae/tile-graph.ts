/*
 * A VAE's half cut where its resolution changes:
 *
 *   decoder   latents -> [low: attention, whole] -> cut -> [2x, in tiles] -> cut -> ... -> image
 *   encoder   image -> [in tiles] -> cut -> ... -> cut -> [low: attention, whole] -> moments
 *
 * A tile of a section has the values of the whole, if it is computed with the pixels around it that
 * its convolutions reach, and if each group normalization takes the statistics of the whole.
 */
import {
  add,
  cast,
  concat,
  type Expr,
  type ExprOf,
  type Graph,
  graphOf,
  input,
  mul,
  reshape,
  slice,
  sub,
  sum,
  upsampleNearest,
} from "@gen/graph";
import { isElementwise, isInput, rebuild, withInputs } from "@gen/graph/compiler";
import { GenError } from "@gen/math";

/** Which way a half goes: `up` for a decoder, `down` for an encoder. */
export type Direction = "up" | "down";

const rowsOf = ({ shape }: Expr) => Number(shape[2]);

/** Whether a node ends a section: a Resize in a decoder, in an encoder what a strided layer may be. */
const changesSize = ({ op }: Expr, direction: Direction): boolean =>
  direction === "up" ? op === "Resize" : op === "Conv" || op === "AveragePool";

/** The rows of the values at each cut, in the graph's order. */
function rowsOfCuts({ nodes, inputs }: Graph, direction: Direction): number[] {
  const changing = nodes.filter((node) => changesSize(node, direction));
  const rows = changing.map((node) => rowsOf(direction === "up" ? node.inputs[0] : node));
  const from = direction === "up" ? 0 : rowsOf(inputs[0]);
  return [...new Set(rows)]
    .filter((n) => n !== from)
    .sort((a, b) => (direction === "up" ? a - b : b - a));
}

/**
 * The values that cross where the resolution changes from or to one of `height` rows: a decoder
 * leaves it at a Resize, an encoder comes to it at a strided layer.
 */
function crossingOf({ nodes }: Graph, height: number, direction: Direction): Expr[] {
  const depends = new Set<Expr>();
  const beyond = new Set<Expr>();
  const crossing = new Set<Expr>();
  for (const node of nodes) {
    const operands = node.inputs.filter((e) => depends.has(e));
    if (!isInput(node) && operands.length === 0) continue;
    depends.add(node);
    const isBeyond = operands.some(
      (e) => beyond.has(e) || (direction === "down" && crossing.has(e)),
    );
    const changes = changesSize(node, direction);
    if (isBeyond || (direction === "up" && changes && rowsOf(node.inputs[0]) === height)) {
      beyond.add(node);
      for (const e of operands) if (!beyond.has(e)) crossing.add(e);
    } else if (direction === "down" && changes && rowsOf(node) === height) crossing.add(node);
  }
  if (crossing.size > 0) return [...crossing];
  throw refuse(UNKNOWN);
}

const refuse = (reason: string) =>
  new GenError("invalid-model", `tileSize must be left out for this VAE: its network ${reason}`);

/**
 * The sections of a half between its changes of resolution, each of which takes what the one before
 * gives: `cut.N` are the names.
 *
 * @throws GenError `invalid-model` for a half that never changes its resolution.
 */
export function sectionsOf(graph: Graph, direction: Direction): readonly Graph[] {
  const sections: Graph[] = [];
  let rest = graph;
  for (const height of rowsOfCuts(graph, direction)) {
    const [first, second] = splitAtCut(rest, crossingOf(rest, height, direction));
    sections.push(first);
    rest = second;
  }
  if (sections.length > 0) return [...sections, rest];
  throw refuse(UNKNOWN);
}

const UNKNOWN = "changes its resolution in a way that is not known";

/** The graph that gives what crosses, and the graph that takes it. */
function splitAtCut(graph: Graph, crossing: readonly Expr[]): readonly [Graph, Graph] {
  const names = new Map(crossing.map((e, i) => [e, `cut.${i}`]));
  const second = rebuild(graph.outputs, (node, inputs) => {
    const name = names.get(node);
    return name === undefined
      ? withInputs(node, inputs)
      : cast(input(name, { shape: node.shape }), node.dtype);
  });
  return [
    graphOf(
      Object.fromEntries(crossing.map((e, i) => [`cut.${i}`, cast(e, "float32")])),
      graph.inputs,
    ),
    graphOf(second),
  ];
}

/** A section of a half, and what a run of it in tiles needs. */
export interface TileGraph {
  /** The outputs, and the sums of each normalization's input, by the statistics of the tile itself. */
  readonly local: Graph;
  /** The same by the statistics of the whole, an input `[2, total]` of means and rates. */
  readonly given: Graph;
  /** Of each normalization: its groups, and the numbers in a group for each of a latent's. */
  readonly norms: readonly {
    readonly groups: number;
    readonly perLatent: number;
    readonly epsilon: number;
  }[];
  /** Latents around a tile that its values depend on. */
  readonly halo: number;
}

/** The names of what is added to a tile's graph. */
export const [SUMS, STATISTICS, INNER] = ["sums", "statistics", "inner"];

/**
 * A section on tiles of latents `[height, width]`. The input `inner` `[1, 1, height, width]` is 1
 * where the tile is summed, 0 around.
 *
 * @throws GenError `invalid-model` for a network with other operations than convolutions.
 */
export function tileGraph(graph: Graph, height: number, width: number): TileGraph {
  const norms = graph.nodes.filter((e) => e.op === "GroupNormalization");
  const inner = input(INNER, { shape: [1, 1, height, width] });
  const imageOf = (norm: Expr): Expr => {
    const [x] = norm.inputs;
    return x.op === "Reshape" && x.shape.length === 3 ? x.inputs[0] : x;
  };
  const build = (statistics: Expr | undefined): Graph => {
    const sums: Expr[] = [];
    let at = 0;
    const outputs = rebuild(graph.outputs, (node, inputs) => {
      if (node.op !== "GroupNormalization") return withInputs(node, inputs);
      const image = imageOf(node);
      const { groups } = node.attributes;
      const [x, scale, bias] = inputs;
      sums.push(groupSums(reshape(cast(x, "float32"), image.shape), groups, inner));
      const from = at;
      at += groups;
      if (!statistics) return withInputs(node, inputs);
      const [mean, rate] = [0, 1].map((row) =>
        reshape(slice(slice(statistics, 0, row, row + 1), 1, from, at), [1, groups, 1]),
      );
      const flat = reshape(cast(x, "float32"), [1, groups, -1]);
      const normalized = cast(reshape(mul(sub(flat, mean), rate), x.shape), x.dtype);
      const along = [scale.shape[0], ...x.shape.slice(2).map(() => 1)];
      return add(mul(normalized, reshape(scale, along)), reshape(bias, along));
    });
    const all = sums.length > 0 ? { ...outputs, [SUMS]: concat(sums, 1) } : outputs;
    return graphOf(all);
  };
  requireLocal(graph);
  const total = norms.reduce((n, { attributes }) => n + (attributes as GroupAttributes).groups, 0);
  return {
    local: build(undefined),
    given: build(total > 0 ? input(STATISTICS, { shape: [2, total] }) : undefined),
    norms: norms.map((norm) => {
      const { groups, epsilon } = norm.attributes as GroupAttributes;
      const [, channels, h, w] = imageOf(norm).shape.map(Number);
      return { groups, epsilon, perLatent: ((channels / groups) * h * w) / (height * width) };
    }),
    halo: Math.ceil(reach(graph, height)),
  };
}

type GroupAttributes = ExprOf<"GroupNormalization">["attributes"];

/** The sums `[2, groups]` of x `[1, channels, h, w]` and of its squares, where `inner` is 1. */
function groupSums(x: Expr, groups: number, inner: Expr): Expr {
  const scale = rowsOf(x) / rowsOf(inner);
  const kept = mul(x, scale > 1 ? upsampleNearest(inner, scale) : inner);
  return concat(
    [kept, mul(kept, x)].map((e) => reshape(sum(reshape(e, [groups, -1]), [1]), [1, groups])),
    0,
  );
}

/** @throws GenError `invalid-model` for an operation that mixes pixels far from each other. */
function requireLocal(graph: Graph): void {
  const depends = new Set<Expr>();
  for (const node of graph.nodes) {
    if (isInput(node) || node.inputs.some((e) => depends.has(e))) depends.add(node);
    if (!depends.has(node) || isInput(node)) continue;
    const others = node.inputs.filter((e) => !depends.has(e));
    const isEven = others.every(({ shape }) => shape.slice(-2).every((d) => d === 1));
    const { op } = node;
    const isLocal =
      (isElementwise(node) && isEven) ||
      op === "Conv" ||
      op === "Resize" ||
      op === "AveragePool" ||
      op === "Pad" ||
      op === "GroupNormalization" ||
      op === "Reshape" ||
      (op === "Concat" && node.attributes.axis === 1);
    if (!isLocal) throw refuse(`has ${op} above the latents' resolution`);
  }
}

/** How many latents to each side an input's numbers reach in the outputs. */
function reach(graph: Graph, height: number): number {
  const reaches = new Map<Expr, number>();
  for (const node of [...graph.nodes].reverse()) {
    const own = reaches.get(node) ?? 0;
    for (const [i, e] of node.inputs.entries()) {
      let more = 0;
      if (node.op === "Conv" && i === 0) {
        const { dilation, pads } = node.attributes;
        const span = Math.max(...node.inputs[1].shape.slice(2).map(Number)) - 1;
        more = Math.max(...pads, span * dilation - Math.min(...pads)) / (rowsOf(e) / height);
      }
      reaches.set(e, Math.max(reaches.get(e) ?? 0, own + more));
    }
  }
  return graph.inputs.reduce((most, e) => Math.max(most, reaches.get(e) ?? 0), 0);
}
