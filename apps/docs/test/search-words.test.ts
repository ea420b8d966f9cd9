import { describe, expect, it } from "vitest";
import { buildIndex, loadIndex, search } from "../.vitepress/search/search-index.ts";
import { markedPieces, stem, termsOf } from "../.vitepress/search/words.ts";

const section = (id: string, title: string, text: string) => ({
  ...{ id, title, titles: [], topics: "", text, code: "", excerpt: text },
});

describe("the words of the search", () => {
  it.each([
    ["reparameterization", "reparameterisations", "Reparameterized", "reparameterising"],
    ["cancel", "canceled", "cancelled", "cancellation", "canceling"],
    ["noise", "noising", "noised"],
    ["schedule", "schedules", "scheduled"],
    ["sample", "samples", "sampling", "sampled"],
    ["entropy", "entropies"],
    ["loss", "losses"],
    ["behavior", "behaviour"],
    ["Poincaré", "poincare"],
  ])("are one in all their spellings: %s", (...words) => {
    expect(new Set(words.map(stem)).size).toBe(1);
  });

  it("are not one if they mean different things", () => {
    for (const [a, b] of [
      ["scheduler", "schedule"],
      ["prior", "posterior"],
      ["string", "strip"],
      ["mean", "meaning less"],
    ]) {
      expect(stem(a)).not.toBe(stem(b));
    }
  });

  it("are the parts of a name, and pairs of Chinese characters", () => {
    expect(termsOf("posteriorCoefficients")).toEqual([
      "posteriorcoefficient",
      stem("posterior"),
      stem("coefficients"),
    ]);
    expect(termsOf("噪声调度")).toEqual(["噪声", "声调", "调度", "度"]);
    expect(termsOf("the KL散度")).toEqual(["kl", "散度", "度"]);
  });

  it("are marked in a text", () => {
    const marked = (text: string, terms: string[]) =>
      markedPieces(text, terms)
        .filter(([, isMarked]) => isMarked)
        .map(([piece]) => piece);
    expect(marked("Two sampled points", [stem("sampling")])).toEqual(["sampled"]);
    expect(marked("一步的噪声。", ["噪声"])).toEqual(["噪", "声"]);
  });

  it("must all occur, before a part of them counts", async () => {
    const index = await loadIndex(
      buildIndex([
        section("guide/a", "Red things", "red apples and red wine"),
        section("guide/b", "Colors", "a red and a blue house"),
        section("guide/c", "Blue things", "blue sky"),
        section("zh/guide/b", "颜色", "红色 red 与蓝色 blue"),
      ]),
    );
    const pages = (query: string) => search(index, query, "en").map(({ page }) => page);
    expect(pages("red blue")[0]).toBe("guide/b");
    expect(pages("red blue").at(-1)).toBe("zh/guide/b");
    expect(pages("the blue sky")[0]).toBe("guide/c");
    expect(pages("green")).toEqual([]);
  });
});
