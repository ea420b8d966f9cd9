import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withChecks } from "../live/result-lines.mjs";
import { fencesOf, pages, writeFences } from "../scripts/fences.mjs";
import { __shows, __throws } from "./fence-checks.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const read = (page: string) => readFileSync(join(root, page), "utf8");

// Examples use paths from the repository's root.
process.chdir(root);

describe("each TypeScript fence runs and returns what its page shows", () => {
  const fences = writeFences();
  // A Chinese page shows the code of its English page, which tests below compare. So it runs once.
  const isChinese = ({ page }: { page: string }) => /^apps\/docs\/zh\/|[.]zh[.]md$/.test(page);
  for (const { page, line, module } of fences.filter((fence) => !isChinese(fence))) {
    it(`${page}:${line}`, () => import(module));
  }

  it("covers every guide", () => {
    const shown = new Set(fences.map(({ page }) => page));
    const guides = pages().filter((page) => page.includes("/guide/"));
    expect(guides.length).toBeGreaterThanOrEqual(6);
    expect(guides.filter((page) => !shown.has(page))).toEqual([]);
  });
});

it("the README's example has at most 12 lines and 4 imports", () => {
  const lines = fencesOf(read("README.md"))[0]
    .code.split("\n")
    .filter((line) => line !== "");
  expect(lines.length).toBeLessThanOrEqual(12);
  expect(lines.filter((line) => line.startsWith("import ")).length).toBeLessThanOrEqual(4);
});

const withoutComments = (code: string) =>
  code
    .split("\n")
    .filter((line) => !/^\s*\/\/ /.test(line))
    .map((line) => line.replace(/ \/\/ (?!=>|throws).*$/, ""));

const linksOf = (text: string) => Array.from(text.matchAll(/\]\(([^)]*)\)/g), ([, link]) => link);

describe("a package's README", () => {
  const readmes = pages().filter((page) => page.startsWith("packages/"));

  const isPublished = (page: string) =>
    !JSON.parse(read(page.replace("README.md", "package.json"))).private;

  it.each(readmes.filter(isPublished))("%s installs what its example imports", (page: string) => {
    const [install] = fencesOf(read(page), "sh");
    expect(install.code).toMatch(/^npm install /);
    const examples = fencesOf(read(page)).map(({ code }) => code);
    expect(examples.length).toBeGreaterThan(0);
    const imports = examples.flatMap((code) => code.match(/(?<=from ")@gen\/[\w-]+/g) ?? []);
    const names = install.code.split(/\s+/);
    const own = `@gen/${page.split("/")[1]}`;
    expect(names).toEqual(expect.arrayContaining([own, ...imports]));
  });

  it.each(readmes)("%s links to absolute addresses, which npm shows", (page: string) => {
    const links = [...read(page).matchAll(/\]\(([^)]*)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !/^(https:\/\/|#)/.test(link))).toEqual([]);
  });
});

it("no file tells a reader to run npm's package gen, which is another project", () => {
  const skipped =
    /^([.](git|turbo|fences|vitepress)|node_modules|dist|reference|gen-quickstart|shared)$/;
  const text = /[.](c?[jt]s|m[jt]s|vue|md|json|ya?ml|py|sh)$/;
  const files = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if (skipped.test(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? files(path) : text.test(entry.name) ? [path] : [];
    });
  const all = files(".");
  expect(all).toContain(join("packages", "cli", "src", "terminal.ts"));
  expect(all.filter((path) => /npx +gen\b/.test(read(path)))).toEqual([]);
});

describe("the two languages", () => {
  const chinese = pages().filter((page) => page.startsWith("apps/docs/zh/"));
  it.each(chinese)("%s shows the code of its English page", (page: string) => {
    const codes = (text: string) => fencesOf(text).map(({ code }) => withoutComments(code));
    expect(codes(read(page))).toEqual(codes(read(page.replace("/zh/", "/"))));
  });
});

describe("README.zh.md beside README.md", () => {
  const [english, translated] = ["README.md", "README.zh.md"].map(read);

  it("has the same code, headings, rows and links", () => {
    const outline = (text: string) => ({
      languages: Array.from(text.matchAll(/^```(\w+)$/gm), ([, language]) => language),
      code: fencesOf(text).map(({ code }) => withoutComments(code)),
      commands: fencesOf(text, "sh").map(({ code }) => code.replaceAll(/ *#.*$/gm, "")),
      headings: Array.from(text.matchAll(/^#+ /gm), ([marks]) => marks),
      packages: Array.from(text.matchAll(/^\| \[(.*?)\]/gm), ([, name]) => name),
      items: text.match(/^- /gm)?.length,
      targets: linksOf(text)
        .filter((link) => !/^README/.test(link))
        .sort(),
    });
    expect(outline(translated)).toEqual(outline(english));
    expect(outline(english).code).toHaveLength(1);
  });

  it("and each links to the other, and to files that are there", () => {
    expect([linksOf(english)[0], linksOf(translated)[0]]).toEqual(["README.zh.md", "README.md"]);
    expect(linksOf(translated).filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});

describe("a wrong fence fails", () => {
  it("in a number, to the digits shown", () => {
    expect(() => __shows(0.35, "0.35")).not.toThrow();
    expect(() => __shows(0.351, "0.35")).not.toThrow();
    expect(() => __shows(0.351, "0.350")).toThrow("the page shows 0.350, got 0.351");
    expect(() => __shows(1.21e-5, "1.2e-5")).not.toThrow();
    expect(() => __shows(1.3e-5, "1.2e-5")).toThrow();
    expect(() => __shows(2.0001, "2")).toThrow();
    expect(() => __shows(Number.NaN, "2.0")).toThrow();
  });

  it("in a list, an object, a string or a boolean", () => {
    expect(() => __shows(new Float32Array([0.5, 1]), "[0.5, 1]")).not.toThrow();
    expect(() => __shows([0.5, 1, 2], "[0.5, 1]")).toThrow();
    expect(() => __shows({ x0: 0.35, x: 0.75 }, "{ x0: 0.35, x: 0.75 }")).not.toThrow();
    expect(() => __shows({ x0: 0.35, x: 0.75, noise: 0 }, "{ x0: 0.35, x: 0.75 }")).toThrow();
    expect(() => __shows("cpu", '"cpu"')).not.toThrow();
    expect(() => __shows("cpu", '"onnx"')).toThrow();
    expect(() => __shows(false, "true")).toThrow();
  });

  it("in an error", async () => {
    const fail = () => {
      throw new RangeError("eta must be in [0, 1], got 2");
    };
    await __throws(fail, "eta must be in [0, 1], got 2");
    await expect(__throws(fail, "eta must be in [0, 1], got 3")).rejects.toThrow("got 2");
    await expect(__throws(() => 1, "eta")).rejects.toThrow("nothing was thrown");
  });

  it("in a result that cannot be checked", () => {
    expect(withChecks("f(1); // => 2")).toBe('__shows(f(1), "2");');
    expect(withChecks("const a = 1; // => 1")).toBe('const a = 1; __shows(a, "1");');
    expect(() => withChecks("}); // => 2")).toThrow("a statement of one line");
    expect(() => withChecks("// => 2")).toThrow("a statement of one line");
  });
});
