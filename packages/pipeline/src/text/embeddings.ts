/**
 * Textual inversion (Gal et al. 2022): new words as learned rows of a text encoder's table.
 *
 *   const toy = readEmbedding(bytes, { token: "<toy>" });
 *   const tokenizer = await loadTokenizer(read, "tokenizer", { added: { "<toy>": toy.count } });
 *   const encoder = addEmbeddings({ model }, [toy], tokenizer.size);
 *
 * The tokenizer gives a new word as many new ids as the word has vectors, and the table gets a row
 * for each id.
 */
import { type NdArray, readSafetensors } from "@gen/data";
import { tensorData } from "@gen/graph";
import { readModelLayout, replaceInitializer } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { floatsOf } from "../floats.ts";
import { FILE, MODEL, type ModelBytes, type ModelLayout, weightBytes } from "../model-bytes.ts";
import { MAX_EMBEDDING_VECTORS, MAX_VOCABULARY } from "./limits.ts";

/** A learned word. */
export interface Embedding {
  /** The word. */
  readonly token: string;
  /** The vectors of the word. */
  readonly count: number;
  /** `[count, width]` numbers for each text encoder; encoders are told apart by their widths. */
  readonly vectors: readonly {
    /** The numbers of one vector. */
    readonly width: number;
    /** `[count, width]` numbers, row-major. */
    readonly data: ArrayLike<number>;
    /** The key of the encoder, in a file for several encoders. */
    readonly key?: string;
  }[];
}

/** The keys of a file for several encoders. */
const ENCODERS = ["clip_l", "clip_g", "t5xxl"];

/**
 * Reads the safetensors file of a textual inversion: one tensor under the word itself (diffusers) or
 * under `emb_params` (Stable Diffusion web UI), or `clip_l` and `clip_g` (SDXL).
 *
 * @param bytes The bytes of the file.
 * @param options What the file does not say. Default: the file's own word.
 * @throws GenError `invalid-data` when the file is damaged, `invalid-model` when it is no embedding or
 * names no word.
 */
export function readEmbedding(
  bytes: Uint8Array,
  options: {
    /** The word, in place of the file's. */
    readonly token?: string;
    /** The word where the file has none, such as the file's name. */
    readonly fallback?: string;
    /** The name in errors. @defaultValue "embedding" */
    readonly name?: string;
  } = {},
): Embedding {
  checkArguments({ bytes }, { bytes: FILE });
  const text = rules.optional(rules.TEXT);
  checkOptions(options, { token: text, fallback: text, name: text });
  const { name = "embedding" } = options;
  const { tensors } = readSafetensors(bytes, { name });
  const keys = Object.keys(tensors);
  const isByEncoder = keys.some((key) => ENCODERS.includes(key));
  const used = isByEncoder ? keys.filter((key) => ENCODERS.includes(key)) : keys;
  if (used.length === 0 || (!isByEncoder && used.length > 1)) {
    throw invalid(
      `${name}: an embedding has one tensor, or ${ENCODERS.join(", ")}; its keys are ${keys.slice(0, 5).join(", ") || "none"}`,
    );
  }
  const vectors = used.map((key) => ({
    ...vectorsOf(name, key, tensors[key]),
    ...(isByEncoder && { key }),
  }));
  const counts = vectors.map(({ width, data }) => data.length / width);
  if (counts.some((count) => count !== counts[0])) {
    throw invalid(`${name}: each encoder must have as many vectors, got ${counts.join(", ")}`);
  }
  const own = isByEncoder || keys[0] === "emb_params" ? undefined : keys[0];
  const token = options.token ?? own ?? options.fallback;
  if (!token) throw invalid(`${name}: the file does not say its word; give it as token`);
  return { token, count: counts[0], vectors };
}

function vectorsOf(name: string, key: string, tensor: NdArray) {
  const { shape } = tensor;
  const [count, width] = shape.length === 1 ? [1, shape[0]] : shape;
  const isMatrix = shape.length === 1 || shape.length === 2;
  if (!(isMatrix && width > 0 && count > 0 && count <= MAX_EMBEDDING_VECTORS)) {
    throw invalid(
      `${name}: ${key} must be 1 to ${MAX_EMBEDDING_VECTORS} vectors, got the shape [${shape.join(", ")}]`,
    );
  }
  return { width, data: floatsOf(name, key, tensor) };
}

/**
 * A text encoder whose table of embeddings has the vectors of learned words as its last rows.
 *
 * @param encoder The bytes of the text encoder's model.
 * @param embeddings The words, in the order of the tokenizer's new tokens.
 * @param size The size of the tokenizer that has the words, in the same order.
 * @throws GenError `invalid-model` when the model has no table of embeddings, or the words belong to
 * another text encoder.
 */
export function addEmbeddings(
  encoder: ModelBytes,
  embeddings: readonly Embedding[],
  size: number,
): Uint8Array {
  checkArguments(
    { encoder, embeddings, size },
    { encoder: MODEL, embeddings: rules.listOf(EMBEDDING), size: rules.integerIn(1, MAX_SIZE) },
  );
  const layout = readModelLayout(encoder.model);
  const name = tableOf(layout) ?? "";
  const place = layout.weights.get(name);
  if (!place || (place.dtype !== "float32" && place.dtype !== "float16")) {
    throw invalid("the text encoder has no table of embeddings that input_ids choose from");
  }
  const { dtype } = place;
  const [rows, width] = place.shape;
  const bytesPerRow = width * (dtype === "float16" ? 2 : 4);
  const all = Math.max(rows, size);
  const table = new Uint8Array(all * bytesPerRow);
  table.set(new Uint8Array(weightBytes(encoder, place)));
  let row = size - embeddings.reduce((sum, { count }) => sum + count, 0);
  for (const { token, count, vectors } of embeddings) {
    const fitting = vectors.find((each) => each.width === width);
    if (!fitting) {
      const widths = vectors.map((each) => each.width).join(", ");
      throw invalid(
        `${JSON.stringify(token)} has vectors of ${widths} numbers and the text encoder of ${width}: it belongs to another base model`,
      );
    }
    const numbers = tensorData(Float32Array.from(fitting.data), dtype);
    table.set(bytesOf(numbers), row * bytesPerRow);
    row += count;
  }
  const data = dtype === "float16" ? new Uint16Array(table.buffer) : new Float32Array(table.buffer);
  return replaceInitializer(encoder.model, name, { dtype, shape: [all, width], data });
}

const EMBEDDING: rules.Rule = rules.having("an embedding, as readEmbedding gives", {
  token: rules.TEXT,
  count: rules.COUNT,
  vectors: rules.LIST,
});

/** The most rows of a table. */
const MAX_SIZE = 2 * MAX_VOCABULARY;

/** The matrix whose rows the input `input_ids` chooses. */
export function tableOf({ nodes, weights }: ModelLayout): string | undefined {
  const ids = new Set(["input_ids"]);
  for (const { op, inputs, outputs } of nodes) {
    if (op === "Gather" && ids.has(inputs[1]) && weights.get(inputs[0])?.shape.length === 2) {
      return inputs[0];
    }
    if (["Cast", "Reshape", "Identity"].includes(op) && ids.has(inputs[0])) ids.add(outputs[0]);
  }
  return undefined;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const invalid = (message: string) => new GenError("invalid-model", message);
