/**
 * Merges LoRAs into the weights of ONNX models: W + sum of strength * alpha / rank * up @ down (Hu
 * et al. 2021, equation 3), summed in float64 and rounded once to the weight's own type.
 *
 *   const { patches, notes } = mergeLora({ unet: { model } }, [{ lora, strength: 0.8 }]);
 *   for (const { bytes, offset } of patches("unet")) model.set(bytes, offset);
 *
 * Only the weights that change are read, one at a time, and each gives one patch: the bytes that
 * replace its old ones, in the model's file or in a file beside it.
 */
import { fromFloat16, tensorData } from "@gen/graph";
import { readModelLayout } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import { FILE, MODEL, type ModelBytes, type ModelLayout, weightBytes } from "../model-bytes.ts";
import { type FittedModel, fitModule } from "./fit-module.ts";
import { addDelta, deltaShape, matrixShape } from "./lora-delta.ts";
import { LAYOUTS, type LoraPart } from "./lora-keys.ts";
import { type LoraTarget, loraTargets } from "./lora-targets.ts";
import { isOutsideOfBlocks } from "./original-transformer.ts";
import { type Lora, type LoraModule, readLora } from "./read-lora.ts";

/** A LoRA and how much of it is added. */
export interface LoraUse {
  /** The bytes of the safetensors file. */
  readonly lora: Uint8Array;
  /** The name in errors and notes. @defaultValue "LoRA" */
  readonly name?: string;
  /** How much of it is added. @defaultValue 1 */
  readonly strength?: number;
}

/** New bytes for a part of a file. */
export interface WeightPatch {
  /** The file beside the model; undefined for the model itself. */
  readonly location?: string;
  /** Where the new bytes begin in the file. */
  readonly offset: number;
  /** The new bytes. */
  readonly bytes: Uint8Array;
}

/** What merging changes. */
export interface MergedLora {
  /** Says which keys were left out, and why. */
  readonly notes: readonly string[];
  /**
   * The changed weights of a part, computed one by one.
   *
   * @param part The part of the pipeline, such as "unet".
   */
  patches(part: LoraPart): Iterable<WeightPatch>;
}

interface Change {
  readonly target: LoraTarget;
  readonly terms: {
    readonly part: LoraTarget["part"];
    readonly module: LoraModule;
    readonly strength: number;
    readonly name: string;
  }[];
}

/**
 * Merges LoRAs, in kohya's or diffusers' layout, into the models of a pipeline. Weights are found by
 * the structure of the model, also where an exporter renamed or transposed them.
 *
 * @param models The bytes of each part's model.
 * @param loras The LoRAs and their strengths.
 * @throws GenError `invalid-model` when a LoRA fits nothing or belongs to another base model,
 * `unsupported-operation` when it is of another method (DoRA, LoHa, LoKr) or changes a weight that
 * several modules share or that is neither float32 nor float16.
 */
export function mergeLora(
  models: Readonly<Partial<Record<LoraPart, ModelBytes>>>,
  loras: readonly LoraUse[],
): MergedLora {
  checkArguments({ models, loras }, { models: rules.OBJECT, loras: rules.listOf(USE) });
  checkArguments(models, Object.fromEntries(PARTS.map((part) => [part, rules.optional(MODEL)])));
  const layouts = new Map<LoraPart, ModelLayout>();
  for (const part of PARTS) {
    const found = models[part];
    if (found) layouts.set(part, readModelLayout(found.model));
  }
  const all = loras.map(({ lora, name, strength = 1 }) => ({
    lora: readLora(lora, name),
    strength,
  }));
  const { notes, patches } = placeLoras(layouts, all);
  return {
    notes,
    *patches(part) {
      const model = models[part];
      if (model) yield* patches(part, model);
    },
  };
}

/** Where LoRAs change models, of their layouts alone. The bytes of a model are for its patches. */
export function placeLoras(
  layouts: ReadonlyMap<LoraPart, ModelLayout>,
  loras: readonly { readonly lora: Lora; readonly strength: number }[],
) {
  const open = new Map(
    [...layouts].map(([part, layout]): [LoraPart, Open] => {
      const { byModule, shared } = loraTargets(layout);
      const layers = [...byModule.keys()].filter((name) => FIRST_BLOCK.test(name)).length;
      return [part, { layout, byModule, shared, layers, changes: new Map() }];
    }),
  );
  const notes = loras.flatMap(({ lora, strength }) => place(lora, strength, open));
  for (const [part, { layout, changes, shared }] of open)
    checkChanges(part, layout, changes, shared);
  return {
    notes,
    *patches(part: LoraPart, model: ModelBytes): Iterable<WeightPatch> {
      const { layout, changes } = open.get(part) as Open;
      for (const change of changes.values()) yield patchOf(layout, model, change);
    },
  };
}

interface Open extends FittedModel {
  readonly shared: ReadonlyMap<string, readonly string[]>;
  readonly changes: Map<string, Change>;
}

const FIRST_BLOCK = /^down_blocks_0_resnets_\d+_conv1$/;

const PARTS: readonly LoraPart[] = ["unet", "transformer", "text_encoder", "text_encoder_2"];

