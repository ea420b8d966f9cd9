import { errorCode } from "@gen/math";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadTokenizer, type PromptTokenizer } from "../src/index.ts";
import * as limits from "../src/text/limits.ts";
import { parsePrompt, weightHiddenStates } from "../src/text/prompt-weights.ts";
import { readJson, readReference } from "./tokenizer-cases.ts";

const load = async (folder: string, options = {}) =>
  (await loadTokenizer(readReference, folder, options)) as PromptTokenizer;
const clip = await load("clip");
const json = await readJson("clip-fast/tokenizer.json");
const [start, end] = [1632, 1633];
const plain = (tokenizer: PromptTokenizer, prompt: string, options = {}) => {
  const { ids, length } = tokenizer.tokenize(prompt, options);
  return [...ids.subarray(0, length)];
};

describe("a tokenized prompt", () => {
  test("has the start, the end, and the pad token of special_tokens_map.json", async () => {
    const { ids, length, note } = clip.tokenize("a");
    expect([ids.length, ids[0], ids[length - 1], ids[76], note]).toEqual([
      77,
      start,
      end,
      end,
      undefined,
    ]);
    expect((await load("clip-2")).tokenize("a").ids[76]).toBe(0);
    const t5 = (await load("t5")).tokenize("a");
    expect([t5.ids.length, t5.ids[t5.length - 1], t5.ids[511]]).toEqual([512, 1, 0]);
  });

  test("that is too long keeps its start and its end, and the note names what was cut", () => {
    const words = Array.from({ length: 24 }, (_, i) => `riding ${i} horse`).join(" ");
    const whole = plain(clip, words, { maxLength: 4096 });
    const { ids, length, note } = clip.tokenize(words);
    expect([...ids]).toEqual([...whole.slice(0, 76), end]);
    expect(length).toBe(77);
    expect(note).toMatch(
      new RegExp(
        `^the prompt has ${whole.length} tokens and the text encoder takes 77: ".*2 3 horse" was cut off$`,
      ),
    );
    expect(clip.tokenize(words, { maxLength: whole.length }).note).toBeUndefined();
  });

  test("takes learned tokens, each with as many ids as it has vectors", async () => {
    const learned = await load("clip", { added: { "<cat-toy>": 3, "<x>": 1 } });
    expect([clip.size, learned.size]).toEqual([1634, 1638]);
    const around = [plain(clip, "a").slice(0, 2), plain(clip, "photo").slice(1)];
    expect(plain(learned, "a <cat-toy> photo")).toEqual([
      ...around[0],
      1634,
      1635,
      1636,
      ...around[1],
    ]);
    expect(plain(learned, "<x>")).toEqual([start, 1637, end]);
  });

  test("is that of the class which model_index.json names", async () => {
    const prompt = "中国";
    const parts = async (path: string) =>
      (await readReference(path.replace("both", "clip-fast"))) ??
      readReference(path.replace("both", "clip"));
    const ids = async (className?: string) =>
      plain((await loadTokenizer(parts, "both", { className })) as PromptTokenizer, prompt);
    expect(await ids()).toEqual(plain(await load("clip-fast"), prompt));
    expect(await ids("CLIPTokenizer")).toEqual(plain(clip, prompt));
    expect(await ids("CLIPTokenizer")).not.toEqual(await ids());
  });
});

