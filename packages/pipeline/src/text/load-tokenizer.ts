import { GenError } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { naming, type ReadFile } from "../folder-files.ts";
import { charsmapNormalizer } from "./charsmap.ts";
import { MAX_PROMPT_IDS, MAX_PROMPT_LENGTH } from "./limits.ts";
import { cleanedForClip, lowercase, strip } from "./normalizers.ts";
import { type PromptPiece, parsePrompt } from "./prompt-weights.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";

/** A prompt as a text encoder takes it. */
export interface TokenizedPrompt {
  /** `[maxLength]` ids: start, prompt, end, padding. */
  readonly ids: Int32Array;
  /** The ids before the padding. */
  readonly length: number;
  /** `[maxLength]` weights of the ids; all 1 unless the prompt was read with weights. */
  readonly weights: Float32Array;
  /** Says which words were cut off; undefined where the whole prompt fits. */
  readonly note?: string;
}

/** How a prompt becomes ids. */
export interface TokenizeOptions {
  /** The ids with padding, at most 4096. @defaultValue the tokenizer's own: 77 for CLIP */
  readonly maxLength?: number;
  /** Reads `(word:1.3)` as a weight. @defaultValue false */
  readonly weighted?: boolean;
}

/** Turns prompts into ids. */
export interface PromptTokenizer {
  /** Ids of a prompt, with padding: 77 for CLIP. */
  readonly maxLength: number;
  /** The number of ids that the text encoder's table of embeddings needs. */
  readonly size: number;
  /**
   * The ids of a prompt.
   *
   * @param prompt The text, at most 65,536 characters.
   * @param options The length, and whether weights are read. Default: the tokenizer's own length,
   * no weights.
   * @throws RangeError when the prompt has more than 65,536 characters or an option is not allowed.
   */
  tokenize(prompt: string, options?: TokenizeOptions): TokenizedPrompt;
}

/** How a tokenizer is read. */
export interface LoadTokenizerOptions {
  /**
   * The class that model_index.json names. `"CLIPTokenizer"` reads vocab.json and merges.txt even if
   * tokenizer.json is there, as transformers 4 does.
   * @defaultValue what the files say
   */
  readonly className?: string;
  /**
   * New tokens and how many ids each takes, in order, as textual inversion adds them.
   * @defaultValue none
   */
  readonly added?: Readonly<Record<string, number>>;
}

type Library = typeof import("@huggingface/tokenizers");

/**
 * Loads the tokenizer of a folder, for CLIP or T5; undefined where there is none. The ids are those
 * of transformers 4.57: of the fast tokenizers where tokenizer.json is there, and of `CLIPTokenizer`
 * where only vocab.json and merges.txt are there.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param folder The tokenizer's folder, such as "tokenizer".
 * @param options The class, and added words. Default: the files' own.
 * @throws GenError `backend-unavailable` when `@huggingface/tokenizers` is not installed;
 * `invalid-model` or `unsupported-operation` naming the file that cannot be used.
 */
export async function loadTokenizer(
  read: ReadFile,
  folder: string,
  options: LoadTokenizerOptions = {},
): Promise<PromptTokenizer | undefined> {
  checkArguments({ read, folder }, { read: rules.FUNCTION, folder: rules.TEXT });
  checkOptions(options, {
    className: rules.optional(rules.TEXT),
    added: rules.optional(rules.OBJECT),
  });
  checkArguments(
    options.added ?? {},
    Object.fromEntries(Object.keys(options.added ?? {}).map((token) => [token, rules.COUNT])),
  );
  const files = await readTokenizerFiles(read, folder, options.className === "CLIPTokenizer");
  if (!files) return undefined;
  const library = await loadLibrary();
  return naming(`${folder}/tokenizer.json`, () =>
    promptTokenizer(library, files, options.added ?? {}),
  );
}

async function loadLibrary(): Promise<Library> {
  try {
    return await import("@huggingface/tokenizers");
  } catch (cause) {
    throw new GenError(
      "backend-unavailable",
      "prompts need @huggingface/tokenizers, which did not load; run: npm install @huggingface/tokenizers",
      { cause },
    );
  }
}

