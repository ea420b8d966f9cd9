import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { loadTokenizer, type PromptTokenizer } from "../src/text/load-tokenizer.ts";
import { promptCases, readJson, readReference } from "./tokenizer-cases.ts";

const reference = await readJson("ids.json");
const cases = await promptCases();
const load = async (folder: string) =>
  (await loadTokenizer(readReference, folder)) as PromptTokenizer;

test("the prompts are those of the reference", () => {
  expect(cases).toHaveLength(10_000);
  expect(cases.slice(0, 3)).toEqual(reference.cases);
});

describe.each(["clip", "clip-2", "clip-fast", "clip-2-fast", "t5"])("%s", async (folder) => {
  const { length, ids, digests } = reference.tokenizers[folder];
  const tokenizer = await load(folder);

  test("gives transformers' ids of the first 300 prompts", () => {
    expect(ids).toHaveLength(300);
    for (const [i, expected] of ids.entries()) {
      const found = tokenizer.tokenize(cases[i], { maxLength: length });
      expect([...found.ids.subarray(0, found.length)], JSON.stringify(cases[i])).toEqual(expected);
    }
  });

  test("gives transformers' padded ids of 10,000 prompts", () => {
    expect(digests).toHaveLength(100);
    const wrong = digests.filter((digest: string, block: number) => {
      const hash = createHash("sha256");
      for (const prompt of cases.slice(100 * block, 100 * block + 100)) {
        hash.update(tokenizer.tokenize(prompt, { maxLength: length }).ids);
      }
      return hash.digest("hex").slice(0, 16) !== digest;
    });
    expect(wrong).toEqual([]);
  });
});
