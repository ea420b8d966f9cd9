/**
 * Checks an object in the form of tokenizer.json before @huggingface/tokenizers sees it. The parts
 * are those of CLIP's and T5's tokenizers; each may have only the fields that are known.
 */
import { GenError } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import { isObject } from "../index-file.ts";
import { MAX_UNIGRAM_LETTERS, MAX_VOCABULARY } from "./limits.ts";

type Fields = Record<string, unknown>;

/** CLIP's words: contractions, letters, single digits, and the rest. */
const CLIP_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/**
 * The words of `CLIPTokenizer`, whose pattern ignores case. That adds the long s to the contractions
 * and takes U+0345, whose capital is a letter, out of the rest.
 */
export const CLIP_WORDS_IGNORING_CASE = String.raw`<\|startoftext\|>|<\|endoftext\|>|'[sſ]|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\u0345]+`;

/** The patterns that a tokenizer.json may have. Another pattern could take endless time. */
const PATTERNS = [CLIP_WORDS, CLIP_WORDS_IGNORING_CASE, String.raw`\s+`, " {2,}"];

const { TEXT, optional, either, oneOf, listOf } = rules;
const FLAG = optional(rules.FLAG);
const PATTERN: rules.Rule = [
  "a text or a pattern of CLIP or T5",
  (value) =>
    isObject(value) &&
    (typeof value.String === "string" ||
      (value.String === undefined && PATTERNS.includes(value.Regex as string))),
];
const TOKEN: rules.Rule = [
  "a token and its id",
  (value) => Array.isArray(value) && typeof value[0] === "string" && isId(value[1]),
];
const TEMPLATE = listOf([
  "sequences and special tokens",
  (item) =>
    isObject(item) &&
    (isObject(item.Sequence) ||
      (isObject(item.SpecialToken) && typeof item.SpecialToken.id === "string")),
]);

type Kinds = Readonly<Record<string, Readonly<Record<string, rules.Rule>>>>;

const NORMALIZERS: Kinds = {
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Lowercase: {},
  Strip: { strip_left: FLAG, strip_right: FLAG },
  Replace: { pattern: PATTERN, content: TEXT },
  Prepend: { prepend: TEXT },
  Precompiled: { precompiled_charsmap: TEXT },
};
const SPLITTERS: Kinds = {
  Split: { pattern: PATTERN, behavior: optional(TEXT), invert: FLAG },
  ByteLevel: { add_prefix_space: FLAG, use_regex: FLAG },
  Metaspace: { replacement: TEXT, prepend_scheme: optional(TEXT) },
  WhitespaceSplit: {},
};
const PROCESSORS: Kinds = {
  ByteLevel: {},
  RobertaProcessing: { cls: TOKEN, sep: TOKEN },
  BertProcessing: { cls: TOKEN, sep: TOKEN },
  TemplateProcessing: { single: TEMPLATE },
};
const NAME = optional(either(TEXT, oneOf(null)));
const MODELS: Kinds = {
  BPE: { unk_token: NAME, end_of_word_suffix: NAME, byte_fallback: FLAG, ignore_merges: FLAG },
  Unigram: { unk_id: rules.INDEX },
};

/**
 * The parts that are used, with sequences flattened.
 *
 * @throws GenError `invalid-model` when a field is damaged or too large, `unsupported-operation` when
 * a part is of a kind that only other tokenizers have.
 */
export function checkedTokenizer(json: Fields): Fields {
  const normalizers = flattened("normalizer", json.normalizer, "normalizers", NORMALIZERS);
  const words = flattened("pre_tokenizer", json.pre_tokenizer, "pretokenizers", SPLITTERS);
  const processors = flattened("post_processor", json.post_processor, "processors", PROCESSORS);
  const [post = null, another] = processors.filter(({ type }) => type !== "ByteLevel");
  if (another) throw unsupported("post_processor", "of several parts");
  // A split into CLIP's words leaves nothing to split, and JavaScript's spaces are not Unicode's.
  const isSplit = words.some(({ type }) => type === "Split");
  const pretokenizers = words.map((part) =>
    part.type === "ByteLevel" && isSplit ? { ...part, use_regex: false } : part,
  );
  const model = checkedModel(json.model);
  const { added_tokens = [] } = json;
  if (!Array.isArray(added_tokens) || !added_tokens.every(isObject)) {
    throw invalid("added_tokens must be a list of objects");
  }
  return {
    added_tokens,
    normalizer: { type: "Sequence", normalizers },
    pre_tokenizer: { type: "Sequence", pretokenizers },
    post_processor: post,
    model,
    decoder: { type: model.type === "BPE" ? "ByteLevel" : "Metaspace" },
  };
}