function promptTokenizer(
  library: Library,
  files: TokenizerFiles,
  added: Readonly<Record<string, number>>,
): PromptTokenizer {
  const tokens = files.json.added_tokens as { id: number; content: string }[];
  const { vocab } = files.json.model as { vocab: object };
  const vocabulary = Object.keys(vocab).length;
  const known = Math.max(vocabulary, ...tokens.map(({ id }) => id + 1));
  const vectors = new Map<number, number>();
  let size = known;
  const learned = Object.entries(added).map(([content, count]) => {
    if (Object.hasOwn(vocab, content) || tokens.some((token) => token.content === content)) {
      throw new ArgumentError(
        `the word ${JSON.stringify(content)} is in the vocabulary already; give it another name, such as ${JSON.stringify(`<my-${content}>`)}`,
      );
    }
    const id = size;
    vectors.set(id, count);
    size += count;
    return { id, content, normalized: false };
  });
  const json = { ...files.json, added_tokens: [...tokens, ...learned] };
  const tokenizer = libraryTokenizer(library, json, files.slow);
  const idsOf = (text: string): number[] =>
    tokenizer
      .encode(text, { add_special_tokens: false })
      .ids.flatMap((id: number) => Array.from({ length: vectors.get(id) ?? 1 }, (_, i) => id + i));
  const specials = tokenizer.encode("").ids;
  const [start, end] = [specials.slice(0, -1), specials.slice(-1)];
  const pad = tokenizer.token_to_id(files.padToken);
  if (pad === undefined || ![...specials, pad].every(Number.isSafeInteger)) {
    throw new GenError("invalid-model", "its start, end or padding is not in its vocabulary");
  }
  const own = Number(files.config.model_max_length);
  const usual = start.length > 0 ? 77 : 512;
  const maxLength = own > specials.length && own <= MAX_PROMPT_IDS ? own : usual;
  return {
    maxLength,
    size,
    tokenize(prompt, options = {}) {
      checkArguments({ prompt }, { prompt: PROMPT });
      checkOptions(options, {
        maxLength: rules.optional(rules.integerIn(specials.length + 1, MAX_PROMPT_IDS)),
        weighted: rules.optional(rules.FLAG),
      });
      const { maxLength: length = maxLength, weighted = false } = options;
      const pieces: readonly PromptPiece[] = weighted ? parsePrompt(prompt) : [[prompt, 1]];
      const parts = pieces.map(([text, weight]) => [idsOf(text), weight] as const);
      const all = parts.flatMap(([ids]) => ids);
      const weights = parts.flatMap(([ids, weight]) => ids.map(() => weight));
      const room = length - specials.length;
      const ids = new Int32Array(length).fill(pad);
      ids.set([...start, ...all.slice(0, room), ...end]);
      const told = new Float32Array(length).fill(1);
      told.set(weights.slice(0, room), start.length);
      const rest = all.slice(room).filter((id) => id < known);
      const cut = rest.length > 0 ? tokenizer.decode(rest).trim() : "";
      const note =
        all.length > room
          ? `the prompt has ${all.length + specials.length} tokens and the text encoder takes ${length}: ${JSON.stringify(shorten(cut))} was cut off`
          : undefined;
      return { ids, length: Math.min(all.length + specials.length, length), weights: told, note };
    },
  };
}

const PROMPT: rules.Rule = [
  `a text of at most ${MAX_PROMPT_LENGTH} characters`,
  (value) => typeof value === "string" && value.length <= MAX_PROMPT_LENGTH,
];

const shorten = (text: string) => (text.length > 300 ? `${text.slice(0, 297)}...` : text);

/** The library's tokenizer, with transformers' rules where the library has others. */
function libraryTokenizer(library: Library, json: object, slow: boolean) {
  const tokenizer = built(library, json);
  const { normalizer, model } = tokenizer as unknown as {
    normalizer: { normalizers: { config: Record<string, unknown>; normalize: Normalize }[] };
    model: { bpe?: (word: string) => string[] };
  };
  const parts = normalizer.normalizers.map((part): Normalize => {
    const { type, strip_left, strip_right, precompiled_charsmap: map } = part.config;
    if (type === "Lowercase") return lowercase;
    if (type === "Strip") return (text) => strip(text, strip_left === true, strip_right === true);
    if (type === "Precompiled") return charsmapNormalizer(String(map));
    return (text) => part.normalize(text);
  });
  if (slow) parts.push(cleanedForClip);
  const normalize = (text: string) => parts.reduce((result, part) => part(result), text);
  tokenizer.normalizer = normalize as unknown as typeof tokenizer.normalizer;
  const { bpe } = model;
  if (slow && bpe) {
    // CLIPTokenizer finds its special tokens again after it has made the letters small.
    const special = new Set((json as TokenizerFiles["json"] & Added).added_tokens.map(content));
    model.bpe = (word) => (special.has(word) ? [word] : bpe.call(model, word));
  }
  return tokenizer;
}

function built({ Tokenizer }: Library, json: object) {
  try {
    return new Tokenizer(json, { clean_up_tokenization_spaces: false });
  } catch (cause) {
    throw new GenError("invalid-model", "its parts do not fit together", { cause });
  }
}

type Normalize = (text: string) => string;
type Added = { readonly added_tokens: readonly { readonly content: string }[] };
const content = (token: { readonly content: string }) => token.content;
