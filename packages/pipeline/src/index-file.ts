import { GenError } from "@gen/math";
import { parseJson } from "@gen/math/json";
import type { DiffusionPipeline } from "@gen/sampling";
import { MAX_SAMPLE_DIMENSIONS } from "./limits.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What model_index.json says of our own under `_gen`. */
export interface OwnFields extends Pick<DiffusionPipeline, "classes" | "notes" | "sigmas"> {
  readonly shape?: readonly number[];
  /** The shape of the VAE's images. */
  readonly image?: readonly number[];
}

/** The object in a JSON file. @throws GenError when the bytes are something else. */
export function jsonObject(bytes: Uint8Array): Record<string, unknown> {
  const value = parseJson(bytes, { name: "the file" });
  if (isObject(value)) return value;
  throw new GenError("invalid-model", "it must hold a JSON object");
}

/**
 * The fields of `_gen`, all undefined where the index is another exporter's.
 *
 * @throws GenError `invalid-model` naming the field whose value is not allowed.
 */
export function ownFields(index: Fields): OwnFields {
  const own = index._gen ?? undefined;
  if (own === undefined) return {};
  if (!isObject(own)) throw wrong("_gen", "an object", own);
  const shape = sizes("_gen.shape", own.shape);
  const image = sizes("_gen.image", own.image);
  const { classes, notes, sigmas } = own;
  if (classes !== undefined && !isNames(classes)) {
    throw wrong("_gen.classes", "a list of names", classes);
  }
  if (notes !== undefined && !isObject(notes)) throw wrong("_gen.notes", "an object", notes);
  if (sigmas !== undefined && sigmas !== "even") throw wrong("_gen.sigmas", '"even"', sigmas);
  return { shape, image, classes, notes, sigmas };
}

function sizes(name: string, value: unknown): readonly number[] | undefined {
  if (value === undefined) return undefined;
  const fits =
    Array.isArray(value) &&
    value.length <= MAX_SAMPLE_DIMENSIONS &&
    value.every((size) => Number.isSafeInteger(size) && size > 0);
  if (fits) return value;
  throw wrong(name, `a list of at most ${MAX_SAMPLE_DIMENSIONS} positive integers`, value);
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === "string");

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (name: string, allowed: string, value: unknown) =>
  new GenError("invalid-model", `${name} must be ${allowed}, got ${JSON.stringify(value)}`);