function flattened(name: string, part: unknown, list: string, kinds: Kinds): Fields[] {
  if (part === null || part === undefined) return [];
  if (!isObject(part)) throw invalid(`${name} must be an object`);
  const parts = part[list];
  if (part.type === "Sequence" && Array.isArray(parts)) {
    return parts.flatMap((inner) => flattened(name, inner, list, kinds));
  }
  return [knownFields(name, part, kinds)];
}

/** The part with the fields of its kind alone. */
function knownFields(name: string, part: Fields, kinds: Kinds): Fields {
  const { type } = part;
  if (typeof type !== "string" || !Object.hasOwn(kinds, type)) throw unsupported(name, type);
  checkArguments(part, kinds[type]);
  return Object.fromEntries(["type", ...Object.keys(kinds[type])].map((key) => [key, part[key]]));
}

function checkedModel(model: unknown): Fields {
  if (!isObject(model)) throw invalid("model must be an object");
  const { vocab, merges, type = Array.isArray(vocab) ? "Unigram" : "BPE" } = model;
  const known = knownFields("model", { ...model, type }, MODELS);
  if (type === "Unigram") {
    checkPieces(vocab, known.unk_id as number);
    return { ...known, vocab };
  }
  const ids = isObject(vocab) ? Object.values(vocab) : [];
  if (ids.length === 0 || ids.length > MAX_VOCABULARY || !ids.every(isId)) {
    throw invalid(`the vocabulary must map 1 to ${MAX_VOCABULARY} tokens to ids`);
  }
  if (!Array.isArray(merges) || merges.length > MAX_VOCABULARY || !merges.every(isPair)) {
    throw invalid(`merges must be at most ${MAX_VOCABULARY} pairs of tokens`);
  }
  const pairs = merges.map((merge) => (typeof merge === "string" ? merge.split(" ") : merge));
  return { ...known, vocab, merges: pairs };
}

function checkPieces(vocab: unknown, unknown: number): void {
  const isPiece = (piece: unknown) =>
    Array.isArray(piece) && typeof piece[0] === "string" && Number.isFinite(piece[1]);
  if (!Array.isArray(vocab) || vocab.length > MAX_VOCABULARY || !vocab.every(isPiece)) {
    throw invalid(`the vocabulary must be at most ${MAX_VOCABULARY} tokens with scores`);
  }
  const letters = vocab.reduce((sum: number, [token]) => sum + token.length, 0);
  if (letters > MAX_UNIGRAM_LETTERS) {
    throw invalid(`the tokens must have at most ${MAX_UNIGRAM_LETTERS} letters, got ${letters}`);
  }
  if (unknown >= vocab.length) throw invalid("unk_id must be the id of a token");
}

const isPair = (merge: unknown): boolean =>
  (typeof merge === "string" && /^\S+ \S+$/.test(merge)) ||
  (Array.isArray(merge) && merge.length === 2 && merge.every((t) => typeof t === "string"));

/** Whether a value is an id; an added token may lie beyond the vocabulary. */
export const isId = (id: unknown): boolean =>
  Number.isSafeInteger(id) && Number(id) >= 0 && Number(id) < 2 * MAX_VOCABULARY;

export const invalid = (message: string) => new GenError("invalid-model", message);

const unsupported = (name: string, value: unknown) =>
  new GenError(
    "unsupported-operation",
    `its ${name} ${JSON.stringify(value)} is not supported; only tokenizers of CLIP and T5 are`,
  );
