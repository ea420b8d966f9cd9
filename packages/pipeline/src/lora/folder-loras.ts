/*
 * LoRAs of a folder: where they change its models is found in the models' layouts, one model at a
 * time, and the changes are made when a model is loaded:
 *
 *   const { notes, changes } = await folderLoras(layoutOf, [{ bytes, strength: 0.8 }]);
 *   await loadPipeline(read, { changes });
 */
import { rules } from "@gen/math/arguments";
import type { LoadModelOptions } from "../load-model.ts";
import { FILE, type ModelLayout } from "../model-bytes.ts";
import type { LoraPart } from "./lora-keys.ts";
import { placeLoras } from "./merge-lora.ts";
import { readLora } from "./read-lora.ts";

/** A LoRA and how much of it is added. */
export interface LoraOption {
  /** The bytes of the safetensors file, in kohya's or diffusers' layout. */
  readonly bytes: Uint8Array;
  /** How much of it is added. @defaultValue 1 */
  readonly strength?: number;
  /** The name in errors and notes. @defaultValue its place, such as `loras[0]` */
  readonly name?: string;
}

/** What a LoRA of a folder may be. */
export const LORAS = rules.optional(
  rules.listOf(
    rules.having("a LoRA { bytes, strength, name }", {
      bytes: FILE,
      strength: rules.optional(rules.FINITE),
      name: rules.optional(rules.TEXT),
    }),
  ),
);

type Changes = NonNullable<LoadModelOptions["changes"]>;

/**
 * The changes of a folder's models, by their paths; `layoutOf` gives undefined where there is no model.
 *
 * @throws GenError as `mergeLora`.
 */
export async function folderLoras(
  layoutOf: (path: string) => Promise<ModelLayout | undefined>,
  loras: readonly LoraOption[],
): Promise<{ notes: readonly string[]; changes: Changes }> {
  const all = loras.map(({ bytes, strength = 1, name }, i) => ({
    lora: readLora(bytes, name ?? `loras[${i}]`),
    strength,
  }));
  const wanted = new Set(
    all.flatMap(({ lora }) => lora.modules.flatMap(({ part = "unet" }) => part)),
  );
  // A folder has one network: what names no part, or the other network, is told by its absence.
  if (wanted.has("unet")) wanted.add("transformer");
  const layouts = new Map<LoraPart, ModelLayout>();
  for (const part of wanted) {
    const layout = await layoutOf(`${part}/model.onnx`);
    if (layout) layouts.set(part, layout);
  }
  const { notes, patches } = placeLoras(layouts, all);
  const changes: Changes = new Map(
    [...layouts.keys()].map((part) => [
      `${part}/model.onnx`,
      (model: Uint8Array, beside: ReadonlyMap<string, Uint8Array>) => {
        const file = (location?: string) =>
          location === undefined ? model : (beside.get(location) as Uint8Array);
        const externalData = (location: string, offset: number, length: number) =>
          file(location).subarray(offset, offset + length);
        for (const { location, offset, bytes } of patches(part, { model, externalData })) {
          file(location).set(bytes, offset);
        }
        return model;
      },
    ]),
  );
  return { notes, changes };
}
