/**
 * The weights of an ONNX model by the modules of PyTorch that had them, also where the exporter
 * renamed them: a linear layer's weight may be `onnx::MatMul_123`, transposed.
 *
 * A module is found by the weight's own name, by the path in the node's name or metadata, by the
 * name of the bias that is added next, or, for the queries, keys and values of a transformer block,
 * by their order after the norm whose weights have names.
 */
import type { ModelLayout } from "../model-bytes.ts";

/** A weight that a LoRA can change. */
export interface LoraTarget {
  /** The weight's name in the file. */
  readonly weight: string;
  /** Whether the file has it as `[in, out]`; PyTorch has `[out, in]`. */
  readonly transposed: boolean;
  /** In a weight of fused projections: which of how many equal parts of the outputs it is. */
  readonly part?: readonly [index: number, of: number];
}

/** Targets by module; `shared` has the modules of each weight that several modules use. */
export interface LoraTargets {
  readonly byModule: ReadonlyMap<string, LoraTarget>;
  readonly shared: ReadonlyMap<string, readonly string[]>;
}

const WORDS = ["to_q", "to_k", "to_v"];

/** The targets of a model; modules have `_` for each dot. */
export function loraTargets({ nodes, weights }: ModelLayout): LoraTargets {
  const biasOf = biases(nodes);
  const transposes = new Map(
    nodes.flatMap(({ op, inputs, outputs }) =>
      op === "Transpose" && weights.has(inputs[0]) ? [[outputs[0], inputs[0]] as const] : [],
    ),
  );
  const byModule = new Map<string, LoraTarget>();
  const users = new Map<string, Set<string>>();
  let block: string | undefined;
  let next: string[] = [];
  for (const { op, inputs, outputs, module, transB } of nodes) {
    const norm = inputs.map((name) => /^(.*)\.norm([12])\.bias$/.exec(name)).find(Boolean);
    if (norm) {
      block = `${norm[1]}.attn${norm[2]}`;
      next = [...WORDS];
    }
    if (op !== "MatMul" && op !== "Gemm" && op !== "Conv") continue;
    const source = transposes.get(inputs[1]);
    const weight = source ?? inputs[1];
    const rank = weights.get(weight)?.shape.length ?? 0;
    if (op === "Conv" ? rank < 3 : rank !== 2) continue;
    const named = weight.endsWith(".weight") ? weight.slice(0, -".weight".length) : undefined;
    const told = named ?? module ?? biasOf.get(outputs[0]);
    const word = told === undefined && op === "MatMul" ? next.shift() : undefined;
    const path = told ?? (word && `${block}.${word}`);
    if (path === undefined) continue;
    const name = path.replaceAll(".", "_");
    const target = {
      weight,
      transposed: op !== "Conv" && !source && !(op === "Gemm" && transB),
    };
    byModule.set(name, target);
    // Fused projections: to_qkv holds the rows of to_q, to_k and to_v, and to_kv those of two.
    const [, before = "", added, letters = ""] = /^(.*_)to_(added_)?(qkv|kv)$/.exec(name) ?? [];
    for (const [i, letter] of [...letters].entries()) {
      const one = added ? `add_${letter}_proj` : `to_${letter}`;
      byModule.set(`${before}${one}`, { ...target, part: [i, letters.length] });
    }
    users.set(weight, (users.get(weight) ?? new Set()).add(name));
  }
  // An exporter's wrapper puts a name before all paths.
  const entries = [...byModule];
  const wrapper = entries[0]?.[0].slice(0, entries[0][0].indexOf("_") + 1) ?? "";
  if (entries.every(([name]) => name.startsWith(wrapper))) {
    for (const [name, target] of entries) byModule.set(name.slice(wrapper.length), target);
  }
  const shared = new Map(
    [...users].flatMap(([weight, names]) =>
      names.size > 1 ? [[weight, [...names]] as const] : [],
    ),
  );
  return { byModule, shared };
}

/** The module whose bias is added to a value, by the value's name. */
function biases(nodes: ModelLayout["nodes"]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { op, inputs } of nodes) {
    if (op !== "Add") continue;
    for (const [i, name] of inputs.entries()) {
      if (name.endsWith(".bias")) found.set(inputs[1 - i], name.slice(0, -".bias".length));
    }
  }
  return found;
}
