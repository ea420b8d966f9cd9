import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { type ReadFile, readJson } from "../folder-files.ts";
import { required } from "../folder-parts.ts";
import { type LoadModelOptions, loadModel } from "../load-model.ts";
import type { Embedding } from "../text/embeddings.ts";
import { loadTokenizer, type PromptTokenizer } from "../text/load-tokenizer.ts";
import type { TextPart } from "./text-kind.ts";

/** The tokenizer of an encoder, with learned words. @throws GenError `invalid-model` where there is none. */
export async function tokenizerOf(
  read: ReadFile,
  part: TextPart,
  words: readonly Embedding[] = [],
): Promise<PromptTokenizer> {
  const { className } = part;
  const added = Object.fromEntries(words.map(({ token, count }) => [token, count]));
  const tokenizer = await loadTokenizer(read, part.tokenizer, { className, added });
  if (tokenizer) return tokenizer;
  throw new GenError(
    "invalid-model",
    `${part.tokenizer}/ has neither tokenizer.json nor vocab.json with merges.txt: it turns prompts into the ids of ${part.name}. Copy the folder ${part.tokenizer} of the model that was exported`,
  );
}

/** The model of an encoder. @throws GenError `invalid-model` where there is none. */
export async function encoderOf(
  read: ReadFile,
  { name }: TextPart,
  options: LoadModelOptions,
): Promise<OnnxModel> {
  const path = `${name}/model.onnx`;
  const model = await loadModel(read, path, options);
  return required(
    path,
    model,
    !model && (await readJson(read, `${name}/config.json`)) !== undefined,
  );
}
