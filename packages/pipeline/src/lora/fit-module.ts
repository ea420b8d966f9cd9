import { GenError } from "@gen/math";
import type { ModelLayout } from "../model-bytes.ts";
import { matrixShape } from "./lora-delta.ts";
import { diffusersName } from "./lora-keys.ts";
import type { LoraTarget } from "./lora-targets.ts";
import { diffusersModules } from "./original-transformer.ts";
import type { LoraModule } from "./read-lora.ts";

/** What a LoRA's modules are fitted to. */
export interface FittedModel {
  readonly layout: ModelLayout;
  readonly byModule: ReadonlyMap<string, LoraTarget>;
  /** The layers of a block of the UNet. */
  readonly layers: number;
}

/** A weight of a model, and what is added to it. */
export interface FittedModule {
  readonly target: LoraTarget;
  readonly module: LoraModule;
}

/**
 * The weights that a module of a LoRA changes: one, or several whose outputs the module has one after
 * the other. Empty where the model lacks one of them.
 *
 * @throws GenError `invalid-model` when the outputs of several do not add up to the module's.
 */
export function fitModule(
  name: string,
  module: LoraModule,
  { layout, byModule, layers }: FittedModel,
): readonly FittedModule[] {
  const target =
    byModule.get(module.module) ??
    byModule.get(diffusersName(module.module, layers)) ??
    byModule.get(module.module.replace(/^text_model_/, ""));
  if (target) return [{ target, module }];
  const paths = diffusersModules(module.module) ?? [];
  const targets = paths.flatMap((path) => byModule.get(path) ?? []);
  if (targets.length < paths.length) return [];
  const shapes = targets.map(({ weight, transposed, part }) => {
    const { shape = [] } = layout.weights.get(weight) ?? {};
    const [rows, columns] = matrixShape(shape, transposed);
    return [rows / (part?.[1] ?? 1), columns];
  });
  if (targets.length === 1) {
    // AdaLayerNormContinuous has its scale before its shift, the original code after it.
    const [[rows, columns]] = shapes;
    const isSwapped = /norm(_out|1_context)_linear$/.test(paths[0]) && rows === 2 * columns;
    if (!isSwapped || module.up.shape[0] !== rows) return [{ target: targets[0], module }];
    const up = rowsOf(module, [columns, rows], [0, columns]);
    return [{ target: targets[0], module: { ...module, up } }];
  }
  const total = shapes.reduce((sum, [rows]) => sum + rows, 0);
  if (targets.length > 0 && module.up.shape[0] !== total) {
    throw new GenError(
      "invalid-model",
      `${name} has ${module.up.shape[0]} outputs for ${module.module}, and the model has ${total} in ${paths.join(", ")}: it belongs to another base model`,
    );
  }
  let first = 0;
  return targets.map((found, i) => {
    const up = rowsOf(module, [first, first + shapes[i][0]]);
    first += shapes[i][0];
    return { target: found, module: { ...module, up } };
  });
}

/** Rows of a module's upper factor, range after range. */
function rowsOf({ up }: LoraModule, ...ranges: readonly (readonly [number, number])[]) {
  const width = up.data.length / up.shape[0];
  const rows = ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, i) => from + i),
  );
  const data = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    for (let r = 0; r < width; r++) data[i * width + r] = up.data[row * width + r];
  }
  return { shape: [rows.length, ...up.shape.slice(1)], data };
}