describe("weights in a prompt", () => {
  // The examples of parse_prompt_attention in diffusers 0.39's lpw_stable_diffusion.
  test.each([
    ["normal text", [["normal text", 1]]],
    [
      "an (important) word",
      [
        ["an ", 1],
        ["important", 1.1],
        [" word", 1],
      ],
    ],
    ["(unbalanced", [["unbalanced", 1.1]]],
    ["\\(literal\\]", [["(literal]", 1]]],
    ["(unnecessary)(parens)", [["unnecessaryparens", 1.1]]],
    [
      "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
      [
        ["a ", 1],
        ["house", 1.5730000000000004],
        [" ", 1.1],
        ["on", 1],
        [" a ", 1.1],
        ["hill", 0.55],
        [", sun, ", 1.1],
        ["sky", 1.4641000000000006],
        [".", 1.1],
      ],
    ],
    ["", [["", 1]]],
    [
      "a:1) (b:1.2.3) ]",
      [
        ["a:1) ", 1],
        ["b:1.2.3) ]", 1.1],
      ],
    ],
  ])("%s", (prompt, pieces) => {
    expect(parsePrompt(prompt)).toEqual(pieces);
  });

  test("lie on the ids of their words, and are letters unless they are asked for", () => {
    const { ids, weights, length } = clip.tokenize("a (photo:1.5) horse", { weighted: true });
    const words = ["a", "photo", "horse"].map((word) => plain(clip, word).slice(1, -1));
    expect([...ids.subarray(1, length - 1)]).toEqual(words.flat());
    const expected = [1, ...words.flatMap((ids, i) => ids.map(() => (i === 1 ? 1.5 : 1)))];
    expect([...weights]).toEqual([...expected, ...Array(77 - expected.length).fill(1)]);
    const letters = clip.tokenize("a (photo:1.5) horse");
    expect(letters.length).toBeGreaterThan(length);
    expect(letters.weights.every((weight) => weight === 1)).toBe(true);
  });

  test("multiply hidden states and keep their mean", () => {
    const hidden = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...weightHiddenStates(hidden, Float32Array.of(1, 1))]).toEqual([...hidden]);
    // Weights 1 and 3 give 6 + 45 = 51 in place of 21.
    const weighted = weightHiddenStates(hidden, Float32Array.of(1, 3));
    [1, 2, 3, 12, 15, 18].forEach((value, i) => {
      expect(weighted[i]).toBeCloseTo((value * 21) / 51, 5);
    });
  });
});

