/*
 * Words of textual inversions in a folder: each encoder gets the words that have vectors for it, its
 * tokenizer their ids and its table their rows.
 */
import { GenError } from "@gen/math";
import type { LoadModelOptions } from "../load-model.ts";
import type { ModelLayout } from "../model-bytes.ts";
import { addEmbeddings, type Embedding, readEmbedding, tableOf } from "../text/embeddings.ts";
import type { TextPart } from "./text-kind.ts";

/** The keys of a file for several encoders, by the encoder that each is for. */
const keyOf: Readonly<Record<TextPart["name"], string>> = {
  text_encoder: "clip_l",
  text_encoder_2: "clip_g",
  text_encoder_3: "t5xxl",
};

/**
 * The words of each encoder of CLIP.
 *
 * @throws GenError `invalid-model` naming a word whose vectors fit no encoder.
 */
export async function learnedWords(
  layoutOf: (path: string) => Promise<ModelLayout | undefined>,
  parts: readonly TextPart[],
  files: Readonly<Record<string, Uint8Array>>,
): Promise<ReadonlyMap<TextPart, readonly Embedding[]>> {
  const words = Object.entries(files).map(([token, bytes]) =>
    readEmbedding(bytes, { token, name: `embeddings ${JSON.stringify(token)}` }),
  );
  const byPart = new Map<TextPart, readonly Embedding[]>();
  const widths: number[] = [];
  if (words.length === 0) return byPart;
  for (const part of parts.filter(({ length }) => length === undefined)) {
    const layout = await layoutOf(pathOf(part));
    const width = layout?.weights.get(tableOf(layout) ?? "")?.shape[1];
    if (!width) continue;
    widths.push(width);
    const own = words.flatMap((word) => {
      const vectors = word.vectors.filter(
        (each) => each.width === width && (each.key ?? keyOf[part.name]) === keyOf[part.name],
      );
      return vectors.length > 0 ? [{ ...word, vectors }] : [];
    });
    byPart.set(part, own);
  }
  const used = [...byPart.values()].flat();
  const unused = words.find(({ token }) => !used.some((word) => word.token === token));
  if (!unused) return byPart;
  const given = unused.vectors.map(({ width, key }) => (key ? `${width} (${key})` : width));
  throw new GenError(
    "invalid-model",
    `${JSON.stringify(unused.token)} has vectors of ${given.join(", ")} numbers, and the text encoders take ${widths.join(", ") || "none"}: it belongs to another base model`,
  );
}

/** The changes of models, with the rows of an encoder's words; `size` is that of its tokenizer. */
export function withWords(
  changes: NonNullable<LoadModelOptions["changes"]>,
  part: TextPart,
  words: readonly Embedding[],
  size: number,
): NonNullable<LoadModelOptions["changes"]> {
  if (words.length === 0) return changes;
  const path = pathOf(part);
  const earlier = changes.get(path);
  return new Map([
    ...changes,
    [
      path,
      (model, beside) =>
        addEmbeddings(
          {
            model: earlier?.(model, beside) ?? model,
            externalData: (location, offset, length) =>
              (beside.get(location) as Uint8Array).subarray(offset, offset + length),
          },
          words,
          size,
        ),
    ],
  ]);
}

const pathOf = ({ name }: TextPart) => `${name}/model.onnx`;
