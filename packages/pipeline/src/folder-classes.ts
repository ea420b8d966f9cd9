/*
 * The classes of a class-conditional folder:
 *
 *   DiT    num_embeds_ada_norm labels, named by id2label of model_index.json; the label after the
 *          last one means none, as DiTPipeline guides
 *   UNet   num_class_embeds labels, without names and without one that means none
 */
import { type Fields, numberOf } from "./folder-kind.ts";
import { isObject } from "./index-file.ts";
import { MAX_CLASSES } from "./limits.ts";

/** The number of classes, and their names where the next label means none. */
export function folderClasses(
  index: Fields,
  config: Fields,
): { readonly count?: number; readonly names?: readonly string[] } {
  const [guided, plain] = ["num_embeds_ada_norm", "num_class_embeds"].map((key) => {
    const count = numberOf(config, key);
    return Number.isInteger(count) && Number(count) > 0 ? count : undefined;
  });
  if (guided === undefined || guided > MAX_CLASSES) return { count: guided ?? plain };
  const given = isObject(index.id2label) ? index.id2label : {};
  const nameOf = (label: number): string => {
    const name = Object.hasOwn(given, label) ? given[label] : undefined;
    return typeof name === "string" ? name : String(label);
  };
  return { count: guided, names: Array.from({ length: guided }, (_, label) => nameOf(label)) };
}
