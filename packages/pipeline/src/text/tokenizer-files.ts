/**
 * The files of a tokenizer as one object in the form of tokenizer.json. Where a folder has no
 * tokenizer.json, the object is built from vocab.json and merges.txt, as transformers'
 * `CLIPConverter` does.
 */

import { naming, type ReadFile, readJson, readPlaced } from "../folder-files.ts";
import { isObject } from "../index-file.ts";
import { utf8Text } from "../utf8.ts";
import { MAX_ADDED_LETTERS, MAX_ADDED_TOKENS } from "./limits.ts";
import { CLIP_WORDS_IGNORING_CASE, checkedTokenizer, invalid, isId } from "./tokenizer-json.ts";

type Fields = Record<string, unknown>;

/** What a folder says of its tokenizer. */
export interface TokenizerFiles {
  /** In the form of tokenizer.json. */
  readonly json: Fields;
  readonly config: Fields;
  /** Whether the tokenizer is built from vocab.json and merges.txt, as `CLIPTokenizer` is. */
  readonly slow: boolean;
  readonly padToken: string;
}

/**
 * Reads the tokenizer of a folder; undefined where there is none.
 *
 * @throws GenError naming the file that is damaged, too large, missing or not supported.
 */
export async function readTokenizerFiles(
  read: ReadFile,
  folder: string,
  prefersParts: boolean,
): Promise<TokenizerFiles | undefined> {
  const object = (name: string) => readJson(read, `${folder}/${name}`);
  const [whole, map = {}, config = {}] = await Promise.all(
    ["tokenizer.json", "special_tokens_map.json", "tokenizer_config.json"].map(object),
  );
  const parts =
    whole && !prefersParts
      ? undefined
      : await clipFromParts(await object("vocab.json"), read, folder);
  const json = parts ?? whole;
  if (json === undefined) {
    if ((await readPlaced(read, `${folder}/spiece.model`)) === undefined) return undefined;
    throw invalid(
      `${folder}/spiece.model needs a tokenizer.json beside it: save the tokenizer as a T5TokenizerFast`,
    );
  }
  const special = (name: string) => contentOf(map[name]) ?? contentOf(config[name]);
  return naming(`${folder}/${parts ? "vocab.json" : "tokenizer.json"}`, () => {
    const checked = checkedTokenizer(json);
    addTokens(checked, config, ["bos_token", "eos_token", "unk_token", "pad_token"].map(special));
    const padToken = special("pad_token") ?? special("eos_token");
    if (padToken === undefined) throw invalid("special_tokens_map.json must name the pad_token");
    return { json: checked, config, slow: parts !== undefined, padToken };
  });
}

/** The start and the end are the last two tokens of vocab.json. */
async function clipFromParts(vocab: Fields | undefined, read: ReadFile, folder: string) {
  if (vocab === undefined) return undefined;
  const merges = await readPlaced(read, `${folder}/merges.txt`);
  if (!merges) throw invalid(`${folder}/merges.txt is missing beside vocab.json`);
  return naming(merges.place, () => {
    const lines = utf8Text(merges.bytes).trim().split("\n");
    const size = Object.keys(vocab).length;
    const last = Object.entries(vocab).filter(([, id]) => Number(id) >= size - 2);
    if (last.length !== 2) throw invalid("vocab.json must number its tokens from 0 on");
    const [start, end] = last.sort((a, b) => Number(a[1]) - Number(b[1]));
    const pattern = { Regex: CLIP_WORDS_IGNORING_CASE };
    const split = { type: "Split", pattern, behavior: "Removed", invert: true };
    return {
      added_tokens: [start, end].map(([content, id]) => ({ id, content, special: true })),
      pre_tokenizer: { type: "Sequence", pretokenizers: [split, { type: "ByteLevel" }] },
      post_processor: { type: "RobertaProcessing", cls: start, sep: end },
      model: {
        type: "BPE",
        unk_token: end[0],
        end_of_word_suffix: "</w>",
        vocab,
        merges: lines.slice(lines[0].startsWith("#version") ? 1 : 0),
      },
    };
  });
}

/** Adds what tokenizer_config.json and the special tokens add, as transformers does. */
function addTokens(json: Fields, config: Fields, special: readonly (string | undefined)[]): void {
  const { vocab } = json.model as Fields;
  const idOf = (content: string): unknown =>
    Array.isArray(vocab)
      ? vocab.findIndex(([token]) => token === content)
      : Object.getOwnPropertyDescriptor(vocab, content)?.value;
  const { added_tokens_decoder: decoder = {} } = config;
  if (!isObject(decoder) || !Object.values(decoder).every(isObject)) {
    throw invalid("added_tokens_decoder must be an object of objects");
  }
  const candidates = [
    ...(json.added_tokens as Fields[]),
    ...Object.entries(decoder).map(([id, token]) => ({ ...(token as Fields), id: Number(id) })),
    ...special.flatMap((content) =>
      content === undefined ? [] : { content, id: idOf(content), special: true },
    ),
  ];
  const added = new Map(candidates.toReversed().map((token: Fields) => [token.content, token]));
  const isToken = ({ id, content }: Fields) =>
    isId(id) && typeof content === "string" && content.length <= MAX_ADDED_LETTERS;
  const tokens = [...added.values()].toReversed();
  const wrong = tokens.find((token) => !isToken(token));
  if (wrong || tokens.length > MAX_ADDED_TOKENS) {
    throw invalid(
      wrong
        ? `an added token must have an id and at most ${MAX_ADDED_LETTERS} letters`
        : `at most ${MAX_ADDED_TOKENS} tokens can be added, got ${tokens.length}`,
    );
  }
  json.added_tokens = tokens;
}

function contentOf(token: unknown): string | undefined {
  const content = isObject(token) ? token.content : token;
  return typeof content === "string" ? content : undefined;
}