const USE: rules.Rule = rules.having("a LoRA { lora, name, strength }", {
  lora: FILE,
  name: rules.optional(rules.TEXT),
  strength: rules.optional(rules.FINITE),
});

/** Adds a LoRA's terms to the changes. @returns What was left out. */
function place(lora: Lora, strength: number, open: ReadonlyMap<LoraPart, Open>): string[] {
  const { name, modules, unknown } = lora;
  const left: string[] = [...unknown];
  const outside: string[] = [];
  const elsewhere = new Map<string, number>();
  // kohya's files call every network "unet".
  const network = open.has("transformer") ? "transformer" : "unet";
  for (const module of modules) {
    const part = module.part === "unet" || !module.part ? network : module.part;
    const model = open.get(part);
    if (!model) {
      elsewhere.set(part, (elsewhere.get(part) ?? 0) + module.keys.length);
      continue;
    }
    const isFlux = model.byModule.has("single_transformer_blocks_0_proj_out");
    const isKohya = module.keys.some((key) => key.endsWith(".lora_down.weight"));
    if (isFlux && isKohya && isOutsideOfBlocks(module.module)) {
      outside.push(...module.keys);
      continue;
    }
    const fitted = fitModule(name, module, model);
    if (fitted.length === 0) left.push(...module.keys);
    for (const { target, module } of fitted) {
      const change = model.changes.get(target.weight) ?? { target, terms: [] };
      model.changes.set(target.weight, change);
      change.terms.push({ part: target.part, module, strength, name });
    }
  }
  const all = modules.reduce((sum, { keys }) => sum + keys.length, unknown.length);
  const away = [...elsewhere.values()].reduce((sum, n) => sum + n, 0);
  const examples = (keys: readonly string[]) =>
    keys
      .slice(0, 3)
      .map((key) => JSON.stringify(key))
      .join(", ");
  if (left.length + outside.length + away === all) {
    const keys = [...left, ...modules.flatMap(({ keys }) => keys)];
    throw new GenError(
      "invalid-model",
      `${name} fits no weight of ${[...open.keys()].join(", ") || "a model"}: tried ${LAYOUTS}; its keys are like ${examples(keys)}`,
    );
  }
  const notes = [...elsewhere].map(
    ([part, n]) => `${name}: ${n} of ${all} keys are for ${part}, which is not given`,
  );
  if (left.length > 0) {
    notes.push(`${name}: ${left.length} of ${all} keys fit no weight, such as ${examples(left)}`);
  }
  if (outside.length > 0) {
    notes.push(
      `${name}: ${outside.length} of ${all} keys are for layers outside of the blocks, which diffusers leaves out of kohya's files, such as ${examples(outside)}`,
    );
  }
  return notes;
}

function checkChanges(
  part: LoraPart,
  { weights }: ModelLayout,
  changes: Open["changes"],
  shared: Open["shared"],
): void {
  for (const [weight, { target, terms }] of changes) {
    const modules = shared.get(weight);
    const [{ name, module }] = terms;
    if (modules) {
      throw new GenError(
        "unsupported-operation",
        `${name} changes ${module.module}, whose weight ${JSON.stringify(weight)} of the ${part} is shared by ${modules.length} modules, such as ${modules[0]} and ${modules[1]}; export the model without shared initializers`,
      );
    }
    const { shape, dtype } = weights.get(weight) as { shape: readonly number[]; dtype: string };
    if (dtype !== "float32" && dtype !== "float16") {
      throw new GenError(
        "unsupported-operation",
        `${name} changes ${module.module}, whose weight in the ${part} has elements of type ${dtype}; merge it into float32 or float16`,
      );
    }
    for (const { name, module, part: fused } of terms) {
      const [rows, columns] = matrixShape(shape, target.transposed);
      const [wanted, given] = [[rows / (fused?.[1] ?? 1), columns], deltaShape(module)];
      if (wanted.join() === given.join()) continue;
      throw new GenError(
        "invalid-model",
        `${name} has [${given.join(", ")}] for ${module.module}, and the ${part} has [${wanted.join(", ")}]: it belongs to another base model`,
      );
    }
  }
}

function patchOf(
  { weights }: ModelLayout,
  model: ModelBytes,
  { target, terms }: Change,
): WeightPatch {
  const place = weights.get(target.weight);
  if (!place) throw new GenError("invalid-model", `no weight ${JSON.stringify(target.weight)}`);
  const { shape, dtype, location, offset } = place;
  const old = weightBytes(model, place);
  const values =
    dtype === "float16"
      ? Float64Array.from(new Uint16Array(old), fromFloat16)
      : Float64Array.from(new Float32Array(old));
  const [rows] = matrixShape(shape, target.transposed);
  for (const { module, strength, part: [index, of] = [0, 1] } of terms) {
    const first = (index * rows) / of;
    addDelta(values, target.transposed, module, strength * module.scale, first);
  }
  const data = tensorData(Float32Array.from(values), dtype as "float32" | "float16");
  return { location, offset, bytes: new Uint8Array(data.buffer as ArrayBuffer) };
}