describe("refusals", () => {
  afterEach(() => vi.doUnmock("@huggingface/tokenizers"));

  test("say how to install the library", async () => {
    vi.resetModules();
    vi.doMock("@huggingface/tokenizers", () => {
      throw new Error("missing");
    });
    const { loadTokenizer } = await import("../src/text/load-tokenizer.ts");
    const failed = await loadTokenizer(readReference, "clip").catch((error) => error);
    expect(failed).toMatchObject({ name: "GenError", code: "backend-unavailable" });
    expect(failed.message).toMatch(/run: npm install @huggingface\/tokenizers$/);
  });

  test("name the file, and a folder without a tokenizer gives undefined", async () => {
    expect(await loadTokenizer(async () => undefined, "tokenizer")).toBeUndefined();
    const withoutMerges = async (path: string) =>
      path.endsWith("merges.txt") ? undefined : readReference(path);
    const pieces = async (path: string) =>
      path.endsWith("spiece.model") ? new Uint8Array(1) : undefined;
    await expect(loadTokenizer(pieces, "t5")).rejects.toThrow(
      "save the tokenizer as a T5TokenizerFast",
    );
    await expect(loadTokenizer(withoutMerges, "clip")).rejects.toThrow(
      "clip/merges.txt is missing",
    );
  });

  const changed = (change: object) =>
    loadTokenizer(
      async (path) =>
        path === "t/tokenizer.json"
          ? new Uint8Array(Buffer.from(JSON.stringify({ ...json, ...change })))
          : readReference(path.replace("t/", "clip-fast/")),
      "t",
    );
  const unigram = (vocab: unknown, unk_id = 0) => ({ model: { type: "Unigram", vocab, unk_id } });
  const split = (pattern: object) => ({ pre_tokenizer: { type: "Split", pattern } });
  const tokens = (n: number, content = (i: number) => `t${i}`) =>
    Array.from({ length: n }, (_, i) => ({ id: i, content: content(i) }));

  test.each([
    ["a pattern", split({ Regex: "(a+)+$" }), "pattern must be a text or a pattern of CLIP or T5"],
    ["a kind", { normalizer: { type: "Nmt" } }, 'its normalizer "Nmt" is not supported'],
    ["no vocabulary", { model: { type: "BPE" } }, "the vocabulary must map 1 to 262144 tokens"],
    ["an id", { model: { ...json.model, vocab: { a: -1 } } }, "the vocabulary must map"],
    [
      "a merge",
      { model: { ...json.model, merges: ["ab"] } },
      "merges must be at most 262144 pairs",
    ],
    ["unk_id", unigram([["a", 0]], 1), "unk_id must be the id of a token"],
    ["a processor", { post_processor: { type: "BertProcessing", cls: 1 } }, "cls must be a token"],
    [
      "a charsmap",
      { normalizer: { type: "Precompiled", precompiled_charsmap: "AA==" } },
      "charsmap",
    ],
    ["a token", { added_tokens: [{ id: 1 }] }, "an added token must have an id"],
  ])("of %s name what is wrong", async (_, change, message) => {
    const error = await changed(change).catch((error) => error);
    expect(errorCode(error)).toMatch(/^(invalid-model|unsupported-operation)$/);
    expect(error.message).toContain("t/tokenizer.json: ");
    expect(error.message).toContain(message);
  });

  test("MAX_VOCABULARY, MAX_UNIGRAM_LETTERS", async () => {
    const merges = (n: number) => ({ model: { ...json.model, merges: Array(n).fill("a b") } });
    await changed(merges(limits.MAX_VOCABULARY));
    await expect(changed(merges(limits.MAX_VOCABULARY + 1))).rejects.toThrow(
      "merges must be at most",
    );
    const letters = (n: number) =>
      changed(
        unigram([
          ["<|startoftext|>", 0],
          ["<|endoftext|>", 0],
          ["x".repeat(n - 28), 0],
        ]),
      );
    await letters(limits.MAX_UNIGRAM_LETTERS);
    await expect(letters(limits.MAX_UNIGRAM_LETTERS + 1)).rejects.toThrow(
      "must have at most 524288 letters",
    );
  });

  test("MAX_ADDED_TOKENS, MAX_ADDED_LETTERS", async () => {
    const kept = json.added_tokens;
    const many = (n: number) => changed({ added_tokens: [...kept, ...tokens(n - kept.length)] });
    await many(limits.MAX_ADDED_TOKENS);
    await expect(many(limits.MAX_ADDED_TOKENS + 1)).rejects.toThrow(
      "at most 4096 tokens can be added",
    );
    const long = (n: number) =>
      changed({ added_tokens: [...kept, ...tokens(1, () => "x".repeat(n))] });
    await long(limits.MAX_ADDED_LETTERS);
    await expect(long(limits.MAX_ADDED_LETTERS + 1)).rejects.toThrow("at most 128 letters");
  });

  test("MAX_PROMPT_LENGTH, MAX_PROMPT_IDS, MAX_PROMPT_BRACKETS", () => {
    const prompt = (n: number) => clip.tokenize("x".repeat(n));
    expect(prompt(limits.MAX_PROMPT_LENGTH).length).toBe(77);
    expect(() => prompt(limits.MAX_PROMPT_LENGTH + 1)).toThrow(
      "prompt must be a text of at most 65536",
    );
    const ids = (maxLength: number) => clip.tokenize("a", { maxLength });
    expect(ids(limits.MAX_PROMPT_IDS).ids).toHaveLength(4096);
    expect(() => ids(limits.MAX_PROMPT_IDS + 1)).toThrow("maxLength must be an integer in 3..4096");
    const brackets = (n: number) => clip.tokenize("(".repeat(n), { weighted: true });
    brackets(limits.MAX_PROMPT_BRACKETS);
    expect(() => brackets(limits.MAX_PROMPT_BRACKETS + 1)).toThrow("at most 512 brackets, got 513");
  });
});
