import katex from "katex";
import { expect, it } from "vitest";
import { latexOf } from "../.vitepress/ascii-formula.mts";
import book from "../.vitepress/theme/book.data.ts";
import { entryPoints } from "../typedoc/packages.mjs";
import { chinesePackages } from "../typedoc/packages-zh.mjs";

it("a formula in plain text becomes LaTeX, a part for each semicolon", () => {
  const [first, second] = latexOf(
    "q(x|z) = N(x; mu_1, sigma_1^2); abar_t = sqrt(1 - sqrt(bbar_t))",
  );
  const letters = (latex: string) => latex.replace(/\s/g, "");
  expect(letters(first)).toBe("q(x\\,|\\,z)=\\mathcal{N}(x;\\mu_1,\\sigma_1^2)");
  expect(letters(second)).toBe("\\bar\\alpha_t=\\sqrt{1-\\sqrt{\\bar\\beta_t}}");
  expect(() => katex.renderToString(`${first} ${second}`, { throwOnError: true })).not.toThrow();
});

it("every formula of the tutorial is drawn", () => {
  const { html, en, zh } = book.load();
  expect(en.formulas.length).toBe(36);
  expect(zh.formulas.map(({ formula }) => formula)).toEqual(en.formulas.map((f) => f.formula));
  for (const { number } of en.formulas) expect(html[number].length).toBeGreaterThan(0);
});

it("every entry point is described in Chinese", () => {
  expect(Object.keys(chinesePackages).sort()).toEqual(
    entryPoints()
      .map((e) => e.name)
      .sort(),
  );
});
