import { readSafetensors } from "@gen/data";
import { GenError } from "@gen/math";
import { parseJson } from "@gen/math/json";
import { floatsOf } from "../floats.ts";
import { isObject } from "../index-file.ts";
import { MAX_LORA_RANK, MAX_LORA_TENSORS } from "./limits.ts";
import { LAYOUTS, type LoraPart, parseKey } from "./lora-keys.ts";

/** Numbers with their shape. */
export interface Factor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What a LoRA adds to one module: `scale * up @ down`. */
export interface LoraModule {
  readonly part: LoraPart | undefined;
  readonly module: string;
  /** `[rank, in, ...kernel]`, or `[rank, in, 1, 1]` beside `mid`. */
  readonly down: Factor;
  /** `[out, rank, ...]`. */
  readonly up: Factor;
  /** `[rank, rank, ...kernel]`, in a convolution that is split into three. */
  readonly mid?: Factor;
  /** alpha / rank. */
  readonly scale: number;
  /** The names of the tensors in the file. */
  readonly keys: readonly string[];
}

/** A LoRA's modules, and the keys of its file that no layout has. */
export interface Lora {
  readonly name: string;
  readonly modules: readonly LoraModule[];
  readonly unknown: readonly string[];
}

type Draft = { keys: string[]; part?: LoraPart; module: string } & Partial<
  Record<"down" | "up" | "mid" | "alpha", Factor>
>;

/**
 * Reads the safetensors file of a LoRA, in kohya's or diffusers' layout.
 *
 * @throws GenError `invalid-data` when the file is damaged or too large, `invalid-model` when no key
 * is of a known layout or a module's tensors do not fit together, `unsupported-operation` naming
 * DoRA, LoHa, LoKr and other methods than LoRA.
 */
export function readLora(bytes: Uint8Array, name = "LoRA"): Lora {
  const { tensors, metadata } = readSafetensors(bytes, { name });
  const count = Object.keys(tensors).length;
  if (count > MAX_LORA_TENSORS) {
    throw misfit(name, `must have at most ${MAX_LORA_TENSORS} tensors, got ${count}`);
  }
  const drafts = new Map<string, Draft>();
  const unknown: string[] = [];
  for (const [key, tensor] of Object.entries(tensors)) {
    const found = parseKey(key);
    if (!found) {
      unknown.push(key);
      continue;
    }
    const { part, module, role } = found;
    if (typeof role === "object") {
      throw new GenError(
        "unsupported-operation",
        `${name}: ${JSON.stringify(key)} is of ${role.refused}, which cannot be merged; only LoRA can`,
      );
    }
    const id = `${part} ${module}`;
    const draft = drafts.get(id) ?? { keys: [], part, module };
    drafts.set(id, draft);
    draft.keys.push(key);
    draft[role] = { shape: tensor.shape, data: floatsOf(name, key, tensor) };
  }
  if (drafts.size === 0) {
    const examples = unknown.slice(0, 3).map((key) => JSON.stringify(key));
    throw new GenError(
      "invalid-model",
      `${name} is no LoRA of a known layout: tried ${LAYOUTS}; its keys are like ${examples.join(", ") || "none"}`,
    );
  }
  const alphas = savedAlphas(name, metadata);
  return { name, unknown, modules: [...drafts.values()].map((d) => finished(name, d, alphas)) };
}

function finished(name: string, draft: Draft, alphas: Alphas): LoraModule {
  const { down, up, mid, alpha, part, module, keys } = draft;
  if (!down || !up) {
    throw misfit(name, `${keys[0]} lacks its ${down ? "up" : "down"} matrix`);
  }
  const [rank] = down.shape;
  if (!(rank >= 1 && rank <= MAX_LORA_RANK)) {
    throw misfit(name, `${keys[0]} must have a rank of 1 to ${MAX_LORA_RANK}, got ${rank}`);
  }
  const upRank = up.shape.slice(1).reduce((product, d) => product * d, 1);
  if (up.shape.length < 2 || down.shape.length < 2 || upRank !== rank) {
    throw misfit(name, `${keys[0]} is [${down.shape}], its other half [${up.shape}]`);
  }
  if (mid && (mid.shape.length !== 4 || mid.shape[0] !== rank || mid.shape[1] !== rank)) {
    throw misfit(
      name,
      `the middle of ${keys[0]} must be [${rank}, ${rank}, ...], got [${mid.shape}]`,
    );
  }
  const value = alpha ? Number(alpha.data[0]) : (alphas(part, module, rank) ?? rank);
  if (!Number.isFinite(value)) throw misfit(name, `the alpha of ${keys[0]} must be finite`);
  return { part, module, down, up, mid, keys, scale: value / rank };
}

type Alphas = (part: LoraPart | undefined, module: string, rank: number) => number | undefined;

/**
 * The alphas that diffusers 0.35 and newer write into the file's metadata. A rank-stabilized LoRA is
 * scaled by alpha / sqrt(rank) (Kalajdzievski 2023), so its alpha counts sqrt(rank) times.
 */
function savedAlphas(name: string, metadata: Readonly<Record<string, string>>): Alphas {
  const text = metadata.lora_adapter_metadata;
  const saved =
    text === undefined ? {} : parseJson(text, { name: `${name}: lora_adapter_metadata` });
  if (!isObject(saved)) return () => undefined;
  return (part, module, rank) => {
    const patterns = saved[`${part}.alpha_pattern`];
    const pattern = Object.entries(isObject(patterns) ? patterns : {}).find(([path]) =>
      `_${module}`.endsWith(`_${path.replaceAll(".", "_")}`),
    );
    const alpha = pattern?.[1] ?? saved[`${part}.lora_alpha`];
    if (typeof alpha !== "number") return undefined;
    return saved[`${part}.use_rslora`] === true ? alpha * Math.sqrt(rank) : alpha;
  };
}

const misfit = (name: string, problem: string) =>
  new GenError("invalid-model", `${name}: ${problem}`);
